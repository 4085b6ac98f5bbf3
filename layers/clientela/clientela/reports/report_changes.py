"""Which reports a change of the table concerns: only those that a figure depends on.

The table's stream delivers the changes. A change that no report counts, such as a parcel's status,
a name or a sign-in, has no message.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from clientela.customers import stored_customers
from clientela.orders import order_records
from clientela.reports import report_sources
from clientela.reports.report_queue import ReportMessage
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.attributes import load, load_raw
from clientela.table.dynamodb import Item
from clientela.table.stream import TableChange


def messages_for(changes: Iterable[TableChange]) -> list[ReportMessage]:
    """Return the messages that changes give rise to, each once."""
    return list(dict.fromkeys(message for change in changes for message in _messages(change)))


def _messages(change: TableChange) -> Iterator[ReportMessage]:
    if change.sk == keys.PROFILE:
        if _customer(change.before) != _customer(change.after):
            store_id, customer_id = keys.customer_of(change.pk)
            yield ReportMessage(store_id=store_id, customer_id=customer_id)
    elif change.sk.startswith(keys.ORDER_PREFIX):
        if _order(change.before) != _order(change.after):
            yield _of_order(change)
    elif change.sk == keys.REFERENCE:
        if _money(change.before) != _money(change.after):
            item = change.after or change.before or {}
            yield ReportMessage(store_id=keys.store_of(change.pk), order_id=item["order_id"]["S"])
    elif change.sk == keys.SETTINGS and change.after and _timezone(change.before) != _timezone(change.after):
        yield ReportMessage(store_id=keys.store_of(change.pk))


def _of_order(change: TableChange) -> ReportMessage:
    if keys.is_customer(change.pk):
        store_id, customer_id = keys.customer_of(change.pk)
        return ReportMessage(store_id=store_id, customer_id=customer_id)
    item = change.after or change.before or {}
    return ReportMessage(store_id=keys.store_of(change.pk), order_id=item["order_id"]["S"])


def _customer(image: Item | None) -> Any:
    """Return what reports count of a profile, apart from its orders."""
    if image is None:
        return None
    customer = stored_customers.load_raw(image)
    return customer["created_at"], report_sources.labels(customer)


def _order(image: Item | None) -> Any:
    return report_sources.counted_lines(load_raw(image["order"])) if image else None


def _money(image: Item | None) -> Any:
    if image is None or "money" not in image:
        return None
    money = load(order_records.ErasedOrderMoney, image["money"]).model_dump(mode="json")
    return image["placed_at"]["S"], report_sources.counted_lines(money)


def _timezone(image: Item | None) -> str | None:
    return load(Store, image["store"]).timezone if image else None
