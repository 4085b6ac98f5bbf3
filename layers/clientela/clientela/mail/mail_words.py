"""The merchant's own words of a mail in a language: subject, preheader, heading, intro and so on.

What the merchant leaves out stays ours. Texts have the placeholders of ours, e.g. `{store}`, and
plurals as in `schema/messages`; they are no templates and no HTML. A mail with variants, such as an
import that failed, may have other words for each.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, create_model
from pynamodb.attributes import NumberAttribute

from clientela.errors import (
    FieldError,
    InvalidInputError,
    MailNotFoundError,
    MailTestRefusedError,
    VersionConflictError,
)
from clientela.mail import mail_texts
from clientela.schema import messages
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Lines, Timestamp, Title
from clientela.schema.languages import SUPPORTED, SupportedLanguage
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.stores.timed_cache import TimedCache
from clientela.table import keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

CACHED_SECONDS = 30  # a sender of mails may use old words for this long
MAX_VARIANTS = 10  # no mail has so many


class MailTexts(Model):
    """The texts of a mail that a merchant may change; null for ours.

    Each may have the mail's placeholders, e.g. `{store}`.
    """

    subject: Title | None = None
    """The subject. Example: Your key to {store}"""
    preheader: Title | None = None
    """The line that mailboxes show after the subject. Example: It works for a few minutes."""
    heading: Annotated[Title, Field(max_length=120)] | None = None
    """The heading above the text. Example: Welcome back"""
    intro: Annotated[Lines, Field(max_length=2000)] | None = None
    """The text above the button; it may have several lines. Example: Click the button to come in.
    """
    sign_off: Annotated[Lines, Field(max_length=300)] | None = None
    """The end of the text. Example: Yours, the team of {store}"""
    footer: Annotated[Lines, Field(max_length=1000)] | None = None
    """The text below the mail, in place of the reason for the mail. Example: You asked for this."""


class OwnWords(MailTexts):
    """A merchant's own words of a mail in a language."""

    variants: Annotated[dict[str, MailTexts], Field(max_length=MAX_VARIANTS)] = {}
    """Words of the mail's variants, such as `failed` of `import_result`. Example: {}"""


MailChanges = create_model(
    "MailChanges",
    __base__=Model,
    __doc__="Changes to the words of a mail, as a JSON Merge Patch (RFC 7396); null for ours.",
    **all_optional(OwnWords),
)


class MailWords(OwnWords):
    """The words of a mail in a language: the merchant's own, and ours."""

    mail: str
    """The mail. Example: welcome"""
    language: SupportedLanguage
    """The language."""
    ours: OwnWords
    """Our words, which are sent where the merchant has none."""
    placeholders: list[str]
    """The placeholders that the texts may have. Example: ["name", "store"]"""
    updated_at: Timestamp | None = None
    """When the merchant last changed the words; null for never."""
    version: int = 0
    """The number of the version, as in the ETag; 0 if the merchant has changed nothing.
    Example: 0"""

    @property
    def own(self) -> OwnWords:
        """Return the merchant's words alone."""
        return OwnWords.model_construct(**{name: getattr(self, name) for name in OwnWords.model_fields})


class StoredWords(Model):
    """The words as they are stored."""

    words: OwnWords
    updated_at: Timestamp
    version: int


class MailWordsRecord(Record):
    """`STORE#demo` / `MAIL_WORDS#welcome#es`."""

    AUDITED = True
    version = NumberAttribute()
    stored = DocumentAttribute(StoredWords)


def list_all(store: Store) -> list[MailWords]:
    """Return the words of every mail in every language of the store. 1 read unit per 4 KB."""
    records = MailWordsRecord.list_by_prefix(keys.store(store.id), keys.MAIL_WORDS_PREFIX)
    stored = {record.sk: record.stored for record in records}
    return [
        _with_ours(mail, language, stored.get(keys.mail_words(mail, language)))
        for mail in mail_texts.names()
        for language in store.languages or SUPPORTED
    ]


def get(store: Store, mail: str, language: str) -> MailWords:
    """Return the words of a mail in a language — MailNotFoundError. 1 read unit."""
    known = next((each for each in SUPPORTED if each == language), None)
    if known is None or mail not in mail_texts.names():
        raise MailNotFoundError(Sentence("Mail “{mail}” in “{language}” not found.", mail=mail, language=language))
    record = MailWordsRecord.find(keys.store(store.id), keys.mail_words(mail, known))
    return _with_ours(mail, known, record.stored if record else None)


def own_words(store: Store, mail: str, language: str) -> OwnWords:
    """Return the merchant's words to send, at most CACHED_SECONDS old.

    Cost: 1 read unit if they are not cached.
    """
    name = (store.id, mail, language)
    words = _cache.get(name)
    if words is None:
        record = MailWordsRecord.find(keys.store(store.id), keys.mail_words(mail, language))
        words = record.stored.words if record else OwnWords()
        _cache.put(name, words)
    return words


