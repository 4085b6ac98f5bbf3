"""Which entries of which index a filter needs: those of a range, and those that its index lacks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from clientela import clock
from clientela.customers import customer_facets, stored_customers
from clientela.customers.customer_filter import CompiledFilter, Expression, Range, RangeName
from clientela.customers.directory_index import Index, Selection

# The customers that a sort order lists last, because its index does not have them.
_HAS_NO_ORDER = f"attribute_exists({stored_customers.WITHOUT_ORDERS})"
_HAS_NONE_COUNTED = Expression(f"({_HAS_NO_ORDER} OR attribute_exists(uncounted))")
LAST: dict[str, Expression] = {
    "orders": _HAS_NONE_COUNTED,
    "spent": _HAS_NONE_COUNTED,
    "last_order": Expression(_HAS_NO_ORDER),
}
# The order in which a range is used to gather candidates: the one that excludes most, usually.
_GATHERING: tuple[RangeName, ...] = ("last_order", "spent", "orders", "created", "updated")
_KEYS: dict[str, Callable[[Any], str]] = {
    "orders": customer_facets.number_key,
    "spent": customer_facets.amount_key,
}


def covering(tests: CompiledFilter) -> list[Selection]:
    """Return selections that have all customers who pass the facets and one of the ranges."""
    facets = tests.expression
    name = next((name for name in _GATHERING if name in tests.ranges), None)
    if name is None:
        return [Selection("created", expression=facets)]
    bounds = tests.ranges[name]
    if name == "updated":
        # Every customer has one of the two: of those without orders, and of those with orders.
        created, ordered = (_between(each, bounds) & facets for each in ("updated_at", "buyer_updated_at"))
        return [Selection("created", expression=created), Selection("last_order", expression=ordered)]
    low, high = key_bounds(name, bounds)
    selections = [Selection(cast("Index", name), low, high, facets)]
    if name in LAST and includes_last(name, bounds):
        selections.append(Selection("created", expression=LAST[name] & facets))
    return selections


def key_bounds(name: RangeName, bounds: Range) -> tuple[str | None, str | None]:
    """Return the sort keys between which the index has the values of a range."""
    key: Callable[[Any], str] = _KEYS.get(name, str)
    # A key goes on with # and the id, and $ sorts after #.
    return (
        None if bounds.low is None else key(bounds.low),
        None if bounds.high is None else f"{key(bounds.high)}$",
    )


def includes_last(name: str, bounds: Range) -> bool:
    """Return whether a range includes customers that its index has not, because of no orders."""
    return bounds == Range() if name == "last_order" else 0 in bounds


def _between(attribute: str, bounds: Range) -> Expression:
    tests = ((f"{attribute} >= :from", ":from", bounds.low), (f"{attribute} <= :to", ":to", bounds.high))
    given = [test for test in tests if test[2] is not None]
    text = " AND ".join(test for test, _, _ in given)
    values = {name: {"N": str(clock.milliseconds(datetime.fromisoformat(value)))} for _, name, value in given}
    return Expression(text, {}, values)
