"""Recognise the headers of a CSV file: their fields and their language."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from clientela.csv import csv_secrets
from clientela.csv.csv_columns import COLUMNS
from clientela.csv.csv_dates import DateOrder
from clientela.csv.csv_header_names import ADDRESS, BILLING, CUSTOMER, LANGUAGES, SHIPPING
from clientela.csv.csv_records import RecordShape
from clientela.schema.text import fold_for_search

_ADDRESS_FIELDS = {column.name for column in COLUMNS if column.parent == "billing_address" and column.parse}
_FIELDS_WITH_ADDRESS_WORD = _ADDRESS_FIELDS | {"vat_id", "email"}  # `Shipping Phone`, `Billing Tax ID`
_SHORT_NAME = "short name"  # a name of which other columns say whether it is the full one
_SHORT_NAMES = {"nombre", "nome", "nom", "name"}
_IN_BRACKETS = re.compile(r"\(.*?\)")
_FIRST = re.compile(r"\s+-\s+1\s*$")  # BigCommerce numbers the addresses of a customer
_INNER = re.compile(r"^(address|addresses|person|adresse|direccion|indirizzo|endereco)")
_CONNECTOR = re.compile(r"(dela|del|de|di|da|do|der|para|per|pour|fur|zur)$")


class FileColumns(NamedTuple):
    """The headers as the file spells them, the field of each, and their language.

    A field is one of the customer, such as `email`, or of an address, such as
    `billing_address.city`. It is None if the header is unknown: the column is left out. `secrets`
    are the indexes of the columns that may hold passwords or other secrets. `date_orders` says
    whether 03/02 is in February in a column of dates. `guessed` are the indexes of the columns
    whose header does not name their field by itself.
    """

    headers: tuple[str, ...]
    fields: tuple[str | None, ...]
    language: str
    secrets: frozenset[int] = frozenset()
    date_orders: Mapping[str, DateOrder] = MappingProxyType({})  # by field
    guessed: frozenset[int] = frozenset()

    def header(self, field: str) -> str:
        """Return the file's header of a field; the field itself if the file has no such column."""
        return self.headers[self.fields.index(field)] if field in self.fields else field

    def shape(self, delimiter: str) -> RecordShape:
        """Return the shape of the rows; one column is that of the e-mail."""
        ids = self.fields.index("external_ids") if "external_ids" in self.fields else None
        return RecordShape(delimiter, len(self.headers), self.fields.index("email"), ids)


class _Match(NamedTuple):
    """The field that a header names, and the languages that use this header for it."""

    field: str | None = None
    languages: tuple[str, ...] = ()


def recognise(headers: Sequence[str]) -> FileColumns:
    """Match headers to fields, ignoring case, accents and punctuation."""
    matches = [_match_header(header) for header in headers]
    counts = Counter(language for match in matches for language in match.languages)
    language = max(LANGUAGES, key=lambda candidate: counts[candidate])  # the first of equals: English
    fields = _find_password(_resolve_ambiguous([match.field for match in matches], headers, language), headers)
    secrets = frozenset(
        index
        for index, (field, header) in enumerate(zip(fields, headers, strict=True))
        if field == "password" or (field is None and _is_secret(header))
    )
    guessed = frozenset(
        index
        for index, (field, header) in enumerate(zip(fields, headers, strict=True))
        if field is not None and _match(normalize(header)).field != field
    )
    spelled = tuple(header.strip() for header in headers)
    return FileColumns(spelled, tuple(fields), language, secrets, guessed=guessed)


def remap(columns: FileColumns, mapping: Mapping[str, str | None]) -> FileColumns:
    """Return the columns with the fields that the merchant chose by header; None leaves one out.

    A column of passwords stays secret, whatever becomes of it.
    """
    chosen = {index for index, header in enumerate(columns.headers) if header in mapping}
    fields = tuple(
        mapping[header] if index in chosen else field
        for index, (header, field) in enumerate(zip(columns.headers, columns.fields, strict=True))
    )
    passwords = frozenset(index for index, field in enumerate(fields) if field == "password")
    return columns._replace(
        fields=fields, secrets=columns.secrets | passwords, guessed=columns.guessed.difference(chosen)
    )


