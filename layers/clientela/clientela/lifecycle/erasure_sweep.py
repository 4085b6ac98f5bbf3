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
from typing import NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import customers, tombstones
from clientela.customers.customer_records import EmailClaim
from clientela.customers.erased_filters import DirectoryNeededError
from clientela.customers.tombstones import ErasingRecord
from clientela.lifecycle import filter_erasure, former_identities, merge_records, merged_emails
from clientela.lifecycle.erasures import ErasureRecord
from clientela.orders import order_records
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderRecord, OrderReference
from clientela.sign_in import sign_in_events
from clientela.sign_in.link_requests import LatestSignIn
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, idempotency, keys, records
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
    now: datetime
    has_directory: bool

    def certificate(self) -> ErasureRecord:
        """Return the certificate's record, for updates only."""
        return ErasureRecord(keys.store(self.store.id), keys.erasure(self.note.erasure_id))


def resume(
    store: Store, customer_id: str, now: datetime, out_of_time: Callable[[], bool], *, has_directory: bool = True
) -> bool:
    """Continue a customer's erasure until `out_of_time`, and return whether work is left.

    The sweep repeats until a pass finds no other id or e-mail of the person. A process that may
    not list customers, without `has_directory`, leaves the rest if a filter may name the person.

    Cost: 1 read unit per 4 KB; 2 write units for each item, 4 for each order, 2 for each BATCH_SIZE
    items; for each former e-mail 6 read and 2 write units; and `filter_erasure.run`.
    """
    while note := tombstones.find_pending(store, customer_id):
        work = _Work(store, customer_id, note, now, has_directory)
        try:
            _hide_in_filters(work)
        except DirectoryNeededError:
            return True
        for step in (_sweep_collections, _sweep_unclaimed, _sweep_sign_ins, _sweep_answers, _hide_in_trail):
            while step(work):
                if out_of_time():
                    return True
        with contextlib.suppress(_ChangedError):
            _complete(work)
    return False


def _hide_in_filters(work: _Work) -> None:
    """Hide the person in the filters of jobs and schedules: first, because it reads the history."""
    filter_erasure.run(work.store, work.customer_id, work.note, work.now, has_directory=work.has_directory)


def _sweep_collections(work: _Work) -> bool:
    """Delete the next items of the person's customers, and return whether there were any."""
    collections = [keys.customer(work.store.id, each) for each in (work.customer_id, *sorted(work.note.ids or ()))]
    return any(_sweep_collection(work, each) for each in collections)


def _sweep_collection(work: _Work, collection: str) -> bool:
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": collection}},
        Limit=BATCH_SIZE + 1,
        ConsistentRead=True,
    )
    items = [item for item in answer["Items"] if item["sk"]["S"] != keys.ERASING][:BATCH_SIZE]
    if not items:
        return False
    try:
        _store_identities(work, items)
        _delete(work, items, {item["sk"]["S"] for item in items if "order" in item})
    except _ChangedError:
        for item in items:
            _delete_item(work, item["pk"]["S"], item["sk"]["S"])
    return True


