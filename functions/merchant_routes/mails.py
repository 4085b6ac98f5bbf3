"""/mails: the words of the store's mails, previews of them, and tests to the merchant."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import SkipValidation

from clientela import clock
from clientela.errors import MailNotFoundError, MailTestRefusedError, VersionConflictError
from clientela.mail import mail_words
from clientela.mail.mail_words import MailChanges, MailWords
from clientela.notifications import mail_previews
from clientela.notifications.mail_previews import MailPreview, MailTest, PreviewRequest
from clientela.web import http_requests, responses
from clientela.web.http_requests import IfMatch
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/mails"
ONE = f"{BASE}/<mail>/<language>"
Mail = Annotated[str, Path(max_length=64, description="The mail.", examples=["welcome"])]
MailLanguage = Annotated[str, Path(max_length=64, description="The language of the mail.", examples=["es"])]


@router.get(BASE, **route("listMails", "settings:read", Listing[MailWords]))
def list_mails() -> Response[Any]:
    """List the words of every mail in every language of the store, in one page."""
    mails = mail_words.list_all(router.context["store"])
    return responses.listing(router.current_event, mails, None, max(len(mails), 1))


@router.get(ONE, **route("getMail", "settings:read", MailWords, raises=[MailNotFoundError], headers=["ETag"]))
def get_mail(mail: Mail, language: MailLanguage) -> Response[Any]:
    """Get the words of a mail in a language: the merchant's own, and ours."""
    words = mail_words.get(router.context["store"], mail, language)
    return responses.json(words, headers=responses.etag(words.version))


@router.patch(
    ONE,
    **route(
        "changeMail",
        "settings:write",
        MailWords,
        raises=[MailNotFoundError, VersionConflictError],
        headers=["ETag"],
    ),
)
def change_mail(
    mail: Mail,
    language: MailLanguage,
    changes: Annotated[SkipValidation[MailChanges], Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change the words of a mail by JSON Merge Patch (RFC 7396); null returns to ours.

    Mails have the new words within 30 seconds. `If-Match` prevents lost updates.
    """
    store, version = router.context["store"], http_requests.expected_version(if_match)
    words = mail_words.patch(store, mail, language, changes, clock.now(), version, access.actor(router))
    return responses.json(words, headers=responses.etag(words.version))


@router.post(f"{ONE}/preview", **route("previewMail", "settings:read", MailPreview, raises=[MailNotFoundError]))
def preview_mail(mail: Mail, language: MailLanguage, request: Annotated[PreviewRequest, Body()]) -> Response[Any]:
    """Show a mail as it would be sent, with sample data and with changes that are not stored."""
    return responses.json(mail_previews.preview(router.context["store"], mail, language, request))


@router.post(
    f"{ONE}/test",
    **route("testMail", "settings:write", MailTest, 202, raises=[MailNotFoundError, MailTestRefusedError]),
)
def send_test_mail(mail: Mail, language: MailLanguage) -> Response[Any]:
    """Send a mail with sample data to the store's `notification_email`.

    At most ten an hour. 409 if the store has no such address.
    """
    return responses.json(mail_previews.send_test(router.context["store"], mail, language, clock.now()), 202)
