"""Orders: taken from the order system, shown to their customers, counted in their statistics. The rules: docs/orders.md.

Whatever of an order shows on its customer is written together with the customer, on the version that was read. So the
version locks the customer's orders too: what was read of them beforehand still holds when the transaction commits, and
statistics are exact whatever comes twice, late or at the same time.
"""

import random
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from clientela.customers import consents, customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.customers.customer_records import EmailClaim
from clientela.customers.tombstones import PersonErasedError
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError, OrderNotFoundError, VersionConflictError
from clientela.orders import order_owners, order_profile, order_records, order_statistics
from clientela.orders.order_fields import ID_LENGTH, Order
from clientela.orders.order_owners import LatestOrder, Owner
from clientela.orders.order_records import OrderRecord, OrderReference, StoredOrder
from clientela.orders.order_statistics import Contribution
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.transactions import Transaction

ATTEMPTS = 12  # of an order that meets others of the same customer; about ten seconds in all
# What an order can change of itself without changing anything of its customer.
_OWN = {"number", "version", "updated_at", "fulfillment_status", "items"}
_SHOWN = ("last_order_status", "last_payment_method")
_SHARED = tuple(name for name in Order.model_fields if name not in _OWN)


def record_version(store: Store, order: Order, now: datetime) -> bool:
    """Take one version of an order; False where this version or a later one was taken before: then nothing changes.

    One transaction writes the order, its reference and the customer with its statistics, and where the order's e-mail
    is new to the store, the account and its claim; without an account where the store makes none (`_newcomer`). Where a
    version has another e-mail or time than the one before, the order moves; where nothing of it shows on the customer,
    such as a fulfilment status, the order alone is written. Of an order of somebody who was erased after it was placed only
    the money is taken. BusyError when others kept changing the same customer.
    """
    return persistently(partial(_take, store, order, now))


def get(store: Store, customer_id: str, order_id: str) -> Order:
    """One order of a customer. OrderNotFoundError, also for an order of somebody else. 2 read units."""
    known = (
        order_records.find(store, order_id) if len(order_id) <= ID_LENGTH else None
    )  # no key is as long as some paths
    if known and known.order and known.reference.customer_id == customer_id:
        return known.order
    raise OrderNotFoundError(f"The customer has no order {order_id!r}.")


def move(store: Store, order_id: str, from_id: str, into_id: str, now: datetime, by: Actor) -> None:
    """Move an order to another customer: one transaction takes it out of one's statistics and into the other's.

    Nothing where it is no more with the first. BusyError, CustomerNotFoundError. The units of an order whose e-mail changes.
    """
    persistently(partial(_move, store, order_id, from_id, into_id, now, by))


def persistently[T](attempt: Callable[[], T]) -> T:
    """Do what meets others on the same customer until it gets through. BusyError when it never does."""
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except (BusyError, EmailTakenError, VersionConflictError):
            time.sleep(random.uniform(0, min(2.0, 0.02 * 2**number)))  # noqa: S311 - jitter, nothing secret
    raise BusyError


def next_version(before: Customer, after: Customer, now: datetime) -> Customer:
    """The version is always a new one, since it locks the orders; `updated_at` follows the customer's own fields and the
    figures. What is shown of the newest order is the order's: no index has to be written for it."""
    after = consents.reconcile(before, after, "order", now)
    moved = (
        {}
        if after.model_copy(update={name: getattr(before, name) for name in _SHOWN}) == before
        else {"updated_at": now}
    )
    return after.model_copy(update={"version": before.version + 1} | moved)


def with_latest(customer: Customer, latest: LatestOrder | None) -> Customer:
    """The customer as they show their newest order."""
    method = ((latest and latest.payment_method) or "")[: order_records.MAX_METHOD_LENGTH] or None
    return customer.model_copy(
        update={"last_order_status": latest and latest.payment_status, "last_payment_method": method}
    )


def latest_of(order: Order, other: LatestOrder | None) -> LatestOrder:
    """The newer of an order and another one."""
    this = LatestOrder(keys.order(order.placed_at, order.id), order.payment_status, order.payment_method)
    return other if other and other.sort_key > this.sort_key else this


def _move(store: Store, order_id: str, from_id: str, into_id: str, now: datetime, by: Actor) -> None:
    known = order_records.find(store, order_id)
    if known is None or known.order is None or known.reference.customer_id != from_id:
        return
    holder = order_owners.by_id(store, into_id, order_id)
    if holder is None:
        raise CustomerNotFoundError(f"There is no customer {into_id!r}.")
    reference = order_records.reference(store, into_id, known.reference.email or "", known.order)
    record = order_records.record(reference.place(store), holder.customer.version + 1, known.order)
    after = next_version(holder.customer, _counted(store, holder, known.order, None), now)
    with Transaction() as write:
        _write_order(write, reference, record, known)
        _take_away(write, store, known, now, by)
        customers.replace(write, store, holder.customer, after, by)


def _take(store: Store, order: Order, now: datetime) -> bool:
    known = order_records.find(store, order.id)
    if known and known.version >= order.version:
        return False
    if known and known.reference.money:
        _keep_money(store, order, known, now)
        return True
    if known and known.order and _concerns_itself(known.order, order) and _renewed(store, known, order):
        return True
    _place(store, order, known, now)
    return True


def _concerns_itself(before: Order, after: Order) -> bool:
    """Whether nothing of a new version shows on its customer or is read by anybody who counts."""
    return all(getattr(before, name) == getattr(after, name) for name in _SHARED)


