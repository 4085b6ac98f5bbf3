"""E-mail addresses: a canonical spelling for uniqueness, the typed spelling for display."""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from clientela.schema.documents import on_input

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

# At the ends of a pasted address: white space, and marks without width.
_AT_ENDS = " \t\n\v\f\r\x85\xa0\u034f\u180b\u180c\u180d\u180e\u3000" + "".join(
    map(chr, (*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070), *range(0xFE00, 0xFE10)))
)
_NAMED = re.compile(r"[^<>]*<([^<>]*)>\s*")
_JOINERS = "\u200c\u200d"  # inside a domain they can make another one, so they are not left out there
# Marks without width that are no format characters: fillers, variation selectors and a joiner.
_WITHOUT_WIDTH = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Local parts and domains of the usual characters. Dots may stand anywhere: Japanese carriers gave
# out addresses such as ana..perez.@docomo.ne.jp.
_USUAL = re.compile(r"(\.*[A-Za-z0-9_+-][A-Za-z0-9_+.-]*)@([A-Za-z0-9.-]+)")
_USUAL_LOCAL_PART = re.compile(r"(\.*[A-Za-z0-9_+-][A-Za-z0-9_+.-]*)@([^@]+)")
_QUOTED_DOTS = re.compile(r'"([A-Za-z0-9_+.-]+)"@([^"@]+)')  # as `for_envelope` writes them
_USUAL_LENGTH = 200  # below RFC 5321's 254, also if the domain has names in Unicode
_MAX_LOCAL_PART = 64  # RFC 5321


def display(text: str) -> str:
    """Return the address as typed, with its domain in lower case and in Unicode.

    Characters that nobody sees are left out.

    Raises:
        ValueError: the text is not exactly one e-mail address.
    """
    return _parse(text).display


def without_name(text: Any) -> Any:
    """Return the address of `Ana Pérez <ana@example.com>`; anything else as it is."""
    named = _NAMED.fullmatch(text) if isinstance(text, str) else None
    return named[1] if named else text


def canonical(text: str) -> str:
    """Return the spelling that is unique in a store: lower case, domain in punycode. Idempotent.

    `Ana@BÜCHER.example` and `ana@xn--bcher-kva.example` are one account. Dots and `+tags` are kept,
    because only the mail host knows whether they matter.
    """
    return _parse(text).canonical


def is_mailable(canonical_address: str) -> bool:
    """Return whether SES can send to the address.

    SES does not support SMTPUTF8, so the local part must be ASCII.
    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html
    """
    return canonical_address.isascii()


def for_envelope(address: str) -> str:
    """Return the address for mail servers: the local part as stored, the domain in punycode.

    A local part with misplaced dots is quoted, because RFC 5321 allows them only there.
    """
    local_part, domain = address.rpartition("@")[0], canonical(address).rpartition("@")[2]
    return f"{local_part if all(local_part.split('.')) else f'"{local_part}"'}@{domain}"


class _Address(NamedTuple):
    """Both spellings of an address."""

    display: str
    canonical: str


@lru_cache(maxsize=4096)  # an import parses each address four times, after those of its whole chunk
def _parse(text: str) -> _Address:
    """Parse an address: the usual local parts by a pattern, which takes a twentieth of the time."""
    quoted = _QUOTED_DOTS.fullmatch(text)
    unquoted = "@".join(quoted.groups()) if quoted else text
    usual = _USUAL.fullmatch(unquoted)
    if usual is None:
        visible = _visible(text)
        if visible != text:
            return _parse(visible)
        usual = _USUAL_LOCAL_PART.fullmatch(unquoted)
    if usual and usual.end(1) <= _MAX_LOCAL_PART and len(text) <= _USUAL_LENGTH:
        local_part, domain = usual.groups()
        unicode_domain, ascii_domain = _domain(domain)
        return _Address(f"{local_part}@{unicode_domain}", f"{local_part}@{ascii_domain}".lower())
    parsed = _validate(text)
    return _Address(parsed.normalized, f"{parsed.local_part.lower()}@{parsed.ascii_domain.lower()}")


@lru_cache(maxsize=4096)  # most customers of a store have an address of one of few providers
def _domain(domain: str) -> tuple[str, str]:
    """Return a domain in Unicode and in ASCII."""
    parsed = _validate(f"a@{domain}")
    return parsed.domain, parsed.ascii_domain


def _validate(text: str) -> "ValidatedEmail":
    # Here, because calls that read no new address need none of its many patterns.
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise ValueError("Use an e-mail address such as ana@example.com.") from None


def _visible(text: str) -> str:
    """Return the address without white space at its ends and without marks that have no width."""
    return "".join(mark for mark in text if mark in _JOINERS or not _has_no_width(mark)).strip(_AT_ENDS)


def _has_no_width(mark: str) -> bool:
    return mark in _WITHOUT_WIDTH or unicodedata.category(mark) == "Cf"


Email = Annotated[str, Field(max_length=320, examples=["ana@example.com"]), on_input(display)]
