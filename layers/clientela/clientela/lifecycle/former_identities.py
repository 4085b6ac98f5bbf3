"""The ids and e-mails that a person had besides the current ones, as far as stored items show.

They are in the history, in orders, in reverts and confirmed changes of the e-mail, and in the
records of merged customers. An e-mail that was requested and not proven is left out: it may be a
stranger's, whose data must stay.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import MergedCustomer
from clientela.email_changes import email_reverts
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load_raw


class FormerIdentities(NamedTuple):
    """Ids of merged customers, and e-mails with the last known time at which the person had them.

    An e-mail is `2026-11-21T10:00:00.000Z ana@example.com`, canonical: as text, so that DynamoDB
    can add it to a set.
    """

    ids: set[str]
    emails: set[str]


def in_items(items: Iterable[dynamodb.Item]) -> FormerIdentities:
    """Return the identities in items of a customer's collection."""
    ids, emails = set[str](), set[str]()
    for item in items:
        ids.update(_ids(item))
        emails.update(_emails(item))
    return FormerIdentities(ids, {_dated(at, email) for email, at in latest_times(emails).items()})


def merged_customer(store: Store, source: Customer, into_id: str, now: datetime) -> MergedCustomer:
    """Return the record of a customer that is merged into another, with all its identities.

    Its orders are not read: they have moved to the other customer.

    Cost: 1 read unit per 4 KB of the source's history and mails.
    """
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": {"S": keys.customer(store.id, source.id)},
            ":first": {"S": keys.EMAIL_CHANGE_PREFIX},
            ":last": {"S": keys.MERGED_END},
        },
        ConsistentRead=True,
    )
    earlier = in_items(item for page in pages for item in page["Items"])
    return MergedCustomer(
        keys.customer(store.id, into_id),
        keys.merged_customer(source.id),
        email=email_addresses.canonical(source.email),
        merged_at=clock.format_timestamp(now),
        ids=earlier.ids | {source.id},
        emails=earlier.emails | {_dated(now, source.email)},
    )


def latest_times(emails: Iterable[str]) -> dict[str, datetime]:
    """Return the last of its times for each e-mail."""
    pairs = (dated.split(" ", 1) for dated in sorted(emails))
    return {email: datetime.fromisoformat(time) for time, email in pairs}


def _ids(item: dynamodb.Item) -> Iterator[str]:
    # Not from the history: its entry of a merge stays after an undo.
    if item["sk"]["S"].startswith(keys.MERGED_PREFIX):
        yield from item["ids"]["SS"]


def _emails(item: dynamodb.Item) -> Iterator[str]:
    kind = item["sk"]["S"].partition("#")[0] + "#"
    if kind == keys.MERGED_PREFIX:
        yield from item["emails"]["SS"]
    elif kind == keys.ORDER_PREFIX:
        order = load_raw(item["order"])
        if order.get("email"):
            yield _dated(datetime.fromisoformat(order["placed_at"]), order["email"])
    elif kind == keys.EVENT_PREFIX:
        for change in _changes(item, "email_updated"):
            if change["field"] == "email":
                at = datetime.fromisoformat(load_raw(item["event"])["at"])
                yield from (_dated(at, change[side]) for side in ("before", "after") if change.get(side))
    elif kind == keys.EMAIL_CHANGE_PREFIX and "consumed_at" in item:
        at = datetime.fromisoformat(item["consumed_at"]["S"])
        yield from (_dated(at, item[name]["S"]) for name in ("from_email", "canonical"))
    elif kind == keys.EMAIL_REVERT_PREFIX:
        at = datetime.fromisoformat(item["expires_at"]["S"]) - email_reverts.LIFETIME
        yield _dated(at, item["email"]["S"])


def _changes(item: dynamodb.Item, kind: str) -> list[dict[str, Any]]:
    entry = load_raw(item["event"]) if "event" in item else {}
    changes: list[dict[str, Any]] = entry.get("changes", []) if entry.get("type") == kind else []
    return changes


def _dated(at: datetime, email: str) -> str:
    return f"{clock.format_timestamp(at)} {email_addresses.canonical(email)}"
