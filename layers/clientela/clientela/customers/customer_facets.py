"""What the directory knows of a customer: sort keys, facets for filters, words for the search.

All are computed from the stored JSON of a customer, so that a filter gives the same result inside
DynamoDB, on the index entries, and in this process, on a customer that was read.

Facets that are compared for equality or membership are one text, `|sa|Tvip|`: an active customer
with a tag. The first letter is the facet's name. A FilterExpression finds a facet with `contains`.
The text is exact: each facet is delimited on both sides, and a delimiter inside a value is escaped.
So a new facet needs no new attribute: DynamoDB projects at most 100 into all indexes of a table.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from clientela.customers import tax_exemptions
from clientela.customers.addresses import default_address
from clientela.customers.stored_customers import CustomerJson
from clientela.schema import email_addresses
from clientela.schema.text import fold_for_search
from clientela.signing import sha256_hex

# Each part of the search text follows a control character of its own, which a query cannot contain.
# So the filter of one field searches for "character + beginning", and no match spans two parts.
NAME, EMAIL, COMPANY, PHONE = "\x01", "\x02", "\x03", "\x04"

# Names and frequent values of facets, short because six index entries repeat them.
_LETTERS = {
    "status": "s",
    "type": "t",
    "source": "o",
    "email_status": "e",
    "accepts_marketing": "m",
    "language": "l",
    "vat_id": "v",
    "country": "c",
    "region": "r",
    "city": "y",
    "postal_code": "p",
    "group": "g",
    "tag": "T",
    "custom_field": "f",
    "external_id": "x",
}
_SHORT_VALUES = {
    "status": {"active": "a", "pending": "p", "disabled": "d"},
    "type": {"guest": "g", "registered": "r"},
    "source": {"merchant": "m", "import": "i", "order": "o", "sign_in": "s"},
    "email_status": {"unproven": "u", "proven": "p", "bounced": "b", "complained": "c"},
}

_MAX_TEXT = 200  # characters of a sort key or of a part of the search text
_UNITS = 10_000  # of an amount in a sort key: four decimals, the most that a currency has
_NAME_AND_VALUE = re.compile(r"((?:\\[\\=]|[^=])++)=(.*)", re.DOTALL)


def sort_keys(customer: CustomerJson, currency: str) -> dict[str, str]:
    """Return the keys by which the indexes sort a customer; without orders it has three.

    Each ends in the customer's id: so it is unique, and equal values are in order of creation.
    `spent_key` is the total in `currency`, the store's. Customers whose orders do not count, yet,
    are in no order by number or amount.
    """
    keys = {
        "created_key": customer["created_at"],
        # The tab sorts before every character of a folded name, so `ana` comes before `ana maria`.
        "name_key": fold_for_search(customer.get("name") or customer["email"])[:_MAX_TEXT] + "\t",
        "email_key": email_addresses.canonical(customer["email"]),
    }
    if customer.get("orders_count"):
        keys["spent_key"] = amount_key(spent_in(customer, currency))
        keys["orders_key"] = number_key(customer["orders_count"])
    if customer.get("last_order_at"):
        keys["last_order_key"] = customer["last_order_at"]
    return {name: f"{value}#{customer['id']}" for name, value in keys.items()}


def number_key(number: int) -> str:
    """Return a text that sorts as the number does: its length as a letter, and its digits.

    A negative number, which only a filter has, sorts before all others.
    """
    digits = str(number) if number >= 0 else ""
    return f"{chr(ord('a') + len(digits))}{digits}"


def amount_key(amount: Decimal) -> str:
    """Return a text that sorts as the amount does."""
    return number_key(int(amount * _UNITS))


def spent_in(customer: CustomerJson, currency: str) -> Decimal:
    """Return the total of the customer's counted orders in this currency."""
    spent = (spend["amount"] for spend in customer.get("total_spent", []) if spend["currency"] == currency)
    return Decimal(next(spent, 0))


def facets(customer: CustomerJson) -> str:
    """Return the facets of a customer as one text."""
    return "".join([*(facet_beginning(name, value) for name, value in _facets(customer)), "|"])


