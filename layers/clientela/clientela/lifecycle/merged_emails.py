"""The former e-mails of merged customers: they lead to the one who remains, until released."""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import customers
from clientela.customers.customer_records import EmailClaim, MergedCustomer
from clientela.errors import BusyError, MergeNotFoundError
from clientela.lifecycle import merge_records
from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.transactions import Transaction


class _TakenError(Exception):
    """The address is somebody else's by now."""


class PastMerge(Model):
    """A customer who was merged into this one."""

    from_id: str
    """The id of the merged customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    email: Email
    """Its e-mail, in lower case. Orders, sign-ins and imports with it reach this customer."""
    merged_at: Timestamp
    """When it was merged."""
    released_at: Timestamp | None = None
    """When the e-mail was released; null while it leads to this customer."""
    undo_until: Timestamp | None = None
    """Until when the merge can be undone; null if it no longer can."""


def list_all(store: Store, customer_id: str, now: datetime) -> list[PastMerge]:
    """Return the customers who were merged into this one, latest first — CustomerNotFoundError.

    Cost: 1 read unit per 4 KB of the customer and of each merge.
    """
    customer = customers.get(store, customer_id)
    merged = MergedCustomer.list_by_prefix(keys.customer(store.id, customer.id), keys.MERGED_PREFIX)
    return sorted(
        (_to_model(store, each, customer.id, now) for each in merged), key=lambda m: m.merged_at, reverse=True
    )


def release(store: Store, customer_id: str, from_id: str, now: datetime, by: Actor) -> None:
    """Release the e-mail of a merged customer: it leads to nobody, and may be anybody's.

    Repeated, it changes nothing.

    Raises:
        CustomerNotFoundError: there is no such customer.
        MergeNotFoundError: the other customer was not merged into this one.

    Cost: 3 read units, 4 write units.
    """
    customer = customers.get(store, customer_id)

    def attempt() -> None:
        merged = MergedCustomer.find(keys.customer(store.id, customer.id), keys.merged_customer(from_id))
        if merged is None:
            raise MergeNotFoundError(Sentence("Customer “{id}” was not merged into this customer.", id=from_id))
        claim = EmailClaim.find(keys.email(store.id, merged.email), keys.CLAIM)
        with Transaction() as write:
            released = MergedCustomer.released_at.set(merged.released_at or clock.format_timestamp(now))
            write.update(merged, [released], MergedCustomer.pk.exists(), BusyError())
            if claim and claim.merged_from == from_id:
                write.delete(claim, EmailClaim.merged_from == from_id, BusyError())
                changes = [FieldChange(field="id", before=customer.id, after=from_id)]
                audit_trail.add(write, store, by, now, "customers.email_released", customer.id, changes)

    retry_on_conflict(attempt)


def remove_claim(store: Store, email: str, merged_from: AbstractSet[str]) -> None:
    """Let a former e-mail lead to nobody if it is that of one of these merged customers.

    Cost: 1 read unit; 1 write unit if it is.
    """
    claim = EmailClaim.find(keys.email(store.id, email), keys.CLAIM)
    if claim and claim.merged_from in merged_from:
        with suppress(_TakenError):
            records.delete(claim, EmailClaim.merged_from == claim.merged_from, _TakenError())


def _to_model(store: Store, merged: MergedCustomer, customer_id: str, now: datetime) -> PastMerge:
    from_id = merged.sk.removeprefix(keys.MERGED_PREFIX)
    record = merge_records.find(store, from_id)
    can_undo = record is not None and record.into_id == customer_id and now <= record.undo_until
    return PastMerge(
        from_id=from_id,
        email=merged.email,
        merged_at=datetime.fromisoformat(merged.merged_at),
        released_at=datetime.fromisoformat(merged.released_at) if merged.released_at else None,
        undo_until=record.undo_until if record and can_undo else None,
    )
