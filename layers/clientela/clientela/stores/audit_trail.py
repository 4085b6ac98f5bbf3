"""The audit trail of a store: what staff, API keys and operators did, with values before and after.

An entry is written in the transaction of its change, so no process can die between the two. The
table's records demand it (`Record.AUDITED`). Entries hold no secret, and of customers only ids,
which an erasure hides. Changes of single customers are in the customer's history.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

if TYPE_CHECKING:
    from clientela.stores.stores import Store

Action = Literal[
    "store.created", "settings.changed", "mail.changed",
    "api_key.created", "api_key.changed", "api_key.rotated", "api_key.revoked",
    "group.created", "group.changed", "group.deleted",
    "import.requested", "import.changed", "import.started", "import.cancelled", "import.undone",
    "export.started", "bulk_change.started", "statistics.rebuilt",
    "export.downloaded", "export_schedule.created", "export_schedule.changed", "export_schedule.deleted",
    "customer.deleted", "customer.erased", "customers.merged", "customers.merge_undone",
    "customers.email_released",
]  # fmt: skip

_NAMING_CUSTOMERS = ("customers.merged", "customers.merge_undone", "customers.email_released")

MAX_TEXT = 1000  # characters of a value; a group's CSS may be longer
MAX_READS = 10  # queries of a page; a rare action may need another page
_READ_SIZE = 200  # entries of a query with a filter
HIDDEN = "[hidden]"  # in place of a value that may tell of a customer
_NOT_COMPARED = {"id", "version", "created_at", "updated_at", "last_used_at"}


class AuditEntry(Model):
    """An act of staff, of an API key or of an operator."""

    id: str
    """The id of the entry. Example: aud_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    at: Timestamp
    """When it was done."""
    actor: Actor
    """Who did it."""
    action: Action
    """What was done."""
    target: str | None = None
    """The id of what was changed: a key, group, job, certificate or customer; null for a bulk
    change by ids. Example: grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    changes: list[FieldChange] = []
    """The fields before and after. Texts are cut after 1,000 characters."""


class AuditRecord(Record):
    """`STORE#demo#AUDIT` / `AUDIT#2026-11-21T10:00:00.000Z#aud_01K…`: never changed."""

    AUDIT_ENTRY = True
    action = UnicodeAttribute()
    actor_kind = UnicodeAttribute()
    actor_id = UnicodeAttribute(null=True)
    entry = DocumentAttribute(AuditEntry)
    ttl = NumberAttribute()


def add(
    write: Transaction,
    store: "Store",
    by: Actor,
    now: datetime,
    action: Action,
    target: str | None,
    changes: Iterable[FieldChange] = (),
) -> None:
    """Add an entry to the transaction of the change.

    Cost: 2 write units per KB.
    """
    entry = AuditEntry(
        id=ids.new("aud", now),
        at=now,
        actor=by,
        action=action,
        target=target,
        changes=[FieldChange(field=each.field, before=_cut(each.before), after=_cut(each.after)) for each in changes],
    )
    write.put_record(
        AuditRecord(
            keys.audit(store.id),
            keys.audit_entry(now, entry.id),
            action=action,
            actor_kind=by.kind,
            actor_id=by.id,
            entry=entry,
            ttl=int((now + timedelta(days=store.retention.audit_days)).timestamp()),
        )
    )


def differences(before: BaseModel | None, after: BaseModel | None) -> list[FieldChange]:
    """Return the fields that differ. Without a model before or after, it has no fields."""
    old, new = (model.model_dump(mode="json") if model else {} for model in (before, after))
    names = dict.fromkeys([*new, *old])
    return [
        FieldChange(field=name, before=old.get(name), after=new.get(name))
        for name in names
        if name not in _NOT_COMPARED and old.get(name) != new.get(name)
    ]


def page(
    store: "Store",
    now: datetime,
    *,
    action: Action | None = None,
    actor: str | None = None,
    at_from: datetime | None = None,
    at_to: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[AuditEntry]:
    """Return a page of the trail, newest first.

    `actor` is a kind, such as `operator`, or an id. Times include both ends. A page may be short,
    even empty, and have a next one: a filter looks at MAX_READS times 200 entries at most.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB; with `action` or `actor` of all entries that are looked at.
    """
    pk = keys.audit(store.id)
    list_of = f"{pk}/{action}/{actor}/{at_from}/{at_to}"
    position = pagination.decode_cursor(list_of, cursor) if cursor is not None else None
    items: list[dynamodb.Item] = []
    request = _request(pk, action, actor, at_from, at_to, limit)
    for _ in range(MAX_READS):
        start = {"ExclusiveStartKey": dynamodb.key(pk, position)} if position else {}
        answer = dynamodb.query(**request, **start)
        items += answer["Items"]
        position = answer.get("LastEvaluatedKey", {}).get("sk", {}).get("S")
        if position is None or len(items) > limit:
            break
    if len(items) > limit:
        position = items[limit - 1]["sk"]["S"]
    unexpired = [item for item in items[:limit] if int(item["ttl"]["N"]) > now.timestamp()]
    # DynamoDB deletes expired items some days late.
    entries = [load(AuditEntry, item["entry"]) for item in unexpired]
    return Page(entries, pagination.encode_cursor(list_of, position) if position else None)


def hide_customers(store: "Store", customer_ids: Collection[str]) -> None:
    """Hide the ids of an erased person's customers in the entries of merges.

    Cost: half a read unit per 4 KB of the trail, 1 write unit per entry.
    """
    for action in _NAMING_CUSTOMERS:
        request = _request(keys.audit(store.id), action, None, None, None, _READ_SIZE)
        for item in (item for answer in dynamodb.query_pages(**request) for item in answer["Items"]):
            text = item["entry"]["S"]
            for customer_id in customer_ids:
                text = text.replace(customer_id, HIDDEN)
            if text != item["entry"]["S"]:
                dynamodb.put_all([item | {"entry": {"S": text}}])


def _request(
    pk: str, action: str | None, actor: str | None, at_from: datetime | None, at_to: datetime | None, limit: int
) -> dict[str, Any]:
    tests, values = [], {":pk": pk, ":first": keys.AUDIT_PREFIX, ":last": keys.AUDIT_END}
    if at_from:
        values[":first"] += clock.format_timestamp(at_from)
    if at_to:
        values[":last"] = f"{keys.AUDIT_PREFIX}{clock.format_timestamp(at_to)}$"  # sorts after the ids of this time
    # DynamoDB refuses a range that ends before it begins. No key is as short as `:first`.
    values[":last"] = max(values[":first"], values[":last"])
    if action:
        tests.append("#action = :action")
        values[":action"] = action
    if actor:
        tests.append("(actor_kind = :actor OR actor_id = :actor)")
        values[":actor"] = actor
    names = {"ExpressionAttributeNames": {"#action": "action"}} if action else {}
    filter_ = {"FilterExpression": " AND ".join(tests)} if tests else {}
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
        "ScanIndexForward": False,
        "Limit": _READ_SIZE if tests else limit + 1,
        **names,
        **filter_,
    }


def _cut(value: Any) -> Any:
    return f"{value[:MAX_TEXT]}…" if isinstance(value, str) and len(value) > MAX_TEXT else value