def _renewed(store: Store, known: StoredOrder, order: Order) -> bool:
    """Put a new version in the old one's place, alone. False where its customer is being deleted, and its orders are too."""
    customer_version = None
    if known.reference.customer_id:
        profile = dynamodb.get(keys.customer(store.id, known.reference.customer_id), keys.PROFILE)
        if profile is None:
            return False
        customer_version = int(profile["version"]["N"])
    record = order_records.record(known.reference.place(store), customer_version, order)
    records.put(record, OrderRecord.version == known.version, BusyError())
    return True


def _place(store: Store, order: Order, known: StoredOrder | None, now: datetime) -> None:
    """Put an order where it belongs, with all that shows of it on its customers."""
    email = email_addresses.canonical(order.email)
    holder = _holder(store, order, email, known, now)
    customer = holder.customer if holder else _newcomer(store, order, now)
    earlier = known.reference.customer_id if known else None
    moves = earlier if earlier and not (customer and customer.id == earlier) else None
    if moves and tombstones.find_pending(store, moves):
        return _keep_money(store, order, known, now)
    version = customer.version + (holder is not None) if customer else None
    reference = order_records.reference(store, customer.id if customer else None, email, order)
    record = order_records.record(reference.place(store), version, order)
    try:
        with Transaction() as write:
            _write_order(write, reference, record, known)
            if known and moves:
                _take_away(write, store, known, now, _by(order))
            if holder:
                before = known.order if known and earlier == holder.customer.id else None
                told = known.order if known else None
                _count(write, store, holder, order, before, told, now)
            else:
                tombstones.require_not_erased_since(write, store, email, order.placed_at)
                _begin(write, store, customer, order, email)
    except PersonErasedError:
        _keep_money(store, order, known, now)
    return None


def _begin(write: Transaction, store: Store, customer: Customer | None, order: Order, email: str) -> None:
    """Make the account that the order opens, or demand that nobody has one at that very moment."""
    if customer:
        customers.add(write, store, _counted(store, Owner(customer, None), order, None), _by(order))
    else:
        nobody = EmailClaim.pk.does_not_exist()
        write.check(EmailClaim, keys.email(store.id, email), keys.CLAIM, nobody, EmailTakenError())


def _count(
    write: Transaction,
    store: Store,
    holder: Owner,
    order: Order,
    before: Order | None,
    told: Order | None,
    now: datetime,
) -> None:
    """Count an order for its customer instead of what it counted for `before`, and fill what it did not tell yet."""
    filled = order_profile.fill_missing(holder.customer, order, store.country, told)
    left = order_statistics.contribution(before) if before else None
    after = _counted(store, Owner(filled, holder.newest), order, left)
    customers.replace(write, store, holder.customer, next_version(holder.customer, after, now), _by(order))


def _keep_money(store: Store, order: Order, known: StoredOrder | None, now: datetime) -> None:
    """Take no more of an order than its money: the person was erased after it was placed. Nobody has it afterwards."""
    customer_id = known.reference.customer_id if known else None
    holder = order_owners.by_id(store, customer_id, order.id) if customer_id else None
    with Transaction() as write:
        write.put_record(
            order_records.erased_reference(store, order),
            order_records.is_unchanged(known and known.reference),
            BusyError(),
        )
        if known and known.record and (holder or customer_id is None):
            write.delete(known.record, OrderRecord.version == known.record.version, BusyError())
            _take_away(write, store, known, now, _by(order))


def _by(order: Order) -> Actor:
    return Actor("order", order.id)


def _holder(store: Store, order: Order, email: str, known: StoredOrder | None, now: datetime) -> Owner | None:
    """Who has the order: as before while its e-mail stays, whatever has become of the account's own; else by e-mail."""
    if known and known.reference.customer_id and known.reference.email == email:
        holder = order_owners.by_id(store, known.reference.customer_id, order.id)
        if holder:
            return holder
    return order_owners.by_email(store, email, order.id, now)


def _newcomer(store: Store, order: Order, now: datetime) -> Customer | None:
    """The guest that an order makes; None where the store's mode or the order's country lets none be made by orders."""
    rule = store.country_rules.no_automatic_account
    if store.login_mode == "required" or (rule and order_profile.order_country(order) in rule):
        return None
    return customers.build(order_profile.customer_from_order(order, store.country), now, "order")


def _write_order(write: Transaction, reference: OrderReference, record: OrderRecord, known: StoredOrder | None) -> None:
    old, stale = known and known.record, BusyError()
    if known is None:
        write.put_record(reference, OrderReference.pk.does_not_exist(), stale)
    elif reference.location_fields != known.reference.location_fields or known.record is None:
        write.put_record(reference, order_records.is_unchanged(known.reference), stale)
    if old and (old.pk, old.sk) == (record.pk, record.sk):
        write.put_record(record, OrderRecord.version == old.version, stale)
        return
    write.put_record(record)
    if old:
        write.delete(old, OrderRecord.version == old.version, stale)


def _take_away(write: Transaction, store: Store, known: StoredOrder, now: datetime, by: Actor) -> None:
    """Take the order out of the statistics of the customer who had it, if that customer is still there."""
    order, customer_id = known.order, known.reference.customer_id
    holder = order_owners.by_id(store, customer_id, order.id) if order and customer_id else None
    if holder is None or order is None:
        return
    others = partial(order_owners.counted_at, store, holder.customer.id, order.id)
    after = order_statistics.apply_order(holder.customer, order_statistics.contribution(order), None, others)
    after = next_version(holder.customer, with_latest(after, holder.newest), now)
    customers.replace(write, store, holder.customer, after, by)


def _counted(store: Store, holder: Owner, order: Order, left: Contribution | None) -> Customer:
    others = partial(order_owners.counted_at, store, holder.customer.id, order.id)
    after = order_statistics.apply_order(holder.customer, left, order_statistics.contribution(order), others)
    return with_latest(after, latest_of(order, holder.newest))