def names_passwords(headers: Iterable[str]) -> bool:
    """Return whether a header names a column of passwords, with or without other words."""
    return any(csv_secrets.is_password_header(normalize(header)) for header in headers)


def normalize(header: str) -> str:
    """Return a header without case, accents, blanks and punctuation: `E-mail ` → `email`."""
    return "".join(char for char in fold_for_search(header) if char.isalnum())


def _find_password(fields: list[str | None], headers: Sequence[str]) -> list[str | None]:
    """Take a header with a word for password, as `Contraseña (opcional)`, if no other is known."""
    if "password" in fields:
        return fields
    names = (normalize(header) if field is None else "" for field, header in zip(fields, headers, strict=True))
    index = next((index for index, name in enumerate(names) if csv_secrets.is_password_header(name)), None)
    return [*fields[:index], "password", *fields[index + 1 :]] if index is not None else fields


def _is_secret(header: str) -> bool:
    return csv_secrets.is_secret_header(normalize(header), re.split(r"[\W_]+", fold_for_search(header)))


def _resolve_ambiguous(fields: list[str | None], headers: Sequence[str], language: str) -> list[str | None]:
    """Decide fields that depend on other columns.

    `nombre` alone is the full name, beside `apellidos` the first name; `nom` beside `prénom` is the
    last name. `Nombre completo` is the full name beside any other column.
    """
    replacements: dict[str | None, str | None] = {}
    if "last_name" in fields and "first_name" not in fields and language != "en":
        replacements[_SHORT_NAME] = "first_name"
    if "first_name" in fields and "last_name" not in fields and language in {"fr", "de"}:
        replacements[_SHORT_NAME] = "last_name"
    # A billing e-mail identifies the customer only if the file has no other e-mail.
    replacements["billing_address.email"] = None if "email" in fields else "email"
    shorts = (
        field == "name" and normalize(header) in _SHORT_NAMES for field, header in zip(fields, headers, strict=True)
    )
    return [
        replacements.get(_SHORT_NAME if is_short else field, field)
        for field, is_short in zip(fields, shorts, strict=True)
    ]


def _match_header(header: str) -> _Match:
    """Match a header, if needed without what it says besides: `Newsletter (0/1)`, `Country - 1`."""
    match = _match(normalize(header))
    plain = _FIRST.sub("", _IN_BRACKETS.sub("", header))
    return match if match.field or plain == header else _match(normalize(plain))


def _match(name: str) -> _Match:
    if name in _customer_names():
        return _customer_names()[name]
    if name in _address_names():  # without `billing` or `shipping`: the billing address
        field, languages = _address_names()[name]
        return _Match(f"billing_address.{field}", languages)
    for kind, words in (("billing_address", BILLING), ("shipping_address", SHIPPING)):
        for word in words:
            field, languages = _match_part(_without(name, word))
            if field:
                return _Match(field if field == "vat_id" else f"{kind}.{field}", languages)
    return _Match()


def _without(name: str, word: str) -> str:
    if name.startswith(word):
        return name.removeprefix(word)
    return _CONNECTOR.sub("", name.removesuffix(word)) if name.endswith(word) else ""


def _match_part(rest: str) -> _Match:
    """Match a header whose word for billing or shipping is removed."""
    for name in (rest, _INNER.sub("", rest)):
        if name in _address_names():
            return _address_names()[name]
        match = _customer_names().get(name, _Match())
        if match.field in _FIELDS_WITH_ADDRESS_WORD:
            return match
    return _Match()


@cache
def _customer_names() -> dict[str, _Match]:
    return _by_name(CUSTOMER)


@cache
def _address_names() -> dict[str, _Match]:
    return _by_name(ADDRESS)


def _by_name(fields: Mapping[str, Mapping[str, str]]) -> dict[str, _Match]:
    matches: dict[str, _Match] = {}
    for field, spellings in fields.items():
        for language, names in spellings.items():
            for name in names.split():
                match = matches.get(name, _Match(field))
                matches[name] = match._replace(languages=(*match.languages, language))
    return matches
