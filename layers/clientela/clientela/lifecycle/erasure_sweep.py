"""The rest of an erasure, once the account is gone: all items of the customer, in steps.

Each step is one transaction that deletes items, replaces orders by their money records and counts
both in the certificate. So it may stop at any call and run twice at the same time, and the counts
are exact.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import tombstones
from clientela.customers.tombstones import ErasingRecord
from clientela.lifecycle.erasures import ErasureRecord
from clientela.orders import order_records
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderRecord, OrderReference
from clientela.schema import email_addresses
from clientela.sign_in import sign_in_events
from clientela.stores import api_keys
from clientela.stores.stores import Store
from clientela.table import dynamodb, idempotency, keys
from clientela.table.attributes import load, load_raw
from clientela.table.records import Record
from clientela.table.transactions import Transaction

BATCH_SIZE = 40  # items of a transaction: an order is two writes, and 100 writes are the limit
ATTEMPTS = 20  # for an item that others keep changing

_KINDS = {
    "ORDER": "orders", "SESSION": "sessions", "EVENT": "history", "CONSENT": "consents", "PASSWORD": "passwords",
    "MAIL": "mails", "SIGN_IN": "sign_ins",
}  # fmt: skip


class _ChangedError(Exception):
    """An item was changed since it was read."""


class _Work(NamedTuple):
    """An erasure that is being finished."""

    store: Store
    customer_id: str
    note: ErasingRecord

    def certificate(self) -> ErasureRecord:
        """Return the certificate's record, for updates only."""
        return ErasureRecord(keys.store(self.store.id), keys.erasure(self.note.erasure_id))


def resume(store: Store, customer_id: str, now: datetime, out_of_time: Callable[[], bool]) -> bool:
    """Continue a customer's erasure until `out_of_time`, and return whether work is left.

    Cost: 1 read unit per 4 KB; 2 write units for each item, 4 for each order, 2 for each BATCH_SIZE
    items.
    """
    note = tombstones.find_pending(store, customer_id)
    if note is None:
        return False
    work = _Work(store, customer_id, note)
    for step in (_sweep_collection, _sweep_unclaimed, _sweep_sign_ins, _sweep_answers):
        while step(work):
            if out_of_time():
                return True
    _complete(work, now)
    return False


def _sweep_collection(work: _Work) -> bool:
    """Delete the next items of the customer's collection, and return whether there were any."""
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": _collection(work)}},
        Limit=BATCH_SIZE + 1,
        ConsistentRead=True,
    )
    items = [item for item in answer["Items"] if item["sk"]["S"] != keys.ERASING][:BATCH_SIZE]
    if not items:
        return False
    _add_tombstones_for_past_emails(work, items)
    _delete_aliases(work, items)
    try:
        _delete(work, items, {item["sk"]["S"] for item in items if "order" in item})
    except _ChangedError:
        for item in items:
            _delete_item(work, item["sk"]["S"])
    return True


def _sweep_unclaimed(work: _Work) -> bool:
    """Delete the next earlier unclaimed orders of the e-mail; return whether there were any."""
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": {"S": keys.email(work.store.id, work.note.email)},
            ":first": {"S": keys.ORDER_PREFIX},
            ":last": {"S": f"{keys.ORDER_PREFIX}{work.note.erased_at}"},
        },
        Limit=BATCH_SIZE,
        ConsistentRead=True,
    )
    with contextlib.suppress(_ChangedError):  # a newer version arrived: the next step sees what is left
        if answer["Items"]:
            _delete(work, answer["Items"], {item["sk"]["S"] for item in answer["Items"]})
    return bool(answer["Items"])