def _store_identities(work: _Work, items: Sequence[dynamodb.Item]) -> None:
    """Store what the items say about other ids and e-mails of the person, before they are deleted.

    Tombstones are put first: ids and e-mails are not looked at again once they are stored.
    """
    ids, emails = former_identities.in_items(items)
    new_ids = ids - {work.customer_id} - (work.note.ids or set())
    own = (work.note.emails or set()) | {each for each in emails if each.endswith(f" {work.note.email}")}
    new_emails = emails - own
    if not (new_ids or new_emails):
        return
    erased_at = datetime.fromisoformat(work.note.erased_at)
    for email in former_identities.latest_times(new_emails):
        merged_emails.remove_claim(work.store, email, ids | (work.note.ids or set()))
    added = [
        tombstones.for_email(work.store, email, work.note.erasure_id, erased_at).item()
        for email in former_identities.latest_times(new_emails)
        if not _has_holder(work, email)
    ]
    added += [tombstones.for_customer(work.store, each, work.note.erasure_id, erased_at).item() for each in new_ids]
    for batch in batched(added, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all(list(batch))
    actions: list[Action] = [ErasingRecord.ids.add(new_ids)] if new_ids else []
    actions += [ErasingRecord.emails.add(new_emails)] if new_emails else []
    with contextlib.suppress(_ChangedError):  # completed by another run, which found no such item
        records.update(ErasingRecord(work.note.pk, work.note.sk), actions, ErasingRecord.pk.exists(), _ChangedError())


def _has_holder(work: _Work, email: str) -> bool:
    """Return whether another customer has a former e-mail now, or is being created with it."""
    key = keys.email(work.store.id, email)
    is_held = customers.find(work.store, email, work.now) is not None  # it deletes a void claim
    return is_held or EmailClaim.find(key, keys.CLAIM) is not None


def _edges(work: _Work) -> Iterator[tuple[str, datetime, bool]]:
    """Yield each e-mail with the time up to which it is the person's, and whether another has it.

    An e-mail that another customer has now is the person's until it was last seen with the person.
    """
    erased_at = datetime.fromisoformat(work.note.erased_at)
    yield work.note.email, erased_at, False
    for email, last in former_identities.latest_times(work.note.emails or ()).items():
        is_held = _has_holder(work, email)
        yield email, min(last, erased_at) if is_held else erased_at, is_held


def _sweep_unclaimed(work: _Work) -> bool:
    """Delete the next earlier unclaimed orders of the e-mails; return whether there were any.

    Those of an e-mail that another customer has are on their way to that customer.
    """
    return any(_sweep_unclaimed_of(work, email) for email, _, is_held in _edges(work) if not is_held)


def _sweep_unclaimed_of(work: _Work, email: str) -> bool:
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": {"S": keys.email(work.store.id, email)},
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
    return any(_sweep_sign_ins_of(work, email, edge) for email, edge, _ in _edges(work))


def _sweep_sign_ins_of(work: _Work, email: str, edge: datetime) -> bool:
    latest = LatestSignIn(keys.email(work.store.id, email), keys.LATEST_SIGN_IN)
    with contextlib.suppress(_ChangedError):  # there is none, or a later one of somebody else
        records.delete(latest, LatestSignIn.at <= clock.format_timestamp(edge), _ChangedError())
    items = sign_in_events.until(work.store, email, edge, BATCH_SIZE // 2)
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
            write.update(work.certificate(), [ErasureRecord.sign_ins.add(len(items))], is_bookkeeping=True)
    return bool(items)


def _sweep_answers(work: _Work) -> bool:
    """Delete stored responses that mention the person's customers."""
    idempotency.flag_running(work.store.id)
    for customer_id in (work.customer_id, *(work.note.ids or ())):
        for record in idempotency.answers_mentioning(work.store.id, customer_id):
            with Transaction() as write:
                idempotency.delete_answer(write, record)
                write.update(work.certificate(), [ErasureRecord.answers.add(1)], is_bookkeeping=True)
    return False


def _hide_in_trail(work: _Work) -> bool:
    """Hide the person's ids in the audit trail, and delete what is kept to undo their merges.

    Only merges name customers who can be erased.
    """
    merged = {work.customer_id, *(work.note.ids or ())}
    if work.note.ids or merge_records.find(work.store, work.customer_id):
        audit_trail.hide_customers(work.store, merged)
    for customer_id in merged:
        merge_records.remove(work.store, customer_id)
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
                write.put_record(erased, _is_owned(item), _ChangedError())
        adds = [getattr(ErasureRecord, kind).add(count) for kind, count in counts.items()]
        money = len(own_orders) + erased_orders
        write.update(work.certificate(), [*adds, ErasureRecord.money_records.add(money)], is_bookkeeping=True)


def _is_owned(item: dynamodb.Item) -> Condition:
    """Return the condition that an order still belongs to the collection of its item."""
    owner, (_, _, kind, owner_id) = OrderReference.customer_id, item["pk"]["S"].split("#", 3)
    condition: Condition = owner == owner_id
    if kind == "EMAIL":
        condition = owner.does_not_exist() & (OrderReference.email == owner_id)
    return condition


def _delete_item(work: _Work, collection: str, sort_key: str) -> None:
    """Delete one item that others may be changing.

    A late version of an order may have its money record already.
    """

    def attempt() -> None:
        item = dynamodb.get(collection, sort_key)
        if item is None:
            return
        _store_identities(work, [item])
        reference = _reference(work, item)
        is_own = reference is not None and reference.customer_id == keys.customer_of(collection)[1]
        is_erased = reference is not None and reference.money is not None
        _delete(work, [item], {sort_key} if is_own else set(), int(is_erased))

    retry_on_conflict(attempt, (_ChangedError,), ATTEMPTS)


def _reference(work: _Work, item: dynamodb.Item) -> OrderReference | None:
    if "order" not in item:
        return None
    return OrderReference.find(keys.order_reference(work.store.id, item["order_id"]["S"]), keys.REFERENCE)


def _complete(work: _Work) -> None:
    """Complete the certificate, and delete the note, the last item with personal data.

    Raises:
        _ChangedError: another id or e-mail was found since the note was read, or another run
            completed the erasure.
    """
    note = work.note
    is_followed = [
        attribute == found if found else attribute.does_not_exist()
        for attribute, found in ((ErasingRecord.ids, note.ids), (ErasingRecord.emails, note.emails))
    ]
    with Transaction() as write:
        write.update(
            work.certificate(), [ErasureRecord.completed_at.set(clock.format_timestamp(work.now))], is_bookkeeping=True
        )
        is_same = ErasingRecord.pk.exists() & is_followed[0] & is_followed[1]
        write.delete(ErasingRecord(note.pk, note.sk), is_same, _ChangedError())
