"""Devices from which a customer has signed in, so that a new one can be reported by mail.

A device is a browser and its system, such as `Firefox on Windows`: as coarse as the list of
sessions, which tracks nobody and survives an update of the browser. Two people with the same
browser look alike.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.table import keys
from clientela.table.records import Record
from clientela.table.stream import TableChange
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=365)  # after the last sign-in
SEEN_EVERY = timedelta(days=30)  # the time of the latest sign-in is as exact as that: it costs a write
_UNKNOWN = "unknown"  # a browser without a known name


class KnownDevice(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `DEVICE#Firefox on Windows`."""

    first_seen_at = UnicodeAttribute()
    last_seen_at = UnicodeAttribute()
    is_first = BooleanAttribute()  # of the customer: nobody is surprised by it
    customer_version = NumberAttribute()  # of the first sign-in from the device
    ttl = NumberAttribute()


class NewDevice(NamedTuple):
    """A customer's first sign-in from another device."""

    store_id: str
    customer_id: str
    device: str


def remember(
    write: Transaction, store_id: str, before: Customer | None, customer: Customer, device: str | None, now: datetime
) -> None:
    """Remember a sign-in's device in the transaction that opens the session.

    `before` is the customer before this sign-in, None if the sign-in creates it. Of two sign-ins at
    once from one new device, one raises BusyError and is repeated.

    Cost: 1 read unit, none for a new customer; 2 write units for a new device and once
    in thirty days.
    """
    pk, sk = keys.customer(store_id, customer.id), keys.device(device or _UNKNOWN)
    known = KnownDevice.find(pk, sk) if before else None
    at, ttl = clock.format_timestamp(now), int((now + RETENTION).timestamp())
    if known is None:
        is_first = before is None or before.last_sign_in_at is None
        new = KnownDevice(
            pk, sk, first_seen_at=at, last_seen_at=at, is_first=is_first, customer_version=customer.version, ttl=ttl
        )
        # A new customer's collection is empty.
        write.put_record(new, KnownDevice.pk.does_not_exist() if before else None)
    elif known.last_seen_at <= clock.format_timestamp(now - SEEN_EVERY):
        write.update(known, [KnownDevice.last_seen_at.set(at), KnownDevice.ttl.set(ttl)], KnownDevice.pk.exists())


def new_device_in(change: TableChange) -> NewDevice | None:
    """Return the new device that a change of the table shows; None for a customer's first one."""
    if not change.sk.startswith(keys.DEVICE_PREFIX) or change.before is not None or change.after is None:
        return None
    if change.after["is_first"]["BOOL"]:
        return None
    return NewDevice(*keys.customer_of(change.pk), change.sk.removeprefix(keys.DEVICE_PREFIX))


def find(store_id: str, customer_id: str, device: str) -> KnownDevice | None:
    """Return a customer's device by its name, or None. 1 read unit."""
    return KnownDevice.find(keys.customer(store_id, customer_id), keys.device(device))


def is_known(store_id: str, customer_id: str, device: str | None) -> bool:
    """Return whether a customer has signed in from a device before. 1 read unit."""
    return find(store_id, customer_id, device or _UNKNOWN) is not None


def name_of(device: str) -> str | None:
    """Return a device's name, or None for a browser without a known name."""
    return None if device == _UNKNOWN else device