def _sweep_sign_ins(work: _Work) -> bool:
    """Delete the next earlier sign-in events and their requests; return whether there were any."""
    edge = datetime.fromisoformat(work.note.erased_at)
    items = sign_in_events.before(work.store, work.note.email, edge, BATCH_SIZE // 2)
    requests = {load_raw(item["event"]).get("request_id") for item in items} - {None}
    with (
        contextlib.suppress(_ChangedError),
        Transaction() as write,
    ):  # another run did it: the next step sees what is left
        for item in items:
            write.delete(Record(item["pk"]["S"], item["sk"]["S"]), Record.pk.exists(), _ChangedError())
        for request_id in requests:
            for sk in (keys.REQUEST, keys.mail("sign_in_link")):
                write.delete(Record(keys.sign_in(work.store.id, str(request_id)), sk))
        if items:
            write.update(work.certificate(), [ErasureRecord.sign_ins.add(len(items))])
    return bool(items)


def _sweep_answers(work: _Work) -> bool:
    """Delete the responses stored for repeats that mention the customer."""
    for key in api_keys.list_all(work.store.id):
        for record in idempotency.answers_mentioning(keys.caller(work.store.id, key.id), work.customer_id):
            with Transaction() as write:
                idempotency.delete_answer(write, record)
                write.update(work.certificate(), [ErasureRecord.answers.add(1)])
    return False


def _delete(work: _Work, items: Sequence[dynamodb.Item], own_orders: set[str], erased_orders: int = 0) -> None:
    """Delete items and count them in one transaction, and put the money records of own orders."""
    counts = Counter(_KINDS.get(item["sk"]["S"].partition("#")[0], "others") for item in items)
    with Transaction() as write:
        for item in items:
            is_same = OrderRecord.version == int(item["version"]["N"]) if "order" in item else Record.pk.exists()
            write.delete(Record(item["pk"]["S"], item["sk"]["S"]), is_same, _ChangedError())
            if item["sk"]["S"] in own_orders:
                erased = order_records.erased_reference(work.store, load(Order, item["order"]))
                write.put_record(erased, _is_held(work, item), _ChangedError())
        adds = [getattr(ErasureRecord, kind).add(count) for kind, count in counts.items()]
        money = len(own_orders) + erased_orders
        write.update(work.certificate(), [*adds, ErasureRecord.money_records.add(money)])


def _is_held(work: _Work, item: dynamodb.Item) -> Condition:
    """Return the condition that an order still belongs to the collection of its item."""
    owner = OrderReference.customer_id
    condition: Condition = owner == work.customer_id
    if item["pk"]["S"] != _collection(work):
        condition = owner.does_not_exist() & (OrderReference.email == work.note.email)
    return condition


def _delete_item(work: _Work, sort_key: str) -> None:
    """Delete one item that others may be changing.

    A late version of an order may have its money record already.
    """

    def attempt() -> None:
        item = dynamodb.get(_collection(work), sort_key)
        if item is None:
            return
        reference = _reference(work, item)
        is_own = reference is not None and reference.customer_id == work.customer_id
        is_erased = reference is not None and reference.money is not None
        _delete(work, [item], {sort_key} if is_own else set(), int(is_erased))

    retry_on_conflict(attempt, (_ChangedError,), ATTEMPTS)


def _reference(work: _Work, item: dynamodb.Item) -> OrderReference | None:
    if "order" not in item:
        return None
    return OrderReference.find(keys.order_reference(work.store.id, item["order_id"]["S"]), keys.REFERENCE)


def _add_tombstones_for_past_emails(work: _Work, items: Sequence[dynamodb.Item]) -> None:
    """Add tombstones for the person's earlier addresses in orders and history."""
    erased_at = datetime.fromisoformat(work.note.erased_at)
    emails = {each for item in items for each in _past_emails(item)} - {work.note.email}
    added = [tombstones.for_email(work.store, each, work.note.erasure_id, erased_at).item() for each in emails]
    for batch in batched(added, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all(list(batch))


def _delete_aliases(work: _Work, items: Sequence[dynamodb.Item]) -> None:
    """Delete the aliases of the customers who, by the history, were merged into this one."""
    entries = [load_raw(item["event"]) for item in items if "event" in item]
    merged_ids = [entry["changes"][0]["before"] for entry in entries if entry["type"] == "merged"]
    aliases = [dynamodb.key(keys.merged(work.store.id, each), keys.ALIAS) for each in merged_ids]
    for batch in batched(aliases, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.delete_all(list(batch))


def _past_emails(item: dynamodb.Item) -> Iterator[str]:
    emails: list[Any] = []
    if "order" in item:
        emails = [load_raw(item["order"])["email"]]
    elif "event" in item:
        changes = load_raw(item["event"]).get("changes", [])
        emails = [change.get(side) for change in changes if change["field"] == "email" for side in ("before", "after")]
    yield from (email_addresses.canonical(each) for each in emails if each)


def _complete(work: _Work, now: datetime) -> None:
    """Complete the certificate, and delete the note, the last item with personal data."""
    with Transaction() as write:
        write.update(work.certificate(), [ErasureRecord.completed_at.set(clock.format_timestamp(now))])
        write.delete(ErasingRecord(work.note.pk, work.note.sk))


def _collection(work: _Work) -> str:
    return keys.customer(work.store.id, work.customer_id)
