"""A customer in the table: the profile with its index entries, and the claim of its e-mail.

A profile has the customer, compressed, and what the directory knows of it (customer_facets.py). The
indexes sorted by orders are sparse: they have the customers with orders only.
"""

from typing import Any

from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.constants import BINARY

from clientela import clock
from clientela.customers import customer_facets, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.schema import email_addresses
from clientela.signing import sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.dynamodb import Item
from clientela.table.records import Record


class _CustomerAttribute(UnicodeAttribute):
    """A compressed customer, as base64 text: DynamoDB's protocol has binary values so."""

    attr_type = BINARY


class CustomerAttribute(Attribute[Customer]):
    """A customer outside the directory, compressed as in a profile."""

    attr_type = BINARY

    def serialize(self, value: Customer) -> str:
        return stored_customers.compress(stored_customers.stored_json(value))

    def deserialize(self, value: str) -> Customer:
        return stored_customers.load({stored_customers.WITHOUT_ORDERS: {"B": value}})


class CustomerRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `PROFILE`."""

    version = NumberAttribute()
    customer = _CustomerAttribute(null=True)  # a customer without orders
    buyer = _CustomerAttribute(null=True)  # a customer with orders
    welcome = BooleanAttribute(null=True)  # on a new customer: the import requested a welcome mail
    vat_id_pending = UnicodeAttribute(null=True)  # the VAT ID to check; the stream's filter selects it
    # The write changed the e-mail or status, or left a guest without orders; the stream's filter
    # selects it.
    follow_up = BooleanAttribute(null=True)
    status = UnicodeAttribute()  # the stream's followers compare it before and after

    dir = UnicodeAttribute()  # a short name, because each index entry repeats it
    sdir = UnicodeAttribute()  # the same for the search, whose index has customers only
    created_key = UnicodeAttribute()
    name_key = UnicodeAttribute()
    email_key = UnicodeAttribute()
    spent_key = UnicodeAttribute(null=True)
    orders_key = UnicodeAttribute(null=True)
    last_order_key = UnicodeAttribute(null=True)

    facets = UnicodeAttribute()
    search = UnicodeAttribute()
    exempt_until = UnicodeAttribute(null=True)  # the last day of the tax exemption
    # True if none of the orders counts: then a list sorted by those has the customer at its end.
    uncounted = BooleanAttribute(null=True)
    updated_at = NumberAttribute(null=True)  # of a customer without orders, in milliseconds
    buyer_updated_at = NumberAttribute(null=True)  # of a customer with orders: apart, as `buyer` is


class EmailClaim(Record):
    """`STORE#demo#EMAIL#ana@example.com` / `CLAIM`: the customer to whom an e-mail leads.

    The customer is put in the same transaction, or directly after the claim.
    """

    customer_id = UnicodeAttribute()
    claimed_at = UnicodeAttribute()
    merged_from = UnicodeAttribute(null=True)  # the customer who had it and was merged into this one


class Alias(Record):
    """`STORE#demo#MERGED#cus_01K…` / `ALIAS`: the customer that another one was merged into.

    No personal data.
    """

    AUDITED = True
    into_id = UnicodeAttribute()


class MergedCustomer(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `MERGED#cus_01J…`: a customer that was merged into this one.

    Its own collection is deleted some days later, so this is where an erasure finds what it must
    follow.
    """

    email = UnicodeAttribute()  # canonical, at the merge
    merged_at = UnicodeAttribute()
    released_at = UnicodeAttribute(null=True)  # since then the e-mail does not lead here
    ids = UnicodeSetAttribute()  # its own, and those merged into it earlier
    emails = UnicodeSetAttribute()  # canonical, each after a time at which the person had it and a space


def record(store: Store, customer: Customer, *, welcome: bool = False, follow_up: bool = False) -> CustomerRecord:
    """Return the profile of a customer with its index entries.

    `welcome` requests a mail to a new customer; `follow_up` marks a write that changed e-mail or
    status or left a guest without orders. The filters of the table's stream select both.
    """
    return CustomerRecord(**_profile(store, customer, welcome=welcome, follow_up=follow_up))


def items(store: Store, customer: Customer, *, welcome: bool = False) -> tuple[Item, Item]:
    """Return the items of a new customer's claim and profile, as their records have them."""
    profile = _profile(store, customer, welcome=welcome, follow_up=False)
    return EmailClaim.build_item(**_claim(store, customer)), CustomerRecord.build_item(**profile)


def _profile(store: Store, customer: Customer, *, welcome: bool, follow_up: bool) -> dict[str, Any]:
    fields = stored_customers.stored_json(customer)
    has_orders = stored_customers.has_orders(customer)
    compressed = stored_customers.compress({name: value for name, value in fields.items() if name != "id"})
    updated_at = clock.milliseconds(customer.updated_at)
    directory = keys.directory(store.id, bucket(customer.id, store.directory.written_buckets))
    return {
        "pk": keys.customer(store.id, customer.id),
        "sk": keys.PROFILE,
        "version": customer.version,
        "customer": None if has_orders else compressed,
        "buyer": compressed if has_orders else None,
        "welcome": welcome or None,
        "follow_up": follow_up or None,
        "vat_id_pending": customer.vat_id if customer.vat_id_status == "pending" else None,
        "status": customer.status,
        "dir": directory,
        "sdir": directory,
        **customer_facets.sort_keys(fields, store.currency),
        "facets": customer_facets.facets(fields),
        "search": customer_facets.search_text(fields),
        "exempt_until": customer_facets.exempt_until(fields),
        "uncounted": (has_orders and customer.orders_count == 0) or None,
        "updated_at": None if has_orders else updated_at,
        "buyer_updated_at": updated_at if has_orders else None,
    }


def claim(store: Store, customer: Customer) -> EmailClaim:
    """Return the claim of a customer's e-mail."""
    return EmailClaim(**_claim(store, customer))


def _claim(store: Store, customer: Customer) -> dict[str, Any]:
    return {
        "pk": keys.email(store.id, email_addresses.canonical(customer.email)),
        "sk": keys.CLAIM,
        "customer_id": customer.id,
        "claimed_at": clock.format_timestamp(customer.updated_at),
    }


def bucket(customer_id: str, buckets: int) -> int:
    """Return the directory bucket of a customer: a hash of the id, so only `buckets` changes it."""
    return int(sha256_hex(customer_id)[:4], 16) % buckets
