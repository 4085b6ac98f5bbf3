"""A customer's addresses, and the rules of the address book."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import StrictBool, StringConstraints, ValidationInfo, field_validator

from clientela.schema import phones
from clientela.schema.countries import Country
from clientela.schema.documents import STORED, InputContext, Model, on_input
from clientela.schema.fields import Line, Name, Phone, refuse_nul
from clientela.schema.text import fold_for_search
from clientela.signing import sha256_hex

MAX_ADDRESSES = 50


class Address(Model):
    """A postal address.

    `phone` may be written in any usual way: it is read with the country of the address, else that
    of the store, and stored in E.164.
    """

    id: Name | None = None
    """The id of the address in its owner's book; made from its content if it has none. Example:
    adr_2f6c1d9e8b7a4053"""
    name: Line | None = None
    """The name of the recipient. Example: Ana Pérez"""
    company: Line | None = None
    """The company of the recipient. Example: Pérez e Hijos, S.L."""
    street: Line | None = None
    """Street and house number. Example: Calle Mayor 12"""
    street2: Line | None = None
    """A further line, such as floor and door. Example: 3.º B"""
    city: Line | None = None
    """The city or town. Example: Madrid"""
    postal_code: Annotated[str, StringConstraints(max_length=20), on_input(refuse_nul)] | None = None
    """The postal code. Example: 28013"""
    region: Line | None = None
    """The state, province or region. Example: Madrid"""
    country: Country | None = None
    """The country: its ISO 3166-1 alpha-2 code, or in requests its name in six languages."""
    phone: Phone | None = None
    """The recipient's phone, stored in E.164."""

    @field_validator("phone")
    @classmethod
    def _phone_in_e164(cls, phone: str | None, info: ValidationInfo) -> str | None:
        return to_e164(phone, info, info.data.get("country"))


class ShippingAddress(Address):
    """One address of the customer's address book."""

    is_default: StrictBool = False
    """Whether this is the address that checkout suggests. One of a book is."""


def to_e164(phone: str | None, info: ValidationInfo, *countries: str | None) -> str | None:
    """Return a phone in E.164, read with the first country that is set, else with the store's.

    Stored phones are returned unchanged.

    Raises:
        ValueError: the phone is not a number of that country.
    """
    if not phone or info.context == STORED:
        return phone
    return phones.to_e164(phone, country_of_input(info, *countries))


def country_of_input(info: ValidationInfo, *countries: str | None) -> str | None:
    """Return the first country that is set, else that of the store, else None."""
    store_country = info.context.country if isinstance(info.context, InputContext) else None
    return next(filter(None, countries), store_country)


def complete_book(book: list[ShippingAddress]) -> list[ShippingAddress]:
    """Give each address of a book an id, and the book a default address.

    Raises:
        ValueError: two addresses have the same content or the same id, or two are the default.
    """
    used_ids = {address.id for address in book}
    for address in book:
        address.id = address.id or new_id(address, used_ids)
    if len({address_content(address) for address in book}) < len(book):
        raise ValueError("Two of the addresses are the same.")
    if len({address.id for address in book}) < len(book):
        raise ValueError("Two of the addresses have the same id.")
    defaults = [address for address in book if address.is_default]
    if len(defaults) > 1:
        raise ValueError("Only one address can be the default.")
    if book and not defaults:
        book[0].is_default = True
    return book


def default_address[A: ShippingAddress | dict[str, Any]](book: Sequence[A]) -> A | None:
    """Return the default address of a book, else its first, or None for an empty book.

    Addresses are models, or their JSON as dicts.
    """
    return next(filter(_is_default, book), book[0] if book else None)


def _is_default(address: ShippingAddress | dict[str, Any]) -> bool:
    return bool(address.get("is_default")) if isinstance(address, dict) else address.is_default


def address_content(address: Address) -> str:
    """Return the address as text that ignores case and spacing, without its id and default flag."""
    return fold_for_search(address.model_dump_json(exclude={"id", "is_default"}))


def new_id(address: ShippingAddress, used_ids: set[str | None]) -> str:
    """Return an id derived from the content, so that the same book sent twice gets the same ids."""
    seed = address_content(address)
    while (found := "adr_" + sha256_hex(seed)[:16]) in used_ids:  # an address with other content has it
        seed += "+"
    return found
