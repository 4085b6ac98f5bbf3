"""Customers of a store: create, find, change. Every write is conditional on the version read."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.customers import (
    consents,
    customer_history,
    customer_input,
    external_ids,
    filled_fields,
    merged_ids,
    stored_customers,
)
from clientela.customers.customer_fields import Customer, NewCustomer, customer_of
from clientela.customers.customer_records import Alias, CustomerRecord, EmailClaim, claim, record
from clientela.customers.customer_values import Source
from clientela.errors import (
    BusyError,
    CustomerMergedError,
    CustomerNotFoundError,
    EmailTakenError,
    VersionConflictError,
)
from clientela.groups import groups
from clientela.schema import email_addresses
from clientela.schema.actors import OPERATOR, Actor
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.transactions import Transaction

type History = Literal["newest", "items", "none"]

VOID_AFTER = timedelta(minutes=1)  # a claim without a customer is void after that

_EMAIL_TAKEN = "Another customer of this store has this e-mail."


def create(
    store: Store, new: NewCustomer, now: datetime, by: Actor = OPERATOR, source: Source = "merchant"
) -> Customer:
    """Create a customer with its e-mail claim.

    Only the claim is written under a condition; the profile follows directly, at half the cost of a
    transaction. If the process dies in between, `find` deletes the claim a minute later
    (docs/decisions/0003). A customer with external ids is written in one transaction, because
    nothing would find their claims void.

    Raises:
        EmailTakenError: another customer of the store has this e-mail.
        ExternalIdTakenError: another customer of the store has one of the external ids.
        GroupUnknownError: a group does not exist.
        InvalidInputError: the customer is too large.
        BusyError: the e-mail is just being claimed.

    Cost: 6 write units (claim, profile, four index entries); 1 more for a marketing consent, and up
    to 4 for each KB of the profile after the first. 1 read unit per group. In a transaction 4 more,
    and 2 for each external id.
    """
    customer = build(new, now, source).model_copy(update={"created_by": by})
    if customer.external_ids:
        _create_at_once(store, customer, now, by)
        return customer
    customer_input.require_fits(customer)
    groups.require_exist(store, customer.groups)
    _put_claim(store, customer, now)
    dynamodb.put_all([each.item() for each in (record(store, customer), *consents.records(store, None, customer))])
    return customer


def build(new: NewCustomer, now: datetime, source: Source, **fields: Any) -> Customer:
    """Return a new customer, without writing it; `fields` replace its id and times."""
    made = {
        "source": source,
        "created_at": now,
        "updated_at": now,
        "type": "guest" if source == "order" else "registered",
        "vat_id_status": "pending" if new.vat_id else "none",
    } | fields
    customer = customer_of(new, id=made.pop("id", None) or ids.new("cus", now), **made)
    return consents.reconcile(None, customer, source, now)


def add(write: Transaction, store: Store, customer: Customer, by: Actor, *, welcome: bool = False) -> None:
    """Add a new customer and its claims to a transaction.

    `welcome` requests a welcome mail. The transaction raises EmailTakenError if the e-mail is
    claimed, ExternalIdTakenError if an external id is, and GroupUnknownError if a group does not
    exist.

    Raises:
        InvalidInputError: the customer is too large.
    """
    customer = customer.model_copy(update={"created_by": by})
    customer_input.require_fits(customer)
    groups.expect_exist(write, store, customer.groups)
    # A claim of its own is left from an attempt to create the same customer that ended too early.
    is_free = EmailClaim.pk.does_not_exist() | (EmailClaim.customer_id == customer.id)
    write.put_record(claim(store, customer), is_free, EmailTakenError(_EMAIL_TAKEN))
    external_ids.add_changes(write, store, (None, customer))
    write.put_record(
        record(store, customer, welcome=welcome), CustomerRecord.pk.does_not_exist(), VersionConflictError()
    )
    consents.add_change(write, store, None, customer)


def get(store: Store, customer_id: str) -> Customer:
    """Return a customer.

    Raises:
        CustomerMergedError: the customer was merged into another one.
        CustomerNotFoundError: the store has no such customer.

    Cost: 1 read unit per 4 KB; 2 if there is no such customer.
    """
    item = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
    if item is None:
        alias = Alias.find(keys.merged(store.id, customer_id), keys.ALIAS)
        if alias:
            raise CustomerMergedError(customer_id, alias.into_id)
        raise CustomerNotFoundError(Sentence("Customer “{id}” not found.", id=customer_id))
    return stored_customers.load(item)


def find(store: Store, email: str, now: datetime) -> Customer | None:
    """Return the customer to whom an e-mail in any spelling leads, or None. Deletes a void claim.

    The former e-mail of a merged customer leads to the one who remains.

    Raises:
        ValueError: `email` is not an e-mail address.

    Cost: 2 read units; at least 2 more for the former e-mail of a merged customer.
    """
    canonical = email_addresses.canonical(email)
    stored = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    if stored is None:
        return None
    with contextlib.suppress(CustomerNotFoundError):
        owner = get(store, merged_ids.owner_of(store, stored))
        # The e-mail may have changed between the two reads.
        return owner if leads_to(stored, owner) else None
    if stored.claimed_at < clock.format_timestamp(now - VOID_AFTER):
        with contextlib.suppress(BusyError):
            # Unless its customer is repaired at this moment: then the claim is written anew.
            is_same = (EmailClaim.customer_id == stored.customer_id) & (EmailClaim.claimed_at == stored.claimed_at)
            records.delete(stored, is_same, BusyError())
    return None


def leads_to(stored: EmailClaim, owner: Customer) -> bool:
    """Return whether the e-mail of a claim leads to a customer read after it.

    It is the customer's own, or that of another one who was merged into this one.
    """
    return stored.merged_from is not None or has_own_email(stored.pk, owner.email)


def has_own_email(claim_key: str, email: str) -> bool:
    """Return whether the claim with this key is that of an e-mail."""
    return email_addresses.canonical(email) == keys.email_of(claim_key)


def has_email(store: Store, customer: Customer, canonical: str, now: datetime) -> bool:
    """Return whether an e-mail leads to the customer. 2 to 5 read units if it is another."""
    is_own = email_addresses.canonical(customer.email) == canonical
    owner = None if is_own else find(store, canonical, now)
    return is_own or (owner is not None and owner.id == customer.id)


def patch(
    store: Store,
    customer_id: str,
    changes: Any,
    now: datetime,
    version: int | None = None,
    by: Actor = OPERATOR,
) -> Customer:
    """Apply a JSON Merge Patch (RFC 7396) to a customer. The result is validated as a whole.

    Without `version` the patch is merged into concurrent changes of others.

    Raises:
        InvalidInputError: the changed customer is invalid.
        VersionConflictError: `version` is not the stored one, and the changes are not yet made.
        EmailTakenError: another customer of the store has the new e-mail.
        ExternalIdTakenError: another customer of the store has a new external id.
        GroupUnknownError: a new group does not exist.
        CustomerNotFoundError: the store has no such customer.

    Cost: as `change`.
    """

    def apply(before: Customer) -> Customer:
        after = filled_fields.write(customer_input.apply_patch(before, changes, store.country), changes)
        if after != before:  # else already made: the same request, repeated (RFC 9110, 13.1.1)
            require_version(before, version)
        return after

    return change(store, customer_id, apply, now, by)


def change(
    store: Store, customer_id: str, apply: Callable[[Customer], Customer], now: datetime, by: Actor = OPERATOR
) -> Customer:
    """Change a customer by `apply`, which runs again if others changed the customer meanwhile.

    Nothing is written if `apply` changes nothing.

    Raises:
        EmailTakenError: another customer of the store has the new e-mail.
        ExternalIdTakenError: another customer of the store has a new external id.
        GroupUnknownError: a new group does not exist.
        InvalidInputError: the customer is too large.
        CustomerNotFoundError: the store has no such customer.
        BusyError: others kept changing the customer.

    Cost: 4 write units; 1 for the history of the change before; 3 if a customer with orders changes
    what filters compare; 1 for each index entry whose key changes and for new words of the search.
    A new e-mail, external id or consent makes a transaction of it, which doubles the units.
    """

    def attempt() -> Customer:
        before = get(store, customer_id)
        after = consents.reconcile(before, apply(before), consents.source_of(by), now)
        if after == before:
            return before
        after = after.model_copy(update={"version": before.version + 1, "updated_at": now})
        try:
            with Transaction() as write:
                after = replace(write, store, before, after, by)
        except EmailTakenError:
            if find(store, after.email, now):
                raise
            raise BusyError from None  # the claim was void and is deleted now
        return after

    return retry_on_conflict(attempt)


def replace(
    write: Transaction,
    store: Store,
    before: Customer,
    after: Customer,
    by: Actor,
    *,
    history: History = "newest",
    is_vacant: bool = False,
    beside: external_ids.Change = (None, None),
) -> Customer:
    """Add a changed customer, its history and its new claims to a transaction.

    Return the customer as it will be stored. Disabling the account and changing its e-mail make all
    older sessions and sign-in links void in the same write (docs/decisions/0022). `is_vacant` lets
    the stream's follow-up remove a guest that no order needs. `beside` is another customer whom the
    transaction deletes or restores: external ids pass from one to the other. `history` says whether
    the entries of this change become part of the customer, items of their own, or none.

    The transaction raises BusyError if `before` is not the stored version, EmailTakenError if the
    new e-mail is claimed, ExternalIdTakenError if a new external id is, and GroupUnknownError if a
    new group does not exist.

    Raises:
        InvalidInputError: the customer is too large.
    """
    customer_input.require_fits(after)
    after = filled_fields.settle(before, after, by)
    groups.expect_exist(write, store, [group for group in after.groups if group not in before.groups])
    old, new = claim(store, before), claim(store, after)
    is_moved, is_locked = old.pk != new.pk, after.status == "disabled" != before.status
    access_version = after.version if is_moved or is_locked else before.access_version
    after = after.model_copy(update={"access_version": access_version})
    follow_up = is_moved or is_vacant or after.status != before.status
    after = _with_history(write, store, before, after, by, history)
    write.put_record(record(store, after, follow_up=follow_up), CustomerRecord.version == before.version, BusyError())
    if is_moved:
        write.delete(old)
        # The former e-mail of somebody merged into this customer is claimed for this customer.
        is_free = EmailClaim.pk.does_not_exist() | (EmailClaim.customer_id == after.id)
        write.put_record(new, is_free, EmailTakenError(_EMAIL_TAKEN))
    external_ids.add_changes(write, store, (before, after), beside)
    consents.add_change(write, store, before, after)
    return after


def _with_history(
    write: Transaction, store: Store, before: Customer, after: Customer, by: Actor, history: History
) -> Customer:
    if history == "none":
        return after.model_copy(update={"newest_history": before.newest_history})
    return customer_history.add_changes(write, store, before, after, by, as_items=history == "items")


def require_version(before: Customer, version: int | None) -> None:
    """Raise VersionConflictError if `version` is given and is not the stored one."""
    if version not in (None, before.version):
        raise VersionConflictError(Sentence("The customer is at version {version}.", version=before.version))


def _create_at_once(store: Store, customer: Customer, now: datetime, by: Actor) -> None:
    """Write a new customer and its claims in one transaction."""

    def attempt() -> None:
        try:
            with Transaction() as write:
                add(write, store, customer, by)
        except EmailTakenError:
            if find(store, customer.email, now):
                raise
            raise BusyError from None  # the claim is void and deleted now, or its customer is just being put

    retry_on_conflict(attempt, attempts=2)


def _put_claim(store: Store, customer: Customer, now: datetime) -> None:
    """Claim the customer's e-mail. A claim of its own, whose reply was lost, is recognised.

    Raises:
        EmailTakenError: another customer of the store has this e-mail.
        BusyError: the e-mail is just being claimed.
    """
    new = claim(store, customer)

    def attempt() -> None:
        if dynamodb.write("PutItem", Item=new.item(), ConditionExpression="attribute_not_exists(pk)").done:
            return
        stored = EmailClaim.find(new.pk, new.sk)
        if stored and stored.customer_id == customer.id:
            return
        if find(store, customer.email, now):
            raise EmailTakenError(_EMAIL_TAKEN)
        raise BusyError  # the claim is void and deleted now, or its customer is just being put

    retry_on_conflict(attempt, attempts=2)
