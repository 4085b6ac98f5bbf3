"""Outcomes of an address's sign-ins, so that the merchant can help its owner. They hold no secret.

They are stored by address, with or without an account, for `retention.sign_ins_days` of the store.
Requesting a link writes the same for every address, without looking for an account.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Literal

from clientela import ids
from clientela.customers import tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.tombstones import PersonErasedError
from clientela.errors import BusyError, TooManyRequestsError
from clientela.schema import email_addresses
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Timestamp
from clientela.sign_in.sign_in_limits import hash_identity
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import load
from clientela.table.pagination import Page
from clientela.table.transactions import Transaction

SignInOutcome = Literal[
    "requested", "limited", "sent", "withheld", "bounced", "complained", "opened_elsewhere", "refused", "used"
]
SUMMED_SECONDS = 600
# The order of outcomes within one millisecond.
_RANKS: dict[SignInOutcome, int] = {
    "requested": 0, "limited": 0, "sent": 1, "withheld": 1, "bounced": 2, "complained": 2, "opened_elsewhere": 3,
    "refused": 3, "used": 4,
}  # fmt: skip


class SignInEvent(Model):
    """One outcome.

    `reason` is a problem code, or why no mail was sent; `count` is the number of summed outcomes.

    `opened_elsewhere`: the link was opened without the requesting browser's nonce, by a mail
    scanner or on another device.
    """

    event: SignInOutcome
    """What happened."""
    at: Timestamp
    """When it happened."""
    reason: str | None = None
    """The problem code of a refusal, or why no mail was sent; else null. Example: null"""
    request_id: str | None = None
    """The id of the sign-in request, if there is one. Example: sir_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    device: Line | None = None
    """Browser and system; null if unknown. Example: Firefox, Windows"""
    count: int = 1
    """The number of equal events that this entry sums up. Example: 1"""


def page(
    store: Store, customer: Customer, now: datetime, limit: int = 50, cursor: str | None = None
) -> Page[SignInEvent]:
    """Return the outcomes of sign-ins with a customer's e-mail, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB.
    """
    result = pagination.newest_first(_collection(store, _canonical(customer)), keys.SIGN_IN_PREFIX, limit, cursor)
    events = [_to_model(item) for item in result.items]
    since = now - timedelta(days=store.retention.sign_ins_days)
    current = [event for event in events if event.at > since]
    # All events after the first expired one are expired too.
    return Page(current, result.next_cursor if len(current) == len(events) else None)


def latest(store: Store, canonical: str, event: SignInOutcome) -> SignInEvent | None:
    """Return the newest outcome of this kind among an address's newest 50. Half a read unit."""
    result = pagination.newest_first(_collection(store, canonical), keys.SIGN_IN_PREFIX, 50, None)
    return next((each for each in map(_to_model, result.items) if each.event == event), None)


def item(
    store: Store,
    canonical: str,
    event: SignInOutcome,
    now: datetime,
    *,
    reason: str | None = None,
    request_id: str | None = None,
    device: str | None = None,
    name: str | None = None,
) -> dynamodb.Item:
    """Return the item of an outcome, to put with other items.

    With a `name`, putting it twice stores one.
    """
    key = keys.sign_in_event(now, _RANKS[event], name or ids.new("evt", now))
    outcome = SignInEvent.model_construct(event=event, at=now, reason=reason, request_id=request_id, device=device)
    ttl = int((now + timedelta(days=store.retention.sign_ins_days)).timestamp())
    return dynamodb.key(_collection(store, canonical), key) | {
        "event": {"S": outcome.model_dump_json(exclude_none=True)},
        "ttl": {"N": str(ttl)},
    }


def record(
    store: Store,
    canonical: str,
    event: SignInOutcome,
    now: datetime,
    *,
    reason: str | None = None,
    request_id: str | None = None,
    device: str | None = None,
    name: str | None = None,
    since: datetime | None = None,
) -> None:
    """Store an outcome, unless the address's owner was erased since then, by default since `now`.

    `since` is when the sign-in was requested, or the mail sent.

    Raises:
        BusyError: many others record an outcome of this address.

    Cost: 4 write units.
    """
    new = item(store, canonical, event, now, reason=reason, request_id=request_id, device=device, name=name)
    with suppress(PersonErasedError), Transaction() as write:
        write.put_item(new)
        tombstones.require_not_erased_since(write, store, canonical, since or now)


def record_refused(
    store: Store,
    canonical: str,
    event: SignInOutcome,
    now: datetime,
    *,
    reason: str,
    request_id: str | None = None,
    device: str | None = None,
    since: datetime | None = None,
) -> None:
    """Store the outcome of a refused attempt, as `record`.

    Of many at the same moment only some are stored: the caller gets the refusal in any case.
    """
    with suppress(BusyError):
        record(store, canonical, event, now, reason=reason, request_id=request_id, device=device, since=since)


@contextmanager
def record_limit_hits(store: Store, canonical: str, limit: str, now: datetime) -> Iterator[None]:
    """Record a refusal by `limit`, e.g. `links`, in the `with` block. 1 write unit if refused."""
    try:
        yield
    except TooManyRequestsError:
        record_limited(store, canonical, limit, now)
        raise


def record_limited(store: Store, canonical: str, limit: str, now: datetime) -> None:
    """Record a refusal by a limit, summed over SUMMED_SECONDS, so that a flood leaves few items.

    Cost: 1 write unit, 5 for the first one.
    """
    if _count_limited(store, canonical, limit, now):
        return
    new = item(store, canonical, "limited", now, reason=limit) | _limited_key(store, canonical, limit, now)
    with suppress(PersonErasedError, BusyError), Transaction() as write:
        write.put_item(new | {"times": {"N": "1"}})
        tombstones.require_not_erased_since(write, store, canonical, now)


def _count_limited(store: Store, canonical: str, limit: str, now: datetime) -> bool:
    """Add one to a stored sum; return whether there is one."""
    return dynamodb.write(
        "UpdateItem",
        Key=_limited_key(store, canonical, limit, now),
        UpdateExpression="ADD times :one",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":one": {"N": "1"}},
    ).done


def _limited_key(store: Store, canonical: str, limit: str, now: datetime) -> dynamodb.Item:
    start = datetime.fromtimestamp(int(now.timestamp()) // SUMMED_SECONDS * SUMMED_SECONDS, UTC)
    return dynamodb.key(_collection(store, canonical), keys.sign_in_event(start, _RANKS["limited"], limit))


def until(store: Store, canonical: str, moment: datetime, limit: int) -> list[dynamodb.Item]:
    """Return the oldest stored outcomes of an address up to a moment. 1 read unit per 4 KB."""
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND sk < :edge",
        ExpressionAttributeValues={
            ":pk": {"S": _collection(store, canonical)},
            ":edge": {"S": keys.sign_ins_after(moment)},
        },
        Limit=limit,
        ConsistentRead=True,
    )
    items: list[dynamodb.Item] = answer["Items"]
    return items


def _to_model(item: dynamodb.Item) -> SignInEvent:
    event = load(SignInEvent, item["event"])
    return event.model_copy(update={"count": int(item["times"]["N"])}) if "times" in item else event


def _collection(store: Store, canonical: str) -> str:
    return keys.sign_ins(store.id, hash_identity(canonical))


def _canonical(customer: Customer) -> str:
    return email_addresses.canonical(customer.email)
