"""Events for other systems, from changes of the table.

Each field of an event is copied from the item by name, so that no key, hash or token can get into
one.
"""

from typing import Any, NamedTuple

from clientela import clock
from clientela.customers import stored_customers
from clientela.customers.stored_customers import CustomerJson
from clientela.exports import schedule_states
from clientela.exports.export_jobs import ExportJob
from clientela.exports.schedule_states import ScheduleState
from clientela.imports.import_jobs import ImportRecord, ImportUndo
from clientela.orders.order_fields import Order
from clientela.sign_in.sessions import Session
from clientela.stores.audit_trail import AuditEntry
from clientela.table import job_keys, keys
from clientela.table.attributes import load
from clientela.table.dynamodb import Item
from clientela.table.stream import TableChange

# A change of these alone is no event, or has an event of its own.
IGNORED = {"version", "updated_at", "last_sign_in_at"}
FINAL_STATUSES = ("succeeded", "failed", "cancelled")


class BusEvent(NamedTuple):
    """An event for the bus: `detail` is one of event_schemas.AnyEvent, as JSON values.

    Events of one `subject` (a customer's or job's id) are published one after the other.
    """

    type: str
    subject: str
    number: str  # sequence number of its change in the stream
    detail: dict[str, Any]


def event_from_change(change: TableChange) -> BusEvent | None:
    """Return the event for a change of the table, or None if the change is no event."""
    if change.sk == keys.PROFILE:
        return _customer(change)
    if change.after is None:
        return None
    if change.sk.startswith(keys.ORDER_PREFIX):
        # An unclaimed order has no customer's version, and no event.
        return _order(change, change.after) if "customer_version" in change.after else None
    if change.sk.startswith(keys.SESSION_PREFIX):
        return _session(change, change.after)
    if change.sk.startswith(job_keys.IMPORT_PREFIX):
        return _import(change, change.after)
    if change.sk.startswith(job_keys.EXPORT_PREFIX):
        return _export(change, change.after)
    if change.sk.startswith(job_keys.EXPORT_SCHEDULE_STATE_PREFIX):
        return _schedule(change, change.after)
    if change.sk.startswith(keys.AUDIT_PREFIX):
        return _audit(change, change.after)
    return None


def _customer(change: TableChange) -> BusEvent | None:
    if change.after is None:
        sequence = _number(change.before or {}, "version") + 1
        return _customer_event(change, "customer.deleted", sequence, {})
    after, sequence = _published(change.after), _number(change.after, "version")
    if change.before is None:
        return _customer_event(change, "customer.created", sequence, {"customer": after})
    changed = _changed_fields(_published(change.before), after)
    if not changed:
        return None
    return _customer_event(change, "customer.updated", sequence, {"customer": after, "changed": changed})


def _published(profile: Item) -> CustomerJson:
    return stored_customers.published(stored_customers.load_raw(profile))


def _changed_fields(before: CustomerJson, after: CustomerJson) -> list[str]:
    return [name for name in after if name not in IGNORED and after[name] != before.get(name)]


def _order(change: TableChange, after: Item) -> BusEvent:
    order = load(Order, after["order"]).model_dump(mode="json")
    return _customer_event(change, "order.recorded", _number(after, "customer_version"), {"order": order})


def _session(change: TableChange, after: Item) -> BusEvent | None:
    if change.before:  # an existing session was used
        return None
    session = load(Session, after["session"]).model_dump(mode="json", include={"id", "device", "signed_in_by"})
    return _customer_event(change, "customer.signed_in", _number(after, "customer_version"), {"session": session})


def _import(change: TableChange, after: Item) -> BusEvent | None:
    is_undone = _is_undo_over(after) and not _is_undo_over(change.before or {})
    if not is_undone and not _has_just_ended(change, after):
        return None
    record = ImportRecord.from_raw_data(after)
    job = record.as_job()
    kind, sequence = ("import.undone", 1 + int(record.undo_number)) if is_undone else ("import.finished", 1)
    return _job_event(change, kind, job.id, sequence, job.model_dump(mode="json"))


def _is_undo_over(item: Item) -> bool:
    return "undo" in item and load(ImportUndo, item["undo"]).status != "running"


def _export(change: TableChange, after: Item) -> BusEvent | None:
    if not _has_just_ended(change, after):
        return None
    job = load(ExportJob, after["job"])
    return _job_event(change, "export.finished", job.id, _number(after, "version"), job.model_dump(mode="json"))


def _schedule(change: TableChange, after: Item) -> BusEvent | None:
    failing = {"S": schedule_states.FAILING}
    if after.get("status") != failing or (change.before or {}).get("status") == failing:
        return None
    state = load(ScheduleState, after["state"])
    schedule_id = change.sk.removeprefix(job_keys.EXPORT_SCHEDULE_STATE_PREFIX)
    fields = state.model_dump(mode="json", include={"last_success_at", "message"})
    schedule = {
        "id": schedule_id,
        "failures_in_a_row": state.failures_in_a_row,
        "last_export": next(run.export for run in state.runs if run.status == "failed"),
        **fields,
    }
    number = _number(after, "version")
    return _store_event(change, "export_schedule.failing", schedule_id, number, {"schedule": schedule})


def _audit(change: TableChange, after: Item) -> BusEvent | None:
    if change.before:  # an erasure hid an id
        return None
    entry = load(AuditEntry, after["entry"])
    return _store_event(change, "audit.recorded", entry.id, 1, {"entry": entry.model_dump(mode="json")})


def _has_just_ended(change: TableChange, after: Item) -> bool:
    before = change.before or {}
    return after["status"]["S"] in FINAL_STATUSES and before.get("status") != after["status"]


def _customer_event(change: TableChange, kind: str, sequence: int, data: dict[str, Any]) -> BusEvent:
    store_id, customer_id = keys.customer_of(change.pk)
    subject_ids = {"store_id": store_id, "customer_id": customer_id}
    return BusEvent(kind, customer_id, change.number, _detail(change, kind, subject_ids, sequence, data))


def _job_event(change: TableChange, kind: str, job_id: str, sequence: int, job: dict[str, Any]) -> BusEvent:
    return _store_event(change, kind, job_id, sequence, {"job": job})


def _store_event(change: TableChange, kind: str, subject: str, sequence: int, data: dict[str, Any]) -> BusEvent:
    subject_ids = {"store_id": keys.store_of(change.pk)}
    return BusEvent(kind, subject, change.number, _detail(change, kind, subject_ids, sequence, data))


def _detail(
    change: TableChange, kind: str, subject_ids: dict[str, str], sequence: int, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"evt_{change.id}",
        "type": kind,
        **subject_ids,
        "sequence": sequence,
        "occurred_at": clock.format_timestamp(change.at),
        "data": data,
        "left_out": [],
    }


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"])
