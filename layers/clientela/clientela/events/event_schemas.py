"""The schemas of the events, the source of docs/events.json; docs/events.md explains their use."""

from typing import Annotated, Literal

from pydantic import Field, create_model

from clientela.customers.customer_fields import CustomerRow
from clientela.exports.export_jobs import ExportJob
from clientela.imports.import_jobs import ImportJob
from clientela.orders.order_fields import Order
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Timestamp
from clientela.schema.merge_patch import all_optional
from clientela.sign_in.sessions import SignInMethod
from clientela.stores.audit_trail import AuditEntry

OrderRow = create_model(
    "OrderRow",
    __base__=Model,
    __doc__="An order, without the fields that were too large for an event.",
    **(all_optional(Order) | {"id": (str, ...)}),
)


class EventBase(Model):
    """The fields that all events have: the `detail` of an entry on the bus.

    An event that arrives twice has the same `id`. `sequence` grows with the changes of a customer
    or job; events of one change share it. `occurred_at` is exact to the second. `left_out` names
    the fields of `data` that were too large for the bus.
    """

    id: Annotated[str, Field(examples=["evt_c4ca4238a0b923820dcc509a6f75849b"])]
    store_id: str
    sequence: int
    occurred_at: Timestamp
    left_out: list[str] = []


class CustomerEvent(EventBase):
    """The fields that all events of a customer have."""

    customer_id: str


class CustomerState(Model):
    """A customer as the merchant API returns it."""

    customer: CustomerRow


class CustomerChange(CustomerState):
    """A customer after a change, with the names of the changed fields."""

    changed: list[str]


class NoData(Model):
    """The event has no data."""


class SignedInSession(Model):
    """The session that a sign-in opened."""

    id: str
    device: Line | None = None
    signed_in_by: SignInMethod


class OpenedSession(Model):
    """The data of a sign-in: its session."""

    session: SignedInSession


class RecordedOrder(Model):
    """An order at a new version. If its e-mail changed, it belonged to another customer before."""

    order: OrderRow


class FinishedImport(Model):
    """A finished import as the merchant API returns it."""

    job: ImportJob


class FinishedExport(Model):
    """A finished export as the merchant API returns it."""

    job: ExportJob


class FailingSchedule(Model):
    """An export schedule whose last three runs failed."""

    id: str
    failures_in_a_row: int
    last_success_at: Timestamp | None
    last_export: str
    message: str | None


class FailingExports(Model):
    """The export schedule that is failing."""

    schedule: FailingSchedule


class RecordedAct(Model):
    """An entry of the audit trail as the merchant API returns it."""

    entry: AuditEntry


class CustomerCreated(CustomerEvent):
    """A customer was created: by the API, an import, an order or a sign-in (`customer.source`)."""

    type: Literal["customer.created"]
    data: CustomerState


class CustomerUpdated(CustomerEvent):
    """A customer was changed."""

    type: Literal["customer.updated"]
    data: CustomerChange


class CustomerDeleted(CustomerEvent):
    """A customer was deleted. Its id is never used again."""

    type: Literal["customer.deleted"]
    data: NoData


class CustomerSignedIn(CustomerEvent):
    """A customer signed in."""

    type: Literal["customer.signed_in"]
    data: OpenedSession


class OrderRecorded(CustomerEvent):
    """An order, or a new version of it, was added to its customer's account."""

    type: Literal["order.recorded"]
    data: RecordedOrder


class ImportFinished(EventBase):
    """An import has ended; `job.status` is its result."""

    type: Literal["import.finished"]
    data: FinishedImport


class ImportUndone(EventBase):
    """The undo of an import has ended; `job.undo` has its result. A failed undo may run again."""

    type: Literal["import.undone"]
    data: FinishedImport


class ExportFinished(EventBase):
    """An export has ended; `job.status` is its result. A failed export may run and end again."""

    type: Literal["export.finished"]
    data: FinishedExport


class ExportScheduleFailing(EventBase):
    """The runs of an export schedule have failed three times in a row.

    It is published again only after a success and three more failures.
    """

    type: Literal["export_schedule.failing"]
    data: FailingExports


class AuditRecorded(EventBase):
    """Staff, an API key or an operator did something: `entry` of the audit trail."""

    type: Literal["audit.recorded"]
    data: RecordedAct


type AnyEvent = Annotated[
    CustomerCreated
    | CustomerUpdated
    | CustomerDeleted
    | CustomerSignedIn
    | OrderRecorded
    | ImportFinished
    | ImportUndone
    | ExportFinished
    | ExportScheduleFailing
    | AuditRecorded,
    Field(discriminator="type"),
]
