"""A customer's order statistics, and the rule which orders count.

An order counts while it is `paid` or `partially_refunded`, with the total of its newest version:
after a partial refund the order system sends the remaining total. In every other status (awaiting
payment, refunded, cancelled, incomplete) it does not count, and is removed if it counted before.
Count, totals, average and the time of the first order are of counted orders. The number of all
orders is `orders_total`; time, status and payment method of the last one are of the newest order,
counted or not.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import Spend
from clientela.orders.order_fields import Order
from clientela.schema import currencies
from clientela.schema.fields import Money

COUNTED_STATUSES = {"paid", "partially_refunded"}


class Contribution(NamedTuple):
    """The contribution of one order to the statistics."""

    placed_at: datetime
    total: Decimal
    currency: str


# Called if the first counted order is removed. Returns the time of the first of the others.
type OtherOrders = Callable[[], datetime | None]


def contribution(order: Order) -> Contribution | None:
    """Return the contribution of an order, or None if it does not count."""
    return (
        Contribution(order.placed_at, order.total, order.currency) if order.payment_status in COUNTED_STATUSES else None
    )


def no_other_orders() -> None:
    """Return None: the `other_orders` of a customer without any, or of an order that only adds."""


def apply_order(
    customer: Customer,
    removed: Contribution | None,
    added: Contribution | None,
    other_orders: OtherOrders = no_other_orders,
) -> Customer:
    """Return the customer with a contribution removed from the statistics, and another one added.

    `other_orders` is called only if the first order is removed and is not the only one.
    """
    if removed == added:
        return customer
    spends = {spend.currency: (spend.amount, spend.orders) for spend in customer.total_spent}
    for part, sign in ((removed, -1), (added, 1)):
        if part:
            amount, orders = spends.get(part.currency, (Decimal(0), 0))
            spends[part.currency] = (amount + sign * part.total, orders + sign)
    total_spent = [
        Spend(amount=currencies.format_amount(amount, currency), currency=currency, orders=n)
        for currency, (amount, n) in sorted(spends.items())
        if n
    ]
    return customer.model_copy(
        update={
            "orders_count": sum(spend.orders for spend in total_spent),
            "total_spent": total_spent,
            "average_order_value": _average(total_spent),
            "first_order_at": _first(customer, removed, added, other_orders) if total_spent else None,
        }
    )


def _average(total_spent: list[Spend]) -> Money | None:
    """Return the rounded average in the currency with the most orders; of several, the first."""
    if not total_spent:
        return None
    most = max(total_spent, key=lambda spend: spend.orders)
    return Money(amount=currencies.round_amount(most.amount / most.orders, most.currency), currency=most.currency)


def _first(
    customer: Customer, removed: Contribution | None, added: Contribution | None, other_orders: OtherOrders
) -> datetime | None:
    first = customer.first_order_at
    if removed and removed.placed_at == first and not (added and added.placed_at == first):
        first = other_orders()
    return min(first or added.placed_at, added.placed_at) if added else first
