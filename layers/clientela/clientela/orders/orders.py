"""Orders: record, move, count in statistics. The rules: docs/orders.md.

Everything that an order shows on its customer is written in one transaction with the customer, on
condition of the version that was read. So the version locks the customer's orders too: what was
read of them still holds at the commit, and statistics are exact even if messages repeat, come late
or at once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from clientela.concurrency import retry_on_conflict
from clientela.customers import consents, customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import EmailClaim
from clientela.customers.filled_fields import has_only_orders
from clientela.customers.tombstones import PersonErasedError
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError, OrderNotFoundError, VersionConflictError
from clientela.orders import order_fills, order_owners, order_profile, order_records, order_statistics
from clientela.orders.order_fields import ID_LENGTH, Order
from clientela.orders.order_owners import Owner
from clientela.orders.order_records import OrderRecord, StoredOrder
from clientela.orders.order_statistics import Contribution
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.transactions import Transaction

type Addition = Callable[[Transaction], None]  # of writes to a transaction
CONFLICTS = (BusyError, EmailTakenError, VersionConflictError)  # of orders of the same customer or e-mail
ATTEMPTS = 12  # of a write that meets other orders of the same customer; about ten seconds in all
# The fields of an order that can change without a change of its customer.
_ORDER_ONLY_FIELDS = {"number", "version", "updated_at", "fulfillment_status", "items", "notes"}
_CUSTOMER_RELEVANT_FIELDS = tuple(name for name in Order.model_fields if name not in _ORDER_ONLY_FIELDS)
_UNINDEXED_FIELDS = ("orders_total", "last_order_status", "last_payment_method", "filled_by_orders")


def record_version(store: Store, order: Order, now: datetime) -> bool:
    """Record a version of an order. Return False, without a write, if it or a later one is stored.

    One transaction writes the order, its reference and the customer with its statistics. If the
    e-mail is new to the store, it creates the account as well, unless its status or the store
    forbids that (`order_profile.guest`). The order moves if its e-mail or time changed; the order
    alone is written if the version changes nothing on the customer, such as a fulfilment status. If
    the customer was erased after the order was placed, only the money record is stored.

    A version without e-mail has that of the newest earlier version with one, also if that version
    arrives later. An order that never had one is stored without account.

    Raises:
        BusyError: others kept changing the same customer.
    """
    return retry_on_conflict(partial(_record_version, store, order, now), CONFLICTS, ATTEMPTS)


def get(store: Store, customer_id: str, order_id: str) -> Order:
    """Return one order of a customer.

    Raises:
        OrderNotFoundError: the customer has no such order.

    Cost: 2 read units.
    """
    # An order id in a path may be longer than a key can be.
    stored = order_records.find(store, order_id) if len(order_id) <= ID_LENGTH else None
    if stored and stored.order and stored.reference.customer_id == customer_id:
        return stored.order
    raise OrderNotFoundError(Sentence("This customer has no order “{id}”.", id=order_id))


def move(
    store: Store,
    order_id: str,
    from_id: str,
    into_id: str,
    now: datetime,
    by: Actor,
    also: Addition = lambda _write: None,
) -> bool:
    """Move an order and its part of the statistics to another customer, in one transaction.

    `also` adds writes to it. Returns False if the first customer does not have the order.

    Raises:
        CustomerNotFoundError: the other customer does not exist.
        BusyError: others kept changing the same customers.

    Cost: as an order whose e-mail changes.
    """
    return retry_on_conflict(partial(_move, store, order_id, from_id, into_id, now, by, also), CONFLICTS, ATTEMPTS)


def rehome(store: Store, order_id: str, from_id: str, now: datetime) -> None:
    """Give an order of a customer who is gone to the one who has its e-mail now, or to nobody.

    Nothing changes if the order is elsewhere already.

    Raises:
        BusyError: others kept changing the order or its new customer.

    Cost: as an order whose e-mail changes.
    """
    retry_on_conflict(partial(_rehome, store, order_id, from_id, now), CONFLICTS, ATTEMPTS)


def next_version(before: Customer, after: Customer, now: datetime) -> Customer:
    """Return the customer at the next version.

    The version always rises, because it locks the orders. `updated_at` stays if only fields changed
    that are in no index: then no index entry has to be written.
    """
    with_old_fields = after.model_copy(update={name: getattr(before, name) for name in _UNINDEXED_FIELDS})
    updated_at = {} if with_old_fields == before else {"updated_at": now}
    return after.model_copy(update={"version": before.version + 1} | updated_at)


def _move(store: Store, order_id: str, from_id: str, into_id: str, now: datetime, by: Actor, also: Addition) -> bool:
    stored = order_records.find(store, order_id)
    if stored is None or stored.order is None or stored.reference.customer_id != from_id:
        return False
    owner = order_owners.by_id(store, into_id, order_id)
    if owner is None:
        raise CustomerNotFoundError(Sentence("Customer “{id}” not found.", id=into_id))
    reference = order_records.reference(store, into_id, stored.reference.email, stored.order)
    collection, version = reference.collection(store), owner.customer.version + 1
    record = order_records.record(collection, version, stored.order, stored.email_version)
    after = next_version(owner.customer, _with_order(store, owner, stored.order, None, held=1), now)
    with Transaction() as write:
        order_records.write_order(write, reference, record, stored)
        _remove_from_owner(write, store, stored, now, by, keeps_fields=True)
        customers.replace(write, store, owner.customer, after, by)
        also(write)
    return True


def _rehome(store: Store, order_id: str, from_id: str, now: datetime) -> None:
    stored = order_records.find(store, order_id)
    if stored and stored.order and stored.reference.customer_id == from_id:
        _record_with_customer(store, stored.order, stored.email_version, stored, now)


def _record_version(store: Store, order: Order, now: datetime) -> bool:
    stored = order_records.find(store, order.id)
    email_version: int | None = order.version
    if stored and stored.version >= order.version:
        if order.email is None or stored.order is None or stored.email_version >= order.version:
            return False
        order = stored.order.model_copy(update={"email": order.email})  # the newer version arrived without it
    elif stored and order.email is None:
        email_version = stored.email_version
        order = order.model_copy(update={"email": stored.order.email if stored.order else stored.reference.email})
    if stored and stored.reference.money:
        _record_money(store, order, stored, now)
        return True
    is_order_only = stored and stored.order and _changes_order_only(stored.order, order)
    if stored and is_order_only and _replace_order(store, stored, order, email_version):
        return True
    _record_with_customer(store, order, email_version, stored, now)
    return True


def _changes_order_only(before: Order, after: Order) -> bool:
    """Return whether a new version changes nothing on its customer or in the statistics."""
    return all(getattr(before, name) == getattr(after, name) for name in _CUSTOMER_RELEVANT_FIELDS)


def _replace_order(store: Store, stored: StoredOrder, order: Order, email_version: int | None) -> bool:
    """Write the order alone. Return False if its customer is being deleted with its orders."""
    customer_version = None
    if stored.reference.customer_id:
        profile = dynamodb.get(keys.customer(store.id, stored.reference.customer_id), keys.PROFILE)
        if profile is None:
            return False
        customer_version = int(profile["version"]["N"])
    collection = stored.reference.collection(store)
    record = order_records.record(collection, customer_version, order, email_version)
    records.put(record, OrderRecord.version == stored.version, BusyError())
    return True


def _record_with_customer(
    store: Store, order: Order, email_version: int | None, stored: StoredOrder | None, now: datetime
) -> None:
    """Write an order together with its customer and, if it moves, its previous customer."""
    email = email_addresses.canonical(order.email) if order.email else None
    owner = _find_owner(store, order, email, stored, now)
    customer = owner.customer if owner else order_fills.guest(store, order, now)
    old_owner_id = stored.reference.customer_id if stored else None
    left_id = old_owner_id if old_owner_id and not (customer and customer.id == old_owner_id) else None
    if left_id and tombstones.find_pending(store, left_id):
        return _record_money(store, order, stored, now)
    version = customer.version + (owner is not None) if customer else None  # a new customer keeps version 1
    reference = order_records.reference(store, customer.id if customer else None, email, order)
    counted = stored.order if stored and owner and old_owner_id == owner.customer.id else None
    record = order_records.record(reference.collection(store), version, order, email_version)
    try:
        with Transaction() as write:
            order_records.write_order(write, reference, record, stored)
            if stored and left_id:
                _remove_from_owner(write, store, stored, now, _actor(order))
            if owner:
                _count_for_owner(write, store, owner, order, counted, now)
            elif email:
                tombstones.require_not_erased_since(write, store, email, order.placed_at)
                _add_customer(write, store, customer, order, email)
    except PersonErasedError:
        _record_money(store, order, stored, now)
    return None


def _add_customer(write: Transaction, store: Store, customer: Customer | None, order: Order, email: str) -> None:
    """Add the new customer of an order; without one, require that the e-mail is still unclaimed."""
    if customer:
        guest = _with_order(store, Owner(customer, None), order, None, held=1)
        customers.add(write, store, guest, _actor(order))
    else:
        is_unclaimed = EmailClaim.pk.does_not_exist()
        write.check(EmailClaim, keys.email(store.id, email), keys.CLAIM, is_unclaimed, EmailTakenError())


def _count_for_owner(
    write: Transaction, store: Store, owner: Owner, order: Order, counted: Order | None, now: datetime
) -> None:
    """Count an order in place of its `counted` version, and fill the account from it."""
    others = partial(order_owners.orders_between, store, owner.customer.id, order.id)
    filled = order_fills.fill(owner.customer, order, store.country, others)
    removed = order_statistics.contribution(counted) if counted else None
    after = _with_order(store, Owner(filled, owner.newest), order, removed, held=int(counted is None))
    after = next_version(owner.customer, after, now)
    is_vacant = has_only_orders(after) and not order_profile.makes_account(store, order)
    customers.replace(write, store, owner.customer, after, _actor(order), is_vacant=is_vacant)


def _record_money(store: Store, order: Order, stored: StoredOrder | None, now: datetime) -> None:
    """Store only the money record of an order whose customer was erased after it was placed."""
    customer_id = stored.reference.customer_id if stored else None
    owner = order_owners.by_id(store, customer_id, order.id) if customer_id else None
    with Transaction() as write:
        write.put_record(
            order_records.erased_reference(store, order),
            order_records.is_unchanged(stored and stored.reference),
            BusyError(),
        )
        if stored and stored.record and (owner or customer_id is None):
            write.delete(stored.record, OrderRecord.version == stored.record.version, BusyError())
            _remove_from_owner(write, store, stored, now, _actor(order))


def _actor(order: Order) -> Actor:
    return Actor("order", order.id)


def _find_owner(
    store: Store, order: Order, email: str | None, stored: StoredOrder | None, now: datetime
) -> Owner | None:
    """Return the stored owner while the order's e-mail stays, else the owner of the e-mail."""
    if stored and stored.reference.customer_id and stored.reference.email == email:
        owner = order_owners.by_id(store, stored.reference.customer_id, order.id)
        if owner:
            return owner
    return order_owners.by_email(store, email, order.id, now) if email else None


