"""The filters of the customer list, as one DynamoDB filter expression."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from clientela import clock
from clientela.customers import tax_exemptions
from clientela.customers.customer_fields import Status
from clientela.customers.customer_records import COMPANY, PHONE
from clientela.schema import phones, timezones
from clientela.schema.countries import Country
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Amount, Line, Name
from clientela.schema.languages import Language
from clientela.schema.text import fold_for_search
from clientela.schema.timezones import DayOrTime
from clientela.sentences import Sentence

# Of a query. DynamoDB takes expressions of 4 KB. Folding may make four words of one character.
MAX_WORDS = 50


def _searchable(text: str) -> str:
    if not fold_for_search(text) or not text.isprintable():
        raise ValueError("Use visible text without control characters.")
    if len(fold_for_search(text).split()) > MAX_WORDS:
        raise ValueError(Sentence("Use at most {max} words.", max=MAX_WORDS))
    return text


def _has_digits(text: str) -> str:
    if not any(char.isdigit() for char in text):
        raise ValueError("Use digits.")
    return text


Words = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_searchable)]
Count = Annotated[int, Field(ge=0, le=10**9)]

# Fields that no filter exists for, each with the reason: the indexes do not project them.
NOT_FILTERED = {
    "primary_group": "`group` finds every group of a customer",
    "tax_exemption": "`tax_exempt` finds its result",
    "vat_id": "no use known",
    "marketing_consent": "`accepts_marketing` finds its result",
    "note": "too long for the indexes",
    "custom_fields": "too large for the indexes",
}


class CustomerFilter(Model):
    """A customer must pass every filter. Text ignores case and accents.

    Dates include both ends. A day without a time is one of the store's time zone, from its first to
    its last moment.

    Example: {"country": "ES", "min_spent": "100.00"}
    """

    query: Words | None = None
    """Words to find in name, e-mail, company or phone; each must be found. Example: ana"""
    email: Email | None = None
    """The customer with this e-mail."""
    phone: Annotated[Line, AfterValidator(_has_digits)] | None = None
    """The first digits of a phone, with or without the country's code. Example: +34911"""
    company: Words | None = None
    """The first words of the company. Example: Pérez"""
    group: Name | None = None
    """The id of a group of the customer. Example: grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Status | None = None
    """The status of the customer."""
    type: Literal["guest", "registered"] | None = None
    """Guests, or registered customers."""
    tax_exempt: bool | None = None
    """Customers who are tax-exempt, or those who are not."""
    accepts_marketing: bool | None = None
    """Customers who agreed to marketing, or who declined."""
    country: Country | None = None
    """The country of the billing address, else of the default shipping address."""
    city: Line | None = None
    """The city of that address. Example: Madrid"""
    postal_code: Line | None = None
    """The beginning of that address's postal code. Example: 280"""
    language: Language | None = None
    """The customer's language."""
    tag: Name | None = None
    """One of the customer's tags. Example: vip"""
    min_orders: Count | None = None
    """The smallest number of counted orders. Example: 1"""
    max_orders: Count | None = None
    """The greatest number of counted orders. Example: 10"""
    min_spent: Amount | None = None
    """The smallest total of the counted orders, in the store's currency."""
    max_spent: Amount | None = None
    """The greatest total of the counted orders, in the store's currency. Example: 5000.00"""
    created_from: DayOrTime | None = None
    """Created at this time or later."""
    created_to: DayOrTime | None = None
    """Created at this time or earlier."""
    updated_from: DayOrTime | None = None
    """Changed at this time or later."""
    updated_to: DayOrTime | None = None
    """Changed at this time or earlier."""
    last_order_from: DayOrTime | None = None
    """Ordered last at this time or later."""
    last_order_to: DayOrTime | None = None
    """Ordered last at this time or earlier."""
    # Annotated outside: the resolver does not detect a list inside `Annotated[...] | None`, and
    # reads only one value.
    ids: Annotated[list[Name] | None, Field(max_length=100)] = None
    """The ids of the customers. Example: ["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]"""


