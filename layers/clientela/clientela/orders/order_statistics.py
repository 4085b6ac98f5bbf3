"""A customer's order statistics, and the rule by which an order counts.

An order counts while it is `paid` or `partially_refunded`, with the total of its newest version: an order system that
refunds a part sends the total that is left. In every other status (awaiting payment, refunded, cancelled, incomplete)
it does not count, and one that counted before leaves. Counts, totals, average and the first and last time are those of
counted orders; the last status and payment method are those of the newest order placed, counted or not.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from clientela.customers.customer_fields import Customer, Spend
from clientela.orders.order_fields import Order
from clientela.schema import currencies
from clientela.schema.fields import Money

COUNTED_STATUSES = {"paid", "partially_refunded"}


class Contribution(NamedTuple):
    """What one order adds to the statistics."""

    placed_at: datetime
    total: Decimal
    currency: str


# Asked when the first or last counted order leaves: the time of the customer's first or last other counted order.
type Others = Callable[[Literal["first", "last"]], datetime | None]


def contribution(order: Order) -> Contribution | None:
    """What the order adds, or None where it does not count."""
    return (
        Contribution(order.placed_at, order.total, order.currency) if order.payment_status in COUNTED_STATUSES else None
    )


def no_others(_: Literal["first", "last"]) -> None:
    """The other orders of one who has none."""


def apply_order(
    customer: Customer, left: Contribution | None, came: Contribution | None, others: Others = no_others
) -> Customer:
    """The customer after what an order counted for before left, and what it counts for now came.

    `others` are asked only where the first or last order leaves and is not the only one.
    """
    if left == came:
        return customer
    spends = {spend.currency: (spend.amount, spend.orders) for spend in customer.total_spent}
    for part, sign in ((left, -1), (came, 1)):
        if part:
            amount, orders = spends.get(part.currency, (Decimal(0), 0))
            spends[part.currency] = (amount + sign * part.total, orders + sign)
    total_spent = [
        Spend(amount=currencies.format_amount(amount, currency), currency=currency, orders=n)
        for currency, (amount, n) in sorted(spends.items())
        if n
    ]
    first, last = _times(customer, left, came, others) if total_spent else (None, None)
    return customer.model_copy(
        update={
            "orders_count": sum(spend.orders for spend in total_spent),
            "total_spent": total_spent,
            "average_order_value": _average(total_spent),
            "first_order_at": first,
            "last_order_at": last,
        }
    )


def _average(total_spent: list[Spend]) -> Money | None:
    """In the currency with the most orders (of several, the first by code), to its minor unit."""
    if not total_spent:
        return None
    most = max(total_spent, key=lambda spend: spend.orders)
    return Money(amount=currencies.round_amount(most.amount / most.orders, most.currency), currency=most.currency)


def _times(
    customer: Customer, left: Contribution | None, came: Contribution | None, others: Others
) -> tuple[datetime | None, datetime | None]:
    first, last = customer.first_order_at, customer.last_order_at
    if left and not (came and came.placed_at == left.placed_at):
        first = others("first") if left.placed_at == first else first
        last = others("last") if left.placed_at == last else last
    if came:
        first, last = min(first or came.placed_at, came.placed_at), max(last or came.placed_at, came.placed_at)
    return first, last