def _remove_from_owner(
    write: Transaction, store: Store, stored: StoredOrder, now: datetime, by: Actor, *, keeps_fields: bool = False
) -> None:
    """Remove the order from the stored owner, if that customer still exists.

    What it filled into the account leaves with it unless `keeps_fields`.
    """
    order, customer_id = stored.order, stored.reference.customer_id
    owner = order_owners.by_id(store, customer_id, order.id) if order and customer_id else None
    if owner is None or order is None:
        return
    other_orders = partial(order_owners.first_counted_at, store, owner.customer.id, order.id)
    after = order_statistics.apply_order(owner.customer, order_statistics.contribution(order), None, other_orders)
    after = order_owners.with_latest(after, owner.newest, held=-1)
    if not keeps_fields:
        others = partial(order_owners.orders_between, store, owner.customer.id, order.id)
        after = order_fills.take_out(after, order.id, store.country, others)
    after, is_vacant = next_version(owner.customer, after, now), not keeps_fields and has_only_orders(after)
    customers.replace(write, store, owner.customer, after, by, is_vacant=is_vacant)
    if not keeps_fields:
        consents.add_undone(write, store, owner.customer, after, "order")


def _with_order(store: Store, owner: Owner, order: Order, removed: Contribution | None, held: int) -> Customer:
    """Return the owner with the order in its statistics, in place of the `removed` contribution.

    `held` is 1 if the customer did not have the order, else 0.
    """
    other_orders = partial(order_owners.first_counted_at, store, owner.customer.id, order.id)
    added = order_statistics.contribution(order)
    after = order_statistics.apply_order(owner.customer, removed, added, other_orders)
    return order_owners.with_latest(after, order_owners.latest_of(order, owner.newest), held)
