"""What a merchant may filter customers by, as one DynamoDB filter expression."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from clientela import clock
from clientela.customers.customer_fields import Status
from clientela.customers.customer_records import COMPANY, PHONE
from clientela.schema import phones
from clientela.schema.countries import Country
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Amount, Line, Name, Timestamp
from clientela.schema.languages import Language
from clientela.schema.text import fold_for_search


def _searchable(text: str) -> str:
    if not fold_for_search(text) or not text.isprintable():
        raise ValueError("must have something to look for, and no control characters")
    return text


def _dialled(text: str) -> str:
    if not any(char.isdigit() for char in text):
        raise ValueError("must have digits")
    return text


Words = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_searchable)]
Count = Annotated[int, Field(ge=0, le=10**9)]

# Fields that customers cannot be filtered by, each with the reason: the indexes do not project them.
NOT_FILTERED = {
    "primary_group": "`group` finds every group of a customer",
    "tax_exemption": "`tax_exempt` finds its result",
    "vat_id": "no use known",
    "marketing_consent": "`accepts_marketing` finds its result",
    "note": "too long for the indexes",
    "custom_fields": "too large for the indexes",
}


class CustomerFilter(Model):
    """All that is given must hold. Dates include both ends; text is compared without regard to case and accents."""

    query: Words | None = None
    email: Email | None = None
    phone: Annotated[Line, AfterValidator(_dialled)] | None = None
    company: Words | None = None
    group: Name | None = None
    status: Status | None = None
    type: Literal["guest", "registered"] | None = None
    tax_exempt: bool | None = None
    accepts_marketing: bool | None = None
    country: Country | None = None
    city: Line | None = None
    postal_code: Line | None = None
    language: Language | None = None
    tag: Name | None = None
    min_orders: Count | None = None
    max_orders: Count | None = None
    min_spent: Amount | None = None
    max_spent: Amount | None = None
    created_from: Timestamp | None = None
    created_to: Timestamp | None = None
    updated_from: Timestamp | None = None
    updated_to: Timestamp | None = None
    last_order_from: Timestamp | None = None
    last_order_to: Timestamp | None = None
    # Annotated outside: the resolver does not see a list in an optional annotated one, and would take its first value.
    ids: Annotated[list[Name] | None, Field(max_length=100)] = None


def expression(wanted: CustomerFilter, country: str | None) -> dict[str, Any]:
    """FilterExpression with its names and values; empty where nothing is to be filtered. `country` is the store's.

    `email` and `ids` are not in it: they say where to look, not what to leave out.
    """
    tests = _searches(wanted, country) + _equalities(wanted) + _ranges(wanted)
    if not tests:
        return {}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    parts: list[str] = []
    for i, (test, name, value) in enumerate(tests):
        names[f"#f{i}"] = name
        either = {f":f{i}x{j}": _value(each) for j, each in enumerate(value if isinstance(value, tuple) else (value,))}
        values |= either
        parts.append("(" + " OR ".join(test.format(name=f"#f{i}", value=place) for place in either) + ")")
    return {
        "FilterExpression": " AND ".join(parts),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _value(value: str | bool | int | Decimal) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)}


type _Test = tuple[str, str, Any]  # template, attribute, value or a tuple of which one must be

_CONTAINS, _EQUALS, _BEGINS = "contains({name}, {value})", "{name} = {value}", "begins_with({name}, {value})"


def _searches(wanted: CustomerFilter, country: str | None) -> list[_Test]:
    """Every word of the query must be somewhere in the search text; company and phone must begin as given."""
    tests: list[_Test] = [(_CONTAINS, "search", word) for word in fold_for_search(wanted.query or "").split()]
    if wanted.company:
        tests.append((_CONTAINS, "search", COMPANY + fold_for_search(wanted.company)))
    if wanted.phone:
        meant = phones.search_prefixes(wanted.phone, country)
        tests.append((_CONTAINS, "search", tuple(PHONE + beginning for beginning in meant)))
    return tests


def _equalities(wanted: CustomerFilter) -> list[_Test]:
    plain = ("status", "type", "tax_exempt", "accepts_marketing", "country", "language")
    tests = [(_EQUALS, name, getattr(wanted, name)) for name in plain]
    tests += [(_CONTAINS, "groups", wanted.group), (_CONTAINS, "tags", wanted.tag and fold_for_search(wanted.tag))]
    tests += [(_EQUALS, "city", wanted.city and fold_for_search(wanted.city))]
    tests += [(_BEGINS, "postal_code", wanted.postal_code and fold_for_search(wanted.postal_code))]
    return [test for test in tests if test[2] is not None]


def _ranges(wanted: CustomerFilter) -> list[_Test]:
    least, most = "{name} >= {value}", "{name} <= {value}"
    tests: list[_Test] = [
        (least, "orders_count", wanted.min_orders),
        (most, "orders_count", wanted.max_orders),
        (least, "spent", wanted.min_spent),
        (most, "spent", wanted.max_spent),
    ]
    for name in ("created", "updated", "last_order"):
        earliest, latest = getattr(wanted, f"{name}_from"), getattr(wanted, f"{name}_to")
        tests += [
            (least, f"{name}_at", earliest and clock.format_timestamp(earliest)),
            (most, f"{name}_at", latest and clock.format_timestamp(latest)),
        ]
    return [test for test in tests if test[2] is not None]
