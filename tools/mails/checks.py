"""Checks of mails that need no browser: their HTML, texts, links, size and headers.

Rules: WCAG 2.2, the HTML standard but for the presentational attributes that mail clients need, and
Gmail's limit of 102 kB: https://developers.google.com/workspace/gmail/design/css
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outgoing
from clientela.mail.mail_rendering import MailContent, RenderedMail
from clientela.stores.stores import Store

MAX_BYTES = 102_000
MIN_PART = 12  # characters of a text that is looked for: shorter ones are in other words, too
ALLOWED: dict[str, str] = {
    "html": "lang dir", "head": "", "meta": "charset name content", "title": "", "style": "", "body": "class style",
    "div": "role aria-roledescription aria-label aria-hidden lang dir style class",
    "table": "role class width cellpadding cellspacing border style", "tr": "",
    "td": "class align valign width height bgcolor style", "th": "class scope align valign style",
    "h1": "class style", "h2": "class style", "p": "class style", "a": "class href style",
    "img": "class src alt width style", "span": "class style", "strong": "", "code": "style", "br": "",
    "ul": "class style", "li": "class style",
}  # fmt: skip
VOID = {"meta", "img", "br"}
# What an element may stand in; all others may stand in any block.
PARENTS = {
    "head": {"html"}, "body": {"html"}, "meta": {"head"}, "title": {"head"}, "style": {"head"}, "tr": {"table"},
    "td": {"tr"}, "th": {"tr"}, "li": {"ul"},
}  # fmt: skip
INLINE = {"a", "span", "strong", "code", "br", "img"}
HOLDS_INLINE = {"p", "h1", "h2", "a", "span", "strong", "code"}
VAGUE = re.compile(
    r"(click )?here|more|link|aquí|más|qui|altro|ici|plus|hier|mehr|aqui|mais", re.IGNORECASE
)  # texts of links that say nothing out of their context
_TRACKING = re.compile(r"[?&](utm_\w+|fbclid|gclid|mc_[ce]id|_hs\w+)=", re.IGNORECASE)


class Document(HTMLParser):
    """A mail's HTML, as it is read: elements, links, what is spoken, and faults of the markup."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.links: list[tuple[str, str]] = []  # address and text
        self.spoken = ""
        self.faults: list[str] = []
        self._open: list[tuple[str, bool]] = []  # elements, and whether what they hold is spoken
        self.feed(source)
        self.faults += [f"<{tag}> is not closed" for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read the start of an element."""
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self.faults += self._faults_of(tag, [name for name, _ in attrs])
        if tag == "a":
            self.links.append((attributes.get("href", ""), ""))
        if tag == "img":
            self.spoken += attributes.get("alt", "")
        if tag not in INLINE:
            self.spoken += "\n"
        if tag not in VOID:
            is_spoken = not self._open or self._open[-1][1]
            is_hidden = attributes.get("aria-hidden") == "true" or tag in ("style", "title")
            self._open.append((tag, is_spoken and not is_hidden))

    def handle_endtag(self, tag: str) -> None:
        """Read the end of an element."""
        if not self._open or self._open[-1][0] != tag:
            self.faults.append(f"</{tag}> ends {self._open[-1][0] if self._open else 'nothing'}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Read a text."""
        tags = [tag for tag, _ in self._open]
        if data.strip() and tags and tags[-1] in ("table", "tr", "html", "head", "ul"):
            self.faults.append(f"text in <{tags[-1]}>")
        if self._open and self._open[-1][1]:
            self.spoken += " ".join(data.split(" "))
        if "a" in tags:
            address, text = self.links[-1]
            self.links[-1] = (address, text + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def _faults_of(self, tag: str, names: list[str]) -> Iterator[str]:
        parent = self._open[-1][0] if self._open else ""
        if tag not in ALLOWED:
            yield f"<{tag}> is not an element of mails"
        elif unknown := set(names) - set(ALLOWED[tag].split()):
            yield f"<{tag}> has {', '.join(sorted(unknown))}"
        if len(names) != len(set(names)):
            yield f"<{tag}> has an attribute twice"
        if tag in PARENTS and parent not in PARENTS[tag]:
            yield f"<{tag}> in <{parent}>"
        if tag not in INLINE and parent in HOLDS_INLINE:
            yield f"<{tag}> in <{parent}>"
        if parent in ("table", "tr", "ul") and tag not in PARENTS:
            yield f"<{tag}> in <{parent}>"


def issues(store: Store, mail: MailContent, letter: RenderedMail, language: str) -> list[str]:
    """Return what is wrong with a mail, but for what only a browser sees."""
    document = Document(letter.html)
    return [
        *document.faults,
        *_frame(document, letter, language),
        *_structure(document, letter, store),
        *_links(document, letter, store),
        *_order(document, letter),
        *_headers(store, mail, language),
    ]


def _frame(document: Document, letter: RenderedMail, language: str) -> Iterator[str]:
    if not letter.html.startswith("<!doctype html>"):
        yield "no doctype"
    if document.all("html") != [{"lang": language, "dir": "ltr"}]:
        yield "html has another language or direction"
    articles = [each for each in document.all("div") if each.get("role") == "article"]
    if [(each.get("aria-label"), each.get("lang"), each.get("dir")) for each in articles] != [
        (letter.subject, language, "ltr")
    ]:
        yield "the article is not named by the subject, or lacks its language or direction"
    if len(letter.html.encode()) >= MAX_BYTES:
        yield "102 kB or more"
    if re.search("[{}]", letter.subject + letter.text) or not letter.subject or "None" in letter.text:
        yield "a placeholder is left"


def _structure(document: Document, letter: RenderedMail, store: Store) -> Iterator[str]:
    if len(document.all("h1")) != 1:
        yield "not one h1"
    for table in document.all("table"):
        # A table without the role holds data: its rows have headers.
        if table.get("role", "presentation") != "presentation":
            yield "a table has another role"
    if document.all("th") and any(each.get("scope") != "row" for each in document.all("th")):
        yield "a header of a table names no row"
    images = document.all("img")
    if [each.get("src") for each in images] != ([store.branding.logo_url] if store.branding.logo_url else []):
        yield "another image than the logo"
    if any(not each.get("alt", "").strip() for each in images):
        yield "an image without a text"
    if re.search(r"url\(|@import|src\s*:", letter.html):
        yield "the styles load something"


def _links(document: Document, letter: RenderedMail, store: Store) -> Iterator[str]:
    in_text = set(re.findall(r"https?://\S+", letter.text))
    in_html = {address for address, _ in document.links if address.startswith("http")}
    if not in_html <= in_text:
        yield f"not in the text part: {', '.join(sorted(in_html - in_text))}"
    for address, text in document.links:
        if not address.startswith(("https://", "mailto:", "tel:")):
            yield f"a link to {address}"
        if not text.strip() or VAGUE.fullmatch(text.strip()):
            yield f"a link that does not say what it does: {text.strip()}"
        if _TRACKING.search(address):
            yield f"a link that tracks: {address}"


def _order(document: Document, letter: RenderedMail) -> Iterator[str]:
    """Compare the order of what is spoken with the text part: sentence by sentence."""
    spoken, position = " ".join(document.spoken.split()), 0
    lines = (" ".join(line.removeprefix("- ").split()) for line in letter.text.splitlines() if "http" not in line)
    # A row of a table is one line of the text, and two cells of the HTML.
    for part in (part for line in lines for part in re.split(r" ?: | · ", line) if len(part) >= MIN_PART):
        found = spoken.find(part)
        if found < 0:
            yield f"only in the text part: {part}"
        elif found < position and spoken.find(part, position) < 0:
            yield f"in another order than in the text part: {part}"
        else:
            position = max(position, found)


def _headers(store: Store, mail: MailContent, language: str) -> Iterator[str]:
    request: dict[str, Any] = mail_delivery.build_request(store, Outgoing("ana@example.com", language, mail))
    headers = {each["Name"]: each["Value"] for each in request["Content"]["Simple"]["Headers"]}
    if headers.get("Auto-Submitted") != "auto-generated" or headers.get("X-Auto-Response-Suppress") != "All":
        yield "automatic responders would answer"
    if any(name.lower().startswith("list-unsubscribe") for name in headers):
        yield "List-Unsubscribe, which is for marketing only"
    if "Message-ID" in headers or "Date" in headers:
        yield "a Message-ID or Date of our own, which SES replaces"  # it gives each mail its own
    if "\n" in request["Content"]["Simple"]["Subject"]["Data"] or len(request["FromEmailAddress"]) > 320:
        yield "a subject or sender that is no header"
