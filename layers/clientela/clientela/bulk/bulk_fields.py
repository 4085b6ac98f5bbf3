"""The fields of bulk changes: requests, jobs and results."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_values import Status
from clientela.schema.documents import Model
from clientela.schema.fields import Id, Name, Timestamp

MAX_IDS = 1000  # customers that can be changed by id while the caller waits a few seconds

Names = Annotated[list[Name], Field(max_length=50)]


class ListChange(Model):
    """Entries to add to and to remove from a list of the customer. Groups are named by id.

    An entry in both lists is added.
    """

    add: Names = []
    """The entries to add. Example: ["vip"]"""
    remove: Names = []
    """The entries to remove. Example: ["prospect"]"""


class BulkChange(Model):
    """The fields to change. Absent fields stay."""

    groups: ListChange | None = None
    """The groups to join and to leave, by id."""
    tags: ListChange | None = None
    """The tags to add and to remove."""
    tax_exempt: StrictBool | None = None
    """The new value of `tax_exempt`."""
    status: Status | None = None
    """The new status."""
    invite: Literal[True] | None = None
    """Whether to invite the customers by mail, as `inviteCustomer` does. Example: true"""


class NewBulk(Model):
    """A bulk change of the customers with these ids, of those that pass a filter, or of all.

    With `dry_run` nothing is written.

    Example: {"filter": {"country": "ES"}, "changes": {"tags": {"add": ["spain"]}}}
    """

    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    """The ids of the customers; without `filter`. Example: ["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]"""
    filter: CustomerFilter | None = None
    """The filter that the customers pass; without `ids`."""
    all: StrictBool = False
    """Whether to change every customer; without `ids`, and with no filter. Example: false"""
    changes: BulkChange
    """The same changes for each of them."""
    dry_run: StrictBool = False
    """Whether to write nothing and only count the customers; false by default. Example: false"""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        is_filtered = self.filter is not None and bool(self.filter.model_dump(exclude_none=True))
        if self.filter is not None and not (is_filtered or self.all):
            raise ValueError("The filter is empty. To change every customer, send all as true.")
        if (self.ids is not None) + is_filtered + self.all != 1:
            raise ValueError("Name the customers by ids, by a filter or by all: one of the three.")
        if all(change in (None, ListChange()) for _, change in self.changes):
            raise ValueError("Name at least one change.")
        return self


class BulkResult(Model):
    """The result for one customer. `code` and `message` say why it failed."""

    id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    result: Literal["changed", "unchanged", "failed"]
    """Whether the customer was changed."""
    code: str | None = None
    """The problem code of a failure, else null. Example: null"""
    message: str | None = None
    """Why it failed, else null. Example: null"""


class BulkJob(Model):
    """A bulk change that runs as a job."""

    id: str
    """The id of the bulk change. Example: blk_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Literal["queued", "running", "succeeded", "failed"] = "queued"
    """The state of the bulk change."""
    filter: CustomerFilter | None = None
    """The filter that the customers pass; null for a change by id. `[hidden]` stands for a value
    that named a customer who was erased."""
    changes: BulkChange
    """The changes for each customer."""
    changed: int = 0
    """The number of changed customers so far. Example: 40"""
    unchanged: int = 0
    """The number of customers so far that were already as wanted. Example: 18"""
    failed: int = 0
    """The number of customers so far that could not be changed. Example: 1"""
    created_at: Timestamp
    """When the bulk change was requested."""
    finished_at: Timestamp | None = None
    """When the bulk change ended."""
    message: str | None = None
    """Why the bulk change failed, else null. Example: null"""
