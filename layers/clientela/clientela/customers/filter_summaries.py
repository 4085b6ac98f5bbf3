"""A filter of customers as the audit trail may keep it: without values that tell of a person."""

from typing import Any

from clientela.customers.customer_filter import CustomerFilter
from clientela.schema.actors import FieldChange
from clientela.stores.audit_trail import HIDDEN

# Values of many customers. Every other field, also a new one, is hidden.
SHOWN = {
    "group", "status", "type", "tax_exempt", "accepts_marketing", "country", "language", "tag", "min_orders",
    "max_orders", "min_spent", "max_spent", "created_from", "created_to", "updated_from", "updated_to",
    "last_order_from", "last_order_to",
}  # fmt: skip


def as_changes(filter_: CustomerFilter) -> list[FieldChange]:
    """Return the filter's fields for an entry of the audit trail."""
    fields = shown(filter_)
    return [FieldChange(field="filter", after=fields)] if fields else []


def shown(filter_: CustomerFilter) -> dict[str, Any]:
    """Return the filter's fields, with `[hidden]` for a value that tells of a person."""
    fields = filter_.model_dump(mode="json", exclude_none=True)
    return {name: value if name in SHOWN else HIDDEN for name, value in fields.items()}
