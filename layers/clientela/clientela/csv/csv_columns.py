"""The columns of a CSV file: which field of a customer each header names, and in which language."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from clientela.csv.csv_header_names import ADDRESS, BILLING, CUSTOMER, LANGUAGES, SHIPPING
from clientela.schema.text import fold_for_search

# Which fields of CUSTOMER may stand in an address, as in `Shipping Phone`.
_ADDRESS_TOO = ("name", "first_name", "last_name", "company", "phone")
_INNER = re.compile(r"^(address|addresses|person|adresse|direccion|indirizzo|endereco)")
_CONNECTOR = re.compile(r"(dela|del|de|di|da|do|der|para|per|pour|fur|zur)$")


class Columns(NamedTuple):
    """The headers as the file writes them, the field of each (None: not known, left out), and their language.

    A field is a customer's, such as `email`, or `billing_address.city`, `shipping_address.city`.
    """

    headers: tuple[str, ...]
    fields: tuple[str | None, ...]
    language: str

    def header(self, field: str) -> str:
        """What the file calls a field; the field itself where no column has it."""
        return self.headers[self.fields.index(field)] if field in self.fields else field


def columns(headers: Sequence[str]) -> Columns:
    """Recognise headers without regard to case, accents and punctuation."""
    named = [_known(normal(header)) for header in headers]
    languages = Counter(language for _, found in named for language in found)
    language = max(LANGUAGES, key=lambda candidate: languages[candidate])  # the first of equals: English
    fields = _unambiguous([field for field, _ in named], language)
    return Columns(tuple(header.strip() for header in headers), tuple(fields), language)


def normal(header: str) -> str:
    """A header without case, accents, blanks and punctuation: `E-mail ` → `email`."""
    return "".join(char for char in fold_for_search(header) if char.isalnum())


def _unambiguous(fields: list[str | None], language: str) -> list[str | None]:
    """`nombre` alone is the whole name, beside `apellidos` the first one; `nom` beside `prénom` is the last one."""
    swaps: dict[str | None, str | None] = {}
    if "last_name" in fields and "first_name" not in fields and language != "en":
        swaps["name"] = "first_name"
    if "first_name" in fields and "last_name" not in fields and language in {"fr", "de"}:
        swaps["name"] = "last_name"
    # A billing e-mail identifies the customer only where the file has no other.
    swaps["billing_address.email"] = None if "email" in fields else "email"
    return [swaps.get(field, field) for field in fields]


def _known(name: str) -> tuple[str | None, tuple[str, ...]]:
    """The field of a normal name, and the languages in which it is called so."""
    if name in _customer_names():
        return _customer_names()[name]
    if name in _address_names():  # an address without a word on its use is the billing address
        field, languages = _address_names()[name]
        return f"billing_address.{field}", languages
    for kind, words in (("billing_address", BILLING), ("shipping_address", SHIPPING)):
        for word in words:
            part, languages = _part(_without(name, word))
            if part:
                return (part if part == "vat_id" else f"{kind}.{part}"), languages
    return None, ()


def _without(name: str, word: str) -> str:
    if name.startswith(word):
        return name.removeprefix(word)
    return _CONNECTOR.sub("", name.removesuffix(word)) if name.endswith(word) else ""


def _part(rest: str) -> tuple[str | None, tuple[str, ...]]:
    for name in (rest, _INNER.sub("", rest)):
        if name in _address_names():
            return _address_names()[name]
        field, languages = _customer_names().get(name, (None, ()))
        if field in (*_ADDRESS_TOO, "vat_id", "email"):
            return field, languages
    return None, ()


@cache
def _customer_names() -> dict[str, tuple[str, tuple[str, ...]]]:
    return _by_name(CUSTOMER)


@cache
def _address_names() -> dict[str, tuple[str, tuple[str, ...]]]:
    return _by_name(ADDRESS)


def _by_name(fields: dict[str, dict[str, str]]) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for field, spellings in fields.items():
        for language, names in spellings.items():
            for name in names.split():
                _, languages = found.get(name, (field, ()))
                found[name] = (found.get(name, (field, ()))[0], (*languages, language))
    return found
