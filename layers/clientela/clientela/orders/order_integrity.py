"""What ties orders together: each has its customer and its reference, and each reference its order.

One transaction writes all three, so nothing is ever loose; this looks whether it is so, over the whole table.
"""

import time
from collections.abc import Iterator
from itertools import batched, chain
from typing import Literal, NamedTuple

from clientela.orders.order_records import OrderReference
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

_LOOKS = 4  # at what seems loose: an order that is just being taken is not
_PAUSE_SECONDS = 0.3
_PAGE = 1000  # items looked at in one call: one that goes through a whole megabyte can outlast a client's patience

Kind = Literal[
    "order_without_customer", "order_without_reference", "order_left_behind", "order_not_adopted", "reference_without_order",
]  # fmt: skip


class OrphanedRecord(NamedTuple):
    """An order or a reference that is not tied as it must be. `customer_id` is whose collection the order is in, or, of a
    reference without an order, ought to be in; empty where nobody has claimed the order."""

    kind: Kind
    order_id: str
    customer_id: str


def find_orphans(store: Store) -> Iterator[OrphanedRecord]:
    """Every order without its customer or its reference, those that a reference does not mean, and every reference without
    its order. In constant memory. Half a read unit per 4 KB of the whole table, all stores, and of each order's partners.
    """
    pages = dynamodb.scan_pages(
        FilterExpression="begins_with(pk, :store) AND (begins_with(sk, :order) OR sk = :reference)",
        ExpressionAttributeValues={
            ":store": {"S": keys.collections(store.id)},
            ":order": {"S": keys.ORDER_PREFIX},
            ":reference": {"S": keys.REFERENCE},
        },
        Limit=_PAGE,
    )
    items = chain.from_iterable(page["Items"] for page in pages)
    for block in batched(items, dynamodb.BATCH_READ, strict=False):
        there = _partners(store, block)
        for item in block:
            if _loose(store, item, there):
                yield from _still_loose(store, item["pk"]["S"], item["sk"]["S"])


type _There = dict[tuple[str, str], dynamodb.Item]


def _partners(store: Store, items: tuple[dynamodb.Item, ...]) -> _There:
    """What these orders and references are tied to, as far as it is there."""
    wanted = {key for item in items for key in _tied_to(store, item)}
    found = dynamodb.get_many(
        sorted(wanted),
        "pk, sk, order_id, version, customer_id, email, placed_at",
    )
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found}


def _tied_to(store: Store, item: dynamodb.Item) -> list[tuple[str, str]]:
    pk = item["pk"]["S"]
    if item["sk"]["S"] != keys.REFERENCE:
        owner = keys.CLAIM if _is_unclaimed(store, pk) else keys.PROFILE
        return [(keys.order_reference(store.id, item["order_id"]["S"]), keys.REFERENCE), (pk, owner)]
    if "money" in item:  # of somebody who was erased: there is no order any more
        return []
    reference = OrderReference.from_raw_data(item)
    return [(reference.place(store), reference.order_key())]


def _is_unclaimed(store: Store, pk: str) -> bool:
    return pk.startswith(keys.email(store.id, ""))


def _loose(store: Store, item: dynamodb.Item, there: _There) -> OrphanedRecord | None:
    """What is wrong with an order or a reference, given what is there of that to which it is tied."""
    tied_to = _tied_to(store, item)
    order_id = item["order_id"]["S"]
    if item["sk"]["S"] == keys.REFERENCE:
        is_tied = all(key in there for key in tied_to)
        customer_id = item.get("customer_id", {}).get("S", "")
        return None if is_tied else OrphanedRecord("reference_without_order", order_id, customer_id)
    reference, owner = (there.get(key) for key in tied_to)
    meant = OrderReference.from_raw_data(reference) if reference else None
    is_unclaimed = _is_unclaimed(store, item["pk"]["S"])
    kind = _wrong(store, item, meant, has_owner=owner is not None, is_unclaimed=is_unclaimed)
    customer_id = "" if is_unclaimed else keys.customer_of(item["pk"]["S"])[1]
    return OrphanedRecord(kind, order_id, customer_id) if kind else None


def _wrong(
    store: Store, item: dynamodb.Item, reference: OrderReference | None, *, has_owner: bool, is_unclaimed: bool
) -> Kind | None:
    if has_owner == is_unclaimed:
        return "order_not_adopted" if is_unclaimed else "order_without_customer"
    if reference is None:
        return "order_without_reference"
    is_meant = (reference.place(store), reference.order_key()) == (item["pk"]["S"], item["sk"]["S"])
    return None if is_meant else "order_left_behind"


def _still_loose(store: Store, pk: str, sk: str) -> Iterator[OrphanedRecord]:
    """What is still loose when looked at again, some times and consistently; but for what an erasure is about to take."""
    found: OrphanedRecord | None = None
    for look in range(_LOOKS):
        time.sleep(_PAUSE_SECONDS * (look > 0))
        item = dynamodb.get(pk, sk)
        if item is None:
            return
        there: _There = {key: partner for key in _tied_to(store, item) if (partner := dynamodb.get(*key))}
        found = _loose(store, item, there)
        if found is None:
            return
    if found and not (found.kind == "order_without_customer" and dynamodb.get(pk, keys.ERASING)):
        yield found
