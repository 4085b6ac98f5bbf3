"""Mails with sample data: as a preview, and as a test to the merchant."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from clientela import ids
from clientela.mail import mail_queue, mail_words
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.stores.stores import Store
from clientela.table import limit_keys, rate_limits
from clientela.table.rate_limits import Rule

TESTS = Rule(10, 3600)  # test mails of a store in an hour


class PreviewRequest(Model):
    """What to preview."""

    words: dict[str, Any] = {}
    """Changes to the words, as in `changeMail`; they are not stored. Example: {"subject": "Hi"}"""
    variant: Annotated[str, Field(max_length=64)] | None = None
    """The variant of the mail, such as `failed` of `import_result`; null for the first.
    Example: null"""


class MailPreview(Model):
    """A mail as it would be sent."""

    subject: str
    """The subject. Example: Your account at Demo"""
    html: str
    """The HTML, a whole document. Example: <!doctype html><html lang="en"></html>"""
    text: str
    """The text part. Example: Your account is ready"""


class MailTest(Model):
    """A test mail, which is on its way."""

    email: Email
    """The address to which it goes."""
    mail: str
    """The mail. Example: welcome"""
    language: str
    """The language of the mail. Example: es"""


def preview(store: Store, mail: str, language: str, request: PreviewRequest) -> MailPreview:
    """Return a mail with sample data, and with changes to its words that are not stored.

    Raises:
        MailNotFoundError: there is no such mail or language.
        InvalidInputError: the changes are invalid, or the mail has no such variant.

    Cost: 1 read unit.
    """
    from clientela.mail import mail_rendering  # templates would cost 50 ms of each cold start
    from clientela.notifications import mail_samples

    words = mail_words.get(store, mail, language)
    content = mail_samples.content(store, words.mail, request.variant)
    own = mail_words.merged(words, request.words)
    rendered = mail_rendering.render(mail_samples.shop(store), content, language, own)
    return MailPreview(subject=rendered.subject, html=rendered.html, text=rendered.text)


def send_test(store: Store, mail: str, language: str, now: datetime) -> MailTest:
    """Queue a mail with sample data to the store's address for notifications.

    Never to another address: else the words of a mail would reach everybody.

    Raises:
        MailNotFoundError: there is no such mail or language.
        MailTestRefusedError: the store has no address for notifications.
        TooManyRequestsError: the store has sent TESTS.

    Cost: 1 read unit, 1 to 2 write units, 1 call of SQS; those of the mail.
    """
    words = mail_words.get(store, mail, language)
    address = mail_words.test_address(store)
    rate_limits.window(limit_keys.test_mails_of_store(store.id), TESTS, now)
    test_id = ids.new("tst", now)
    mail_queue.put("mail_test", store.id, tested=words.mail, language=words.language, test_id=test_id)
    return MailTest(email=address, mail=words.mail, language=words.language)
