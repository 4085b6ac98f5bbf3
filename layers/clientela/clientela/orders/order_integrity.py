"""A check of the whole table: each order has its customer and reference, each reference its order.

One transaction writes all three, so there should never be an orphan.
"""

import time
from collections.abc import Iterator
from itertools import batched, chain
from typing import Literal, NamedTuple

from clientela.orders.order_records import OrderReference
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

_CHECKS = 4  # of a possible orphan: an order that is just being recorded looks like one
_PAUSE_SECONDS = 0.3
_PAGE_SIZE = 1000  # items per call: a scan of a whole megabyte can exceed the client's timeout

Kind = Literal[
    "order_without_customer", "order_without_reference", "order_left_behind", "order_not_adopted", "reference_without_order",
]  # fmt: skip


class OrphanedRecord(NamedTuple):
    """An order or a reference without its partners.

    `customer_id` is the customer whose collection has the order, or should have it according to the
    reference; empty for an unclaimed order.
    """

    kind: Kind
    order_id: str
    customer_id: str


def find_orphans(store: Store) -> Iterator[OrphanedRecord]:
    """Yield the store's orphans, in constant memory.

    Orphans are orders without a customer or a reference, orders that their reference does not point
    to, and references without an order.

    Cost: half a read unit per 4 KB of the whole table (all stores) and of each order's partners.
    """
    pages = dynamodb.scan_pages(
        FilterExpression="begins_with(pk, :store) AND (begins_with(sk, :order) OR sk = :reference)",
        ExpressionAttributeValues={
            ":store": {"S": keys.collections(store.id)},
            ":order": {"S": keys.ORDER_PREFIX},
            ":reference": {"S": keys.REFERENCE},
        },
        Limit=_PAGE_SIZE,
    )
    items = chain.from_iterable(page["Items"] for page in pages)
    for block in batched(items, dynamodb.BATCH_READ, strict=False):
        partners = _partners(store, block)
        for item in block:
            if _orphan(store, item, partners):
                yield from _confirmed_orphan(store, item["pk"]["S"], item["sk"]["S"])


type _Partners = dict[tuple[str, str], dynamodb.Item]  # by partition key and sort key


def _partners(store: Store, items: tuple[dynamodb.Item, ...]) -> _Partners:
    """Return the existing partners of these orders and references."""
    partner_keys = {key for item in items for key in _partner_keys(store, item)}
    partners = dynamodb.get_many(sorted(partner_keys), "pk, sk, order_id, version, customer_id, email, placed_at")
    return {(partner["pk"]["S"], partner["sk"]["S"]): partner for partner in partners}


def _partner_keys(store: Store, item: dynamodb.Item) -> list[tuple[str, str]]:
    pk = item["pk"]["S"]
    if item["sk"]["S"] != keys.REFERENCE:
        owner = keys.CLAIM if _is_unclaimed(store, pk) else keys.PROFILE
        return [(keys.order_reference(store.id, item["order_id"]["S"]), keys.REFERENCE), (pk, owner)]
    if "money" in item:  # the customer was erased, and the order with it
        return []
    reference = OrderReference.from_raw_data(item)
    return [(reference.collection(store), reference.order_key())]


def _is_unclaimed(store: Store, pk: str) -> bool:
    return pk.startswith(keys.email(store.id, ""))


def _orphan(store: Store, item: dynamodb.Item, partners: _Partners) -> OrphanedRecord | None:
    """Return the order or reference as an orphan if it lacks a partner, else None."""
    partner_keys = _partner_keys(store, item)
    order_id = item["order_id"]["S"]
    if item["sk"]["S"] == keys.REFERENCE:
        has_order = all(key in partners for key in partner_keys)
        customer_id = item.get("customer_id", {}).get("S", "")
        return None if has_order else OrphanedRecord("reference_without_order", order_id, customer_id)
    reference_item, owner = (partners.get(key) for key in partner_keys)
    reference = OrderReference.from_raw_data(reference_item) if reference_item else None
    is_unclaimed = _is_unclaimed(store, item["pk"]["S"])
    kind = _orphan_kind(store, item, reference, has_owner=owner is not None, is_unclaimed=is_unclaimed)
    customer_id = "" if is_unclaimed else keys.customer_of(item["pk"]["S"])[1]
    return OrphanedRecord(kind, order_id, customer_id) if kind else None


def _orphan_kind(
    store: Store, item: dynamodb.Item, reference: OrderReference | None, *, has_owner: bool, is_unclaimed: bool
) -> Kind | None:
    if has_owner == is_unclaimed:
        return "order_not_adopted" if is_unclaimed else "order_without_customer"
    if reference is None:
        return "order_without_reference"
    is_referenced = (reference.collection(store), reference.order_key()) == (item["pk"]["S"], item["sk"]["S"])
    return None if is_referenced else "order_left_behind"


def _confirmed_orphan(store: Store, pk: str, sk: str) -> Iterator[OrphanedRecord]:
    """Yield the orphan if several consistent reads confirm it, unless a removal will take it."""
    orphan: OrphanedRecord | None = None
    for check in range(_CHECKS):
        time.sleep(_PAUSE_SECONDS * (check > 0))
        item = dynamodb.get(pk, sk)
        if item is None:
            return
        partners: _Partners = {key: partner for key in _partner_keys(store, item) if (partner := dynamodb.get(*key))}
        orphan = _orphan(store, item, partners)
        if orphan is None:
            return
    is_removed = any(dynamodb.get(pk, removal) for removal in (keys.ERASING, keys.VACATED)) if orphan else False
    if orphan and not (orphan.kind == "order_without_customer" and is_removed):
        yield orphan
