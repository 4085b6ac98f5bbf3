"""What became of an address's sign-ins, for the merchant whom its owner asks for help: no secret is in it.

Kept by the address, with or without an account, for as many days as the store's `retention.sign_ins_days` says. Asking
for a link writes the same for everybody, and looks nobody up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

from clientela import clock, ids
from clientela.customers.customer_fields import Customer
from clientela.errors import TooManyRequestsError
from clientela.schema import email_addresses
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Timestamp
from clientela.sign_in.sign_in_limits import hash_identity
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import load
from clientela.table.pagination import Page

SignInOutcome = Literal[
    "requested", "limited", "sent", "withheld", "bounced", "complained", "opened_elsewhere", "refused", "used"
]
SUMMED_SECONDS = 600
# Of what happens within one millisecond, what must come after what.
_RANKS: dict[SignInOutcome, int] = {
    "requested": 0, "limited": 0, "sent": 1, "withheld": 1, "bounced": 2, "complained": 2, "opened_elsewhere": 3,
    "refused": 3, "used": 4,
}  # fmt: skip


class SignInEvent(Model):
    """One outcome. `reason` is a problem code, or why no mail went out; `count` says how often it came where that is summed.

    `opened_elsewhere`: the link without what only the asking browser has: a mail scanner, or another device.
    """

    event: SignInOutcome
    at: Timestamp
    reason: str | None = None
    request_id: str | None = None
    device: Line | None = None
    count: int = 1


def page(
    store: Store, customer: Customer, now: datetime, limit: int = 50, cursor: str | None = None
) -> Page[SignInEvent]:
    """What became of the sign-ins with a customer's e-mail, newest first. InvalidInputError for a cursor of another list.

    Half a read unit per 4 KB.
    """
    found = pagination.newest_first(_collection(store, _canonical(customer)), keys.SIGN_IN_PREFIX, limit, cursor)
    events = [_shown(item) for item in found.items]
    since = now - timedelta(days=store.retention.sign_ins_days)
    living = [event for event in events if event.at > since]
    # Behind the first one whose time is over there are none but such.
    return Page(living, found.next_cursor if len(living) == len(events) else None)


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
    """The item of an outcome, to put with something else. `name` makes it one and the same however often it is put."""
    key = keys.sign_in_event(now, _RANKS[event], name or ids.new("evt", now))
    told = SignInEvent.model_construct(event=event, at=now, reason=reason, request_id=request_id, device=device)
    ttl = int((now + timedelta(days=store.retention.sign_ins_days)).timestamp())
    return dynamodb.key(_collection(store, canonical), key) | {
        "event": {"S": told.model_dump_json(exclude_none=True)},
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
) -> None:
    """Keep an outcome. 1 write unit."""
    told = item(store, canonical, event, now, reason=reason, request_id=request_id, device=device, name=name)
    dynamodb.write("PutItem", Item=told)


@contextmanager
def record_limit_hits(store: Store, canonical: str, what: str, now: datetime) -> Iterator[None]:
    """Keep that a limit on `what` refused something, where it does. 1 write unit then."""
    try:
        yield
    except TooManyRequestsError:
        record_limited(store, canonical, what, now)
        raise


def record_limited(store: Store, canonical: str, what: str, now: datetime) -> None:
    """Keep that a limit refused something, summed up for each SUMMED_SECONDS: a flood leaves few items. 1 write unit."""
    began = datetime.fromtimestamp(int(now.timestamp()) // SUMMED_SECONDS * SUMMED_SECONDS, UTC)
    first = item(store, canonical, "limited", now, reason=what)
    dynamodb.write(
        "UpdateItem",
        Key=dynamodb.key(first["pk"]["S"], keys.sign_in_event(began, _RANKS["limited"], what)),
        UpdateExpression="SET #event = if_not_exists(#event, :event), #ttl = :ttl ADD times :one",
        ExpressionAttributeNames={"#event": "event", "#ttl": "ttl"},
        ExpressionAttributeValues={":event": first["event"], ":ttl": first["ttl"], ":one": {"N": "1"}},
    )


def before(store: Store, canonical: str, moment: datetime, limit: int) -> list[dynamodb.Item]:
    """The oldest items of what became of an address's sign-ins before a moment, as they lie. 1 read unit per 4 KB."""
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND sk < :edge",
        ExpressionAttributeValues={
            ":pk": {"S": _collection(store, canonical)},
            ":edge": {"S": keys.SIGN_IN_PREFIX + clock.format_timestamp(moment)},
        },
        Limit=limit,
        ConsistentRead=True,
    )
    found: list[dynamodb.Item] = answer["Items"]
    return found


def _shown(item: dynamodb.Item) -> SignInEvent:
    event = load(SignInEvent, item["event"])
    return event.model_copy(update={"count": int(item["times"]["N"])}) if "times" in item else event


def _collection(store: Store, canonical: str) -> str:
    return keys.sign_ins(store.id, hash_identity(canonical))


def _canonical(customer: Customer) -> str:
    return email_addresses.canonical(customer.email)
