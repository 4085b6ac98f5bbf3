"""The events that go out: what each holds. docs/events.json is made from here, and docs/events.md says how to use it."""

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

OrderRow = create_model(
    "OrderRow",
    __base__=Model,
    __doc__="An order, less what was too large for an event.",
    **(all_optional(Order) | {"id": (str, ...)}),
)


class EventBase(Model):
    """What all events have: the `detail` of an entry on the bus.

    `id` is the same however often the event comes. `sequence` grows with the changes of a customer or job; events of one
    change share it. `occurred_at` is exact to the second. `left_out` names what of `data` was too large for the bus.
    """

    id: Annotated[str, Field(examples=["evt_c4ca4238a0b923820dcc509a6f75849b"])]
    store_id: str
    sequence: int
    occurred_at: Timestamp
    left_out: list[str] = []


class CustomerEvent(EventBase):
    """What the events of a customer have."""

    customer_id: str


class CustomerState(Model):
    """A customer as the merchant API answers it."""

    customer: CustomerRow


class CustomerChange(CustomerState):
    """A customer after a change, with the names of the fields that it changed."""

    changed: list[str]


class Nothing(Model):
    """There is nothing more to say."""


class SignedInSession(Model):
    """The session that a sign-in has opened."""

    id: str
    device: Line | None = None
    signed_in_by: SignInMethod


class SignIn(Model):
    """What a sign-in has opened."""

    session: SignedInSession


class RecordedOrder(Model):
    """An order at a new version. It was somebody else's before where its e-mail has changed."""

    order: OrderRow


class FinishedImport(Model):
    """An import at its end, as the merchant API answers it."""

    job: ImportJob


class FinishedExport(Model):
    """An export at its end, as the merchant API answers it."""

    job: ExportJob


class CustomerCreated(CustomerEvent):
    """A customer is there: by the API, an import, an order or a sign-in (`customer.source`)."""

    type: Literal["customer.created"]
    data: CustomerState


class CustomerUpdated(CustomerEvent):
    """A customer has changed."""

    type: Literal["customer.updated"]
    data: CustomerChange


class CustomerDeleted(CustomerEvent):
    """A customer is gone. Its id never comes back."""

    type: Literal["customer.deleted"]
    data: Nothing


class CustomerSignedIn(CustomerEvent):
    """A customer has signed in."""

    type: Literal["customer.signed_in"]
    data: SignIn


class OrderRecorded(CustomerEvent):
    """An order, or a new version of it, is in its customer's account."""

    type: Literal["order.recorded"]
    data: RecordedOrder


class ImportFinished(EventBase):
    """An import has ended: `job.status` says how."""

    type: Literal["import.finished"]
    data: FinishedImport


class ExportFinished(EventBase):
    """An export has ended: `job.status` says how. One that failed may be run again, and then ends again."""

    type: Literal["export.finished"]
    data: FinishedExport


type AnyEvent = Annotated[
    CustomerCreated
    | CustomerUpdated
    | CustomerDeleted
    | CustomerSignedIn
    | OrderRecorded
    | ImportFinished
    | ExportFinished,
    Field(discriminator="type"),
]