def chosen(own: OwnWords, mail: str, variant: str) -> dict[str, str]:
    """Return the merchant's texts for a variant of a mail, by their names in the templates.

    A variant with a text of ours takes only a text for this variant: another one may be false.
    """
    of_variant = own.variants.get(variant) or MailTexts()
    ours = mail_texts.variants(mail).get(variant, [])
    texts = {
        name: getattr(of_variant, public) or (None if name in ours else getattr(own, public))
        for name, public in mail_texts.FIELDS.items()
    }
    return {name: text for name, text in texts.items() if text is not None}


def patch(
    store: Store,
    mail: str,
    language: str,
    changes: Any,
    now: datetime,
    version: int | None = None,
    by: Actor = OPERATOR,
) -> MailWords:
    """Apply a JSON Merge Patch (RFC 7396) to the words; nothing is written if it changes nothing.

    Raises:
        MailNotFoundError: there is no such mail or language.
        InvalidInputError: a text has braces that are no placeholder of the mail.
        VersionConflictError: `version` is not the stored one, or the words changed meanwhile.

    Cost: 1 read unit, 4 write units per KB.
    """
    before = get(store, mail, language)
    words = merged(before, changes)
    if words == before.own:
        return before
    stale = VersionConflictError(Sentence("The words of this mail are at version {version}.", version=before.version))
    if version not in (None, before.version):
        raise stale
    after = StoredWords(words=words, updated_at=now, version=before.version + 1)
    record = MailWordsRecord(keys.store(store.id), keys.mail_words(mail, language), version=after.version, stored=after)
    is_unchanged = MailWordsRecord.version == before.version if before.version else MailWordsRecord.pk.does_not_exist()
    with Transaction() as write:
        write.put_record(record, is_unchanged, stale)
        differences = audit_trail.differences(before.own, words)
        audit_trail.add(write, store, by, now, "mail.changed", f"{mail}/{language}", differences)
    _cache.discard((store.id, mail, language))
    return _with_ours(mail, before.language, after)


def test_address(store: Store) -> str:
    """Return the address to which tests of mails go — MailTestRefusedError if there is none."""
    if store.notification_email is None:
        raise MailTestRefusedError(Sentence("Set notification_email first: the test goes there."))
    return store.notification_email


def merged(before: MailWords, changes: Any) -> OwnWords:
    """Return the merchant's words with a patch applied; nothing is stored — InvalidInputError."""
    words = apply_patch(OwnWords, before, changes)
    words = words.model_copy(
        update={"variants": {name: each for name, each in words.variants.items() if _has_any(each)}}
    )
    problems = list(_problems(before, words))
    if problems:
        raise InvalidInputError(fields=problems)
    return words


def _problems(mail: MailWords, words: OwnWords) -> Iterator[FieldError]:
    yield from _text_problems(mail, words, mail.ours, "")
    for name, texts in words.variants.items():
        if name not in mail.ours.variants:
            yield FieldError(f"/variants/{name}", unknown_variant(mail.ours.variants))
        else:
            yield from _text_problems(mail, texts, None, f"/variants/{name}")


def _text_problems(mail: MailWords, texts: MailTexts, ours: MailTexts | None, place: str) -> Iterator[FieldError]:
    """Yield what is wrong with texts; with `ours`, also the texts that only variants have."""
    for name in MailTexts.model_fields:
        text = getattr(texts, name)
        if text is None:
            continue
        if ours and name in _REQUIRED and getattr(ours, name) is None:
            known = ", ".join(mail.ours.variants)
            yield FieldError(
                f"{place}/{name}", Sentence("This mail has this text in its variants: {known}.", known=known)
            )
        elif not messages.is_well_formed(text) or not messages.placeholders(text) <= set(mail.placeholders):
            known = ", ".join(f"{{{each}}}" for each in mail.placeholders)
            yield FieldError(f"{place}/{name}", Sentence("Use braces only for placeholders: {known}.", known=known))


def unknown_variant(known: Iterable[str]) -> str:
    """Return what is wrong with a variant that is none of the mail's."""
    return Sentence("Unknown variant. This mail has: {known}.", known=", ".join(known) or "none")


def _has_any(texts: MailTexts) -> bool:
    return any(getattr(texts, name) is not None for name in MailTexts.model_fields)


def _with_ours(mail: str, language: SupportedLanguage, stored: StoredWords | None) -> MailWords:
    own = stored.words if stored else OwnWords()
    return MailWords.model_construct(
        **{name: getattr(own, name) for name in OwnWords.model_fields},
        mail=mail,
        language=language,
        ours=OwnWords.model_validate(mail_texts.ours(mail, language)),
        placeholders=mail_texts.placeholders(mail),
        updated_at=stored.updated_at if stored else None,
        version=stored.version if stored else 0,
    )


_REQUIRED = ("subject", "preheader", "heading", "intro", "footer")
_cache = TimedCache[tuple[str, str, str], OwnWords](CACHED_SECONDS)