def expression(filter_: CustomerFilter, country: str | None, timezone: str) -> dict[str, Any]:
    """Return a FilterExpression with its names and values, or an empty dictionary without filters.

    `country` and `timezone` are the store's. `email` and `ids` are not part of it: the search reads
    those customers by key.
    """
    tests = _searches(filter_, country) + _equalities(filter_) + _ranges(filter_, timezone)
    if not tests:
        return {}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    parts: list[str] = []
    for i, (test, name, value) in enumerate(tests):
        names[f"#f{i}"] = name
        alternatives = value if isinstance(value, tuple) else (value,)
        placeholders = {f":f{i}x{j}": _value(each) for j, each in enumerate(alternatives)}
        values |= placeholders
        parts.append("(" + " OR ".join(test.format(name=f"#f{i}", value=each) for each in placeholders) + ")")
    return {
        "FilterExpression": " AND ".join(parts),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _value(value: str | bool | int | Decimal) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)}


type _Test = tuple[str, str, Any]  # template, attribute, value or a tuple of alternatives

_CONTAINS, _EQUALS, _BEGINS = "contains({name}, {value})", "{name} = {value}", "begins_with({name}, {value})"


_EXEMPT, _NOT_EXEMPT = "{name} >= {value}", "attribute_not_exists({name}) OR {name} < {value}"


def _searches(filter_: CustomerFilter, country: str | None) -> list[_Test]:
    """Return the tests on the search text: words of the query, beginnings of company and phone."""
    tests: list[_Test] = [(_CONTAINS, "search", word) for word in fold_for_search(filter_.query or "").split()]
    if filter_.company:
        tests.append((_CONTAINS, "search", COMPANY + fold_for_search(filter_.company)))
    if filter_.phone:
        prefixes = phones.search_prefixes(filter_.phone, country)
        tests.append((_CONTAINS, "search", tuple(PHONE + prefix for prefix in prefixes)))
    return tests


def _equalities(filter_: CustomerFilter) -> list[_Test]:
    plain = ("status", "type", "accepts_marketing", "country", "language")
    tests = [(_EQUALS, name, getattr(filter_, name)) for name in plain]
    if filter_.tax_exempt is not None:
        test = _EXEMPT if filter_.tax_exempt else _NOT_EXEMPT
        tests.append((test, "exempt_until", tax_exemptions.today().isoformat()))
    tests += [(_CONTAINS, "groups", filter_.group), (_CONTAINS, "tags", filter_.tag and fold_for_search(filter_.tag))]
    tests += [(_EQUALS, "city", filter_.city and fold_for_search(filter_.city))]
    tests += [(_BEGINS, "postal_code", filter_.postal_code and fold_for_search(filter_.postal_code))]
    return [test for test in tests if test[2] is not None]


def _ranges(filter_: CustomerFilter, timezone: str) -> list[_Test]:
    at_least, at_most = "{name} >= {value}", "{name} <= {value}"
    tests: list[_Test] = [
        (at_least, "orders_count", filter_.min_orders),
        (at_most, "orders_count", filter_.max_orders),
        (at_least, "spent", filter_.min_spent),
        (at_most, "spent", filter_.max_spent),
    ]
    for name in ("created", "updated", "last_order"):
        earliest, latest = getattr(filter_, f"{name}_from"), getattr(filter_, f"{name}_to")
        tests += [
            (at_least, f"{name}_at", earliest and _time(earliest, timezones.start_of, timezone)),
            (at_most, f"{name}_at", latest and _time(latest, timezones.end_of, timezone)),
        ]
    return [test for test in tests if test[2] is not None]


def _time(edge: date, edge_of: Callable[[date, str], datetime], timezone: str) -> str:
    """Return the time of a filter, or that edge of its day in the store's time zone."""
    return clock.format_timestamp(edge if isinstance(edge, datetime) else edge_of(edge, timezone))
