"""Changes in the table as events for other systems.

Only what an event is to show is taken out of an item, by name: no key of the table, no hash and no token can come along.
"""

from typing import Any, NamedTuple

from clientela import clock
from clientela.customers import customer_records
from clientela.customers.customer_records import CustomerJson
from clientela.exports.export_jobs import ExportJob
from clientela.imports.import_jobs import ImportRecord
from clientela.orders.order_fields import Order
from clientela.sign_in.sessions import Session
from clientela.table import keys
from clientela.table.attributes import load
from clientela.table.dynamodb import Item
from clientela.table.stream import TableChange

UNTOLD = {"version", "updated_at", "last_sign_in_at"}  # changes of these alone concern nobody, or have their own event
ENDED = ("succeeded", "failed", "cancelled")


class BusEvent(NamedTuple):
    """An event on its way to the bus: `detail` is one of event_fields.AnyEvent, as JSON values.

    Events of one `subject` (a customer or a job) go out one after the other.
    """

    type: str
    subject: str
    number: str  # of its change in the stream
    detail: dict[str, Any]


def event_from_change(change: TableChange) -> BusEvent | None:
    """The event that a change tells, or None where it concerns nobody."""
    if change.sk == keys.PROFILE:
        return _customer(change)
    if change.after is None:
        return None
    if change.sk.startswith(keys.ORDER_PREFIX):
        return _order(change, change.after) if "customer_version" in change.after else None  # nobody has claimed it
    if change.sk.startswith(keys.SESSION_PREFIX):
        return _session(change, change.after)
    if change.sk.startswith(keys.IMPORT_PREFIX):
        return _import(change, change.after)
    if change.sk.startswith(keys.EXPORT_PREFIX):
        return _export(change, change.after)
    return None


def _customer(change: TableChange) -> BusEvent | None:
    if change.after is None:
        sequence = _number(change.before or {}, "version") + 1
        return _of_customer(change, "customer.deleted", sequence, {})
    after, sequence = customer_records.customer_json(change.after), _number(change.after, "version")
    if change.before is None:
        return _of_customer(change, "customer.created", sequence, {"customer": after})
    changed = _changed(customer_records.customer_json(change.before), after)
    if not changed:
        return None
    return _of_customer(change, "customer.updated", sequence, {"customer": after, "changed": changed})


def _changed(before: CustomerJson, after: CustomerJson) -> list[str]:
    return [name for name in after if name not in UNTOLD and after[name] != before.get(name)]


def _order(change: TableChange, after: Item) -> BusEvent:
    order = load(Order, after["order"]).model_dump(mode="json")
    return _of_customer(change, "order.recorded", _number(after, "customer_version"), {"order": order})


def _session(change: TableChange, after: Item) -> BusEvent | None:
    if change.before:  # it was seen
        return None
    session = load(Session, after["session"]).model_dump(mode="json", include={"id", "device", "signed_in_by"})
    return _of_customer(change, "customer.signed_in", _number(after, "customer_version"), {"session": session})


def _import(change: TableChange, after: Item) -> BusEvent | None:
    if not _has_just_ended(change, after):
        return None
    job = ImportRecord.from_raw_data(after).as_job()
    return _of_job(change, "import.finished", job.id, 1, job.model_dump(mode="json"))


def _export(change: TableChange, after: Item) -> BusEvent | None:
    if not _has_just_ended(change, after):
        return None
    job = load(ExportJob, after["job"])
    return _of_job(change, "export.finished", job.id, _number(after, "version"), job.model_dump(mode="json"))


def _has_just_ended(change: TableChange, after: Item) -> bool:
    before = change.before or {}
    return after["status"]["S"] in ENDED and before.get("status") != after["status"]


def _of_customer(change: TableChange, kind: str, sequence: int, data: dict[str, Any]) -> BusEvent:
    store_id, customer_id = keys.customer_of(change.pk)
    whose = {"store_id": store_id, "customer_id": customer_id}
    return BusEvent(kind, customer_id, change.number, _detail(change, kind, whose, sequence, data))


def _of_job(change: TableChange, kind: str, job_id: str, sequence: int, job: dict[str, Any]) -> BusEvent:
    whose = {"store_id": keys.store_of(change.pk)}
    return BusEvent(kind, job_id, change.number, _detail(change, kind, whose, sequence, {"job": job}))


def _detail(
    change: TableChange, kind: str, whose: dict[str, str], sequence: int, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"evt_{change.id}",
        "type": kind,
        **whose,
        "sequence": sequence,
        "occurred_at": clock.format_timestamp(change.at),
        "data": data,
        "left_out": [],
    }


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"])
