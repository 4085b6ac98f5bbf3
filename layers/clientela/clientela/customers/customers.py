"""Customers of a store: create, read, change, delete. Every write is conditional on the version that was read."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from clientela import clock, ids
from clientela.customers import consents, customer_history
from clientela.customers.customer_fields import Customer, NewCustomer, Source
from clientela.customers.customer_history import OPERATOR, Actor
from clientela.customers.customer_records import Alias, CustomerRecord, EmailClaim, claim, record
from clientela.errors import (
    BusyError,
    CustomerMergedError,
    CustomerNotFoundError,
    EmailTakenError,
    GroupUnknownError,
    InvalidInputError,
    VersionConflictError,
)
from clientela.groups import groups
from clientela.schema import email_addresses
from clientela.schema.documents import STORED, InputContext
from clientela.schema.merge_patch import merge
from clientela.schema.validation_errors import invalid_input
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.attributes import load
from clientela.table.transactions import Transaction

ATTEMPTS = 10  # of a change that meets others on the same customer
MAX_BYTES = 190_000  # bytes of a customer as JSON: an entry of the history may hold two
VOID_AFTER = timedelta(minutes=1)  # of a claim whose customer was never put

_TAKEN = "Another customer of this store has this e-mail."


def create(
    store: Store, new: NewCustomer, now: datetime, by: Actor = OPERATOR, source: Source = "merchant"
) -> Customer:
    """Create a customer. EmailTakenError. 6 write units: claim; profile, three index entries and history; 1 more
    for a word on marketing, and for each KB of the profile after the first.

    The claim is the one conditional write that guards; what it promises is put right after it, which is half as dear as a
    transaction. Where a process dies between the two, `find` voids the claim a minute later: docs/decisions.
    """
    customer = build(new, now, source)
    if customer.groups:  # which must be there at that moment: only a transaction can promise it
        find(store, customer.email, now)  # makes a void claim go
        with Transaction() as write:
            add(write, store, customer, by)
        return customer
    _require_fits(customer)
    _take_claim(store, customer, now)
    belongings = [customer_history.registered(store, customer, by), *consents.records(store, None, customer)]
    dynamodb.put_all([each.item() for each in (record(store, customer), *belongings)])
    return customer


def build(new: NewCustomer, now: datetime, source: Source) -> Customer:
    """A customer that is not in the table yet."""
    customer = Customer(
        **new.model_dump(),
        id=ids.new("cus", now),
        source=source,
        created_at=now,
        updated_at=now,
        type="guest" if source == "order" else "registered",
        vat_id_status="pending" if new.vat_id else "none",
    )
    return consents.reconcile(None, customer, source, now)


def add(write: Transaction, store: Store, customer: Customer, by: Actor, *, welcome: bool = False) -> None:
    """Put a new customer, its e-mail claim and its first history as part of a transaction, which raises EmailTakenError.

    `welcome` asks for a mail to one whom no order has made.
    """
    _require_fits(customer)
    write.put_record(claim(store, customer), EmailClaim.pk.does_not_exist(), EmailTakenError(_TAKEN))
    write.put_record(
        record(store, customer, welcome=welcome), CustomerRecord.pk.does_not_exist(), VersionConflictError()
    )
    write.put_record(customer_history.registered(store, customer, by))
    consents.add_change(write, store, None, customer)
    _require_groups(write, store, customer.groups)


def parse_new(store: Store, fields: Any) -> NewCustomer:
    """A new customer as it is sent to a store. InvalidInputError."""
    try:
        return NewCustomer.model_validate(fields, context=InputContext(store.country))
    except ValidationError as error:
        raise invalid_input(error) from None


def get(store: Store, customer_id: str) -> Customer:
    """The customer. CustomerNotFoundError, CustomerMergedError. 1 read unit per 4 KB; 1 more where there is none."""
    item = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
    if item is None:
        alias = Alias.find(keys.merged(store.id, customer_id), keys.ALIAS)
        if alias:
            raise CustomerMergedError(customer_id, alias.into_id)
        raise CustomerNotFoundError(f"There is no customer {customer_id!r}.")
    return load(Customer, item["customer"])


def find(store: Store, email: str, now: datetime) -> Customer | None:
    """The customer who holds an e-mail, in any spelling. ValueError where it is none. 2 read units.

    A claim that has no customer a minute after it was taken belongs to nobody: it is removed.
    """
    canonical = email_addresses.canonical(email)
    claimed = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    if claimed is None:
        return None
    with contextlib.suppress(CustomerNotFoundError):
        holder = get(store, claimed.customer_id)
        # Between the two reads the customer may have got another address.
        return holder if email_addresses.canonical(holder.email) == canonical else None
    if claimed.claimed_at < clock.format_timestamp(now - VOID_AFTER):
        with contextlib.suppress(BusyError):
            records.delete(claimed, EmailClaim.customer_id == claimed.customer_id, BusyError())
    return None


def patch(
    store: Store,
    customer_id: str,
    changes: Any,
    now: datetime,
    version: int | None = None,
    by: Actor = OPERATOR,
) -> Customer:
    """Apply a JSON Merge Patch (RFC 7396), which is checked as a whole with the fields that stay.

    InvalidInputError, EmailTakenError, CustomerNotFoundError; VersionConflictError where `version` is given and is not
    the stored one. Without `version` the patch is merged into whatever others wrote meanwhile.
    """

    def apply(before: Customer) -> Customer:
        require_version(before, version)
        return apply_patch(before, changes, store.country)

    return change(store, customer_id, apply, now, by)


def change(
    store: Store, customer_id: str, apply: Callable[[Customer], Customer], now: datetime, by: Actor = OPERATOR
) -> Customer:
    """Read, apply, write back if nobody else wrote meanwhile, else again: no change of anybody is lost.

    Nothing is written where `apply` changes nothing. 10 write units, 18 for a customer with orders, whose profile is
    above 1 KB and in six indexes; 2 more for each entry that moves, and 4 for another e-mail.
    """
    for _ in range(ATTEMPTS):
        before = get(store, customer_id)
        after = consents.reconcile(before, apply(before), consents.source_of(by), now)
        if after == before:
            return before
        after = after.model_copy(update={"version": before.version + 1, "updated_at": now})
        try:
            with Transaction() as write:
                replace(write, store, before, after, by)
        except BusyError:
            continue
        except EmailTakenError:
            if find(store, after.email, now):
                raise
            continue  # the claim was void, and is gone now
        return after
    raise BusyError


def replace(write: Transaction, store: Store, before: Customer, after: Customer, by: Actor) -> None:
    """Put a changed customer with its history as part of a transaction; the claim follows the e-mail. BusyError if
    `before` is stale."""
    _require_fits(after)
    write.put_record(record(store, after), CustomerRecord.version == before.version, BusyError())
    old, new = claim(store, before), claim(store, after)
    if old.pk != new.pk:
        write.delete(old)
        write.put_record(new, EmailClaim.pk.does_not_exist(), EmailTakenError(_TAKEN))
    customer_history.add_changes(write, store, before, after, by)
    consents.add_change(write, store, before, after)
    _require_groups(write, store, [group for group in after.groups if group not in before.groups])


def require_version(before: Customer, version: int | None) -> None:
    """Raise VersionConflictError where a version is demanded that is not the stored one."""
    if version not in (None, before.version):
        raise VersionConflictError(f"The customer is at version {before.version}.")


def apply_patch(before: Customer, changes: Any, country: str | None) -> Customer:
    """The customer with a JSON Merge Patch applied, not written. InvalidInputError. `version` and `updated_at` stay.

    `country` is the store's: phones of addresses without one are read with it.
    """
    if not isinstance(changes, dict):
        raise InvalidInputError("Send a JSON object with the fields to change.")
    written = before.model_dump(mode="json", include=set(NewCustomer.model_fields))
    after = _checked(merge(written | _replaced(changes), changes), changes, InputContext(country))
    is_new_question = "vat_id" in changes and before.vat_id_status == "unavailable"  # the same ID again: ask again
    is_settled = after.vat_id == before.vat_id and not is_new_question
    vat_id_status = before.vat_id_status if is_settled else "pending" if after.vat_id else "none"
    is_moved = email_addresses.canonical(after.email) != email_addresses.canonical(before.email)
    fields = {name: getattr(after, name) for name in NewCustomer.model_fields}
    fields |= {"vat_id_status": vat_id_status, "email_status": "unproven" if is_moved else before.email_status}
    return before.model_copy(update=fields)


def _replaced(changes: dict[str, Any]) -> dict[str, None]:
    """Fields that are made anew, not merged: a name of its changed parts, a word on marketing with its time and place."""
    named = "name" not in changes and {"first_name", "last_name"} & changes.keys()
    consent = changes.get("marketing_consent")
    said = isinstance(consent, dict) and "state" in consent
    return ({"name": None} if named else {}) | ({"marketing_consent": None} if said else {})


def _checked(whole: dict[str, Any], changes: Any, context: InputContext) -> NewCustomer:
    """The changed customer. Fields that stay passed when they were written: rules that are stricter since do not undo that."""
    try:
        return NewCustomer.model_validate(whole, context=context)
    except ValidationError as error:
        if any(not found["loc"] or found["loc"][0] in {"email", *changes} for found in error.errors()):
            raise invalid_input(error) from None
        old = {str(found["loc"][0]) for found in error.errors()}
    kept = NewCustomer.model_validate(whole, context=STORED)
    fresh = {name: value for name, value in whole.items() if name not in old}
    return NewCustomer.model_validate(fresh, context=context).model_copy(
        update={name: getattr(kept, name) for name in old}
    )


def fits(customer: Customer) -> bool:
    """Whether a customer is no larger than one can be."""
    return _size(customer) <= MAX_BYTES


def _require_fits(customer: Customer) -> None:
    """DynamoDB's items end at 400 KB: what in the history, before and after, comes near that is refused. InvalidInputError."""
    if not fits(customer):
        size = _size(customer) // 1000
        raise InvalidInputError(f"A customer can have {MAX_BYTES // 1000} KB in all; this one has {size}.")


def _size(customer: Customer) -> int:
    """In bytes, without the statistics: whatever room there is, an order is counted."""
    return len(customer.model_dump_json(exclude_none=True, exclude={"total_spent"}).encode())


def _require_groups(write: Transaction, store: Store, added: list[str]) -> None:
    """Nobody comes into a group that is not there, also while it is being deleted. 2 write units a group."""
    for group in added:
        groups.require_exists(write, store, group, GroupUnknownError(f"The store has no group {group!r}."))


def _take_claim(store: Store, customer: Customer, now: datetime) -> None:
    """Take the customer's address. EmailTakenError; one's own claim, whose reply was lost, is recognised."""
    wanted = claim(store, customer)
    for _ in range(2):
        if dynamodb.write("PutItem", Item=wanted.item(), ConditionExpression="attribute_not_exists(pk)").done:
            return
        holder = EmailClaim.find(wanted.pk, wanted.sk)
        if holder and holder.customer_id == customer.id:
            return
        if find(store, customer.email, now):  # else the claim was void, and is gone now
            raise EmailTakenError(_TAKEN)
    raise BusyError("The e-mail is just being taken.")