def facet(name: str, value: str) -> str:
    """Return one facet as it stands in the text of all: `|Tvip|`."""
    return f"{facet_beginning(name, value)}|"


def facet_beginning(name: str, value: str) -> str:
    """Return the beginning of every facet whose value starts with `value`: `|p280`."""
    if name in _SHORT_VALUES:
        return f"|{_LETTERS[name]}{_SHORT_VALUES[name][value]}"
    escaped = value.replace("\\", "\\\\").replace("|", "\\p")
    return f"|{_LETTERS[name]}{escaped}"


def flag(value: object) -> str:
    """Return a truth value as a facet has it."""
    return "1" if value else "0"


def custom_field(name: str, value: Any) -> str:
    """Return a custom field as a facet has it: a hash, because its text may be long.

    Text is compared without case and accents, numbers and truth values as text. A whole number is
    the same with and without decimals.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return sha256_hex(f"{name}\0{fold_for_search(str(value))}")[:20]


def name_and_value(text: str) -> tuple[str, str]:
    r"""Return the name and the value of `size=XL`; in a name, `=` is written `\=`, and `\` `\\`."""
    found = _NAME_AND_VALUE.fullmatch(text)
    return (re.sub(r"\\([\\=])", r"\1", found[1]).strip(), found[2]) if found else ("", "")


def external_id(system: str, id_: str) -> str:
    """Return an id of another system as a facet has it: a hash, because it may be long."""
    return sha256_hex(f"{system}\0{id_}")[:20]


def exempt_until(customer: CustomerJson) -> str | None:
    """Return the last day of the tax exemption, NEVER without an end, None without exemption."""
    if not customer.get("tax_exempt"):
        return None
    last_day = (customer.get("tax_exemption") or {}).get("expires_on")
    return last_day or tax_exemptions.NEVER.isoformat()


def is_exempt(customer: CustomerJson) -> bool:
    """Return whether the customer is exempt from tax today."""
    last_day = exempt_until(customer)
    return last_day is not None and not tax_exemptions.is_over(last_day)


def search_text(customer: CustomerJson) -> str:
    """Return the text of the keyword search: names, e-mail, company and phone, folded."""
    address = primary_address(customer)
    name = customer.get("name") or ""
    more_names = [part for part in (customer.get("first_name"), customer.get("last_name")) if part and part not in name]
    parts = (
        (NAME, " ".join([name, *more_names])),
        (EMAIL, customer["email"]),
        (COMPANY, customer.get("company") or address.get("company")),
        (PHONE, customer.get("phone") or address.get("phone")),
    )
    return "".join(mark + fold_for_search(text)[:_MAX_TEXT] for mark, text in parts if text)


def primary_address(customer: CustomerJson) -> CustomerJson:
    """Return the billing address, else the default shipping address, else an empty one."""
    return customer.get("billing_address") or default_address(customer.get("shipping_addresses") or []) or {}


def _facets(customer: CustomerJson) -> Iterator[tuple[str, str]]:
    yield "status", customer.get("status", "active")
    yield "type", customer.get("type", "registered")
    yield "source", customer.get("source", "merchant")
    yield "email_status", customer.get("email_status", "unproven")
    if customer.get("accepts_marketing") is not None:
        yield "accepts_marketing", flag(customer["accepts_marketing"])
    for name in ("language", "vat_id"):
        if customer.get(name):
            yield name, customer[name]
    yield from _places(primary_address(customer))
    for group in customer.get("groups", []):
        yield "group", group
    for tag in customer.get("tags", []):
        yield "tag", fold_for_search(tag)
    for name, value in customer.get("custom_fields", {}).items():
        yield "custom_field", custom_field(name, value)
    for system, id_ in customer.get("external_ids", {}).items():
        yield "external_id", external_id(system, id_)


def _places(address: CustomerJson) -> Iterator[tuple[str, str]]:
    if address.get("country"):
        yield "country", address["country"]
    for name in ("region", "city", "postal_code"):
        if address.get(name):
            yield name, fold_for_search(address[name])
