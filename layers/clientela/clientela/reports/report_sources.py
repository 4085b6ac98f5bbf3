"""The sources of reports: customers, and orders without customer, with the state of each.

An order without customer waits for an account, never had an e-mail, or belonged to somebody who was
erased. A state is read with the guard that makes a transaction fail if the source changed since.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from clientela.customers import customer_facets, stored_customers
from clientela.customers.customer_records import CustomerRecord
from clientela.customers.stored_customers import CustomerJson
from clientela.errors import BusyError
from clientela.orders import order_records, order_statistics
from clientela.orders.order_records import OrderRecord, OrderReference
from clientela.reports import report_states
from clientela.reports.report_states import CountedCustomer, CountedOrder, Lines, OrderState, State
from clientela.signing import sha256_hex
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load_raw
from clientela.table.transactions import Transaction

type Guard = Callable[[Transaction], None]
CONSENT = "consent"


type Kind = Literal["customer", "order"]


class ReportSource(NamedTuple):
    """A customer, or an order without customer, by its id."""

    kind: Kind
    id: str


def read(store: Store, source: ReportSource, zone: ZoneInfo) -> tuple[State | None, Guard]:
    """Return what reports count of a source, None if it is gone, and the guard of that reading.

    Cost: of a customer 1 read unit per 4 KB of the profile and of the counted orders, of an order
    2 read units.
    """
    return _customer(store, source.id, zone) if source.kind == "customer" else _order(store, source.id, zone)


def labels(customer: CustomerJson) -> set[str]:
    """Return what the summary groups customers by, from the stored fields of one."""
    found = {f"source:{customer.get('source', 'merchant')}"}
    found |= {f"group:{group}" for group in customer.get("groups", [])}
    country = customer_facets.primary_address(customer).get("country")
    return (
        found
        | ({f"country:{country}"} if country else set())
        | ({CONSENT} if customer.get("accepts_marketing") else set())
    )


def counted_lines(order: CustomerJson) -> Lines | None:
    """Return the amounts of a stored order; None if it does not count."""
    if order["payment_status"] not in order_statistics.COUNTED_STATUSES:
        return None
    base = order.get("base")
    return report_states.order_lines(
        order["currency"], Decimal(order["total"]), (base["currency"], Decimal(base["total"])) if base else None
    )


def shard(source_id: str, shards: int) -> int:
    """Return the shard of a source: a hash of its id."""
    return int(sha256_hex(source_id)[:8], 16) % shards


def _customer(store: Store, customer_id: str, zone: ZoneInfo) -> tuple[CountedCustomer | None, Guard]:
    pk = keys.customer(store.id, customer_id)
    profile = dynamodb.get(pk, keys.PROFILE)
    if profile is None:
        return None, _profile_guard(pk, None)
    customer = stored_customers.load_raw(profile)
    orders = _counted_orders(pk) if customer.get("orders_count") else ()
    created_at = datetime.fromisoformat(customer["created_at"])
    state = report_states.customer_state(created_at, labels(customer), orders, zone)
    return state, _profile_guard(pk, int(profile["version"]["N"]))


def _profile_guard(pk: str, version: int | None) -> Guard:
    """Return the check of the profile's version, which locks the customer's orders too."""
    condition = CustomerRecord.pk.does_not_exist() if version is None else CustomerRecord.version == version
    return lambda write: write.check(CustomerRecord, pk, keys.PROFILE, condition, BusyError())


def _counted_orders(pk: str) -> Iterator[CountedOrder]:
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :orders)",
        FilterExpression="counted = :true",
        ExpressionAttributeValues={
            ":pk": {"S": pk},
            ":orders": {"S": keys.ORDER_PREFIX},
            ":true": {"BOOL": True},
        },
        ProjectionExpression="sk, #order",
        ExpressionAttributeNames={"#order": "order"},
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            lines = counted_lines(load_raw(item["order"]))
            if lines:
                sk = item["sk"]["S"]
                yield CountedOrder(keys.order_time(sk), keys.order_id(sk), lines)


def _order(store: Store, order_id: str, zone: ZoneInfo) -> tuple[OrderState | None, Guard]:
    stored = order_records.find(store, order_id)
    reference = stored and stored.reference

    def guard(write: Transaction) -> None:
        is_unchanged = order_records.is_unchanged(reference)
        write.check(OrderReference, keys.order_reference(store.id, order_id), keys.REFERENCE, is_unchanged, BusyError())
        if stored and stored.record and stored.reference.customer_id is None:
            is_same_version = OrderRecord.version == stored.record.version
            write.check(OrderRecord, stored.record.pk, stored.record.sk, is_same_version, BusyError())

    if stored is None or stored.reference.customer_id:
        return None, guard
    document = stored.reference.money or stored.order
    lines = counted_lines(document.model_dump(mode="json")) if document else None
    if lines is None:
        return None, guard
    placed_at = datetime.fromisoformat(stored.reference.placed_at)
    return OrderState(report_states.day_of(placed_at, zone), lines), guard
