"""The mails that the local cloud would have sent, as data."""

import html
import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import format_datetime
from typing import Any, NamedTuple

_IN_HTML = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["'](https?://[^"']+)["']""", re.IGNORECASE)
_IN_TEXT = re.compile(r"https?://[^\s<>\"']+")
_SENTENCE_END = ".,;:!?)]"


class Mail(NamedTuple):
    """A sent mail, with the names in it decoded. `sent_at` is RFC 3339 in UTC."""

    id: str
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str
    sent_at: str
    headers: list[tuple[str, str]] = []

    def links(self) -> list[str]:
        """Return the links of the mail without duplicates, those in the text first."""
        in_text = (link.rstrip(_SENTENCE_END) for link in _IN_TEXT.findall(self.text))
        in_html = (html.unescape(link) for link in _IN_HTML.findall(self.html))
        return list(dict.fromkeys([*in_text, *in_html]))

    def document(self) -> dict[str, Any]:
        """Return the mail as messages.json contains it."""
        fields = self._asdict()
        sender = fields.pop("sender")
        return {**fields, "from": sender, "links": self.links()}

    def matches(self, words: str) -> bool:
        """Return whether every word is in the subject, the text, a name or an address."""
        everything = " ".join([self.subject, self.text, self.sender, *self.to]).casefold()
        return all(word in everything for word in words.casefold().split())


def sign_in_link(mail: Mail) -> str | None:
    """Return the link with a token, or None.

    Tokens are in the fragment, so that no server logs them.
    """
    return next((link for link in mail.links() if "#" in link), None)


def fetch(endpoint: str) -> list[Mail]:
    """Return all mails since the local cloud at `endpoint` started, newest first."""
    with urllib.request.urlopen(f"{endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
        return parse(json.load(answer))


def parse(listing: dict[str, Any]) -> list[Mail]:
    """Return the mails in MiniStack's listing, newest first."""
    return list(reversed(list(_mails(listing))))


def _mails(listing: dict[str, Any]) -> Iterator[Mail]:
    records = [record for account in listing["messages"].values() for record in account]
    for record in sorted(records, key=lambda record: float(record["Timestamp"])):
        sent_at = datetime.fromtimestamp(float(record["Timestamp"]), UTC).isoformat(timespec="milliseconds")
        body = (record["Subject"] or "", record["BodyText"] or "", record["BodyHtml"] or "")
        to, sender = [_decoded(address) for address in record["To"]], _decoded(record["Source"])
        yield Mail(record["MessageId"], to, sender, *body, sent_at, _headers(record))


def _headers(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers as SES sends them: those of the sender, and its own."""
    at = datetime.fromtimestamp(float(record["Timestamp"]), UTC)
    own = [(header["Name"], header["Value"]) for header in record.get("Headers", [])]
    return [
        ("Message-ID", f"<{record['MessageId']}>"),
        ("Date", format_datetime(at)),
        ("From", record["Source"]),
        ("To", ", ".join(record["To"])),
        ("Subject", record["Subject"] or ""),
        *own,
    ]


def _decoded(text: str) -> str:
    """Return an address with its name as people read it: `=?utf-8?q?Caf=C3=A9?=` → `Café`."""
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text
