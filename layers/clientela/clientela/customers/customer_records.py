"""A customer in the table: the profile with its entries in six directory indexes, the e-mail claim.

All indexes project the same facets (template.yaml), so DynamoDB applies every filter and the
keyword search in every sort order. Index keys end with the customer's id, so they are unique. The
three indexes by orders are sparse.
"""

from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from clientela import clock
from clientela.customers import tax_exemptions
from clientela.customers.addresses import Address, ShippingAddress, default_address
from clientela.customers.customer_fields import Customer, MarketingConsent, TaxExemption
from clientela.schema import email_addresses
from clientela.schema.text import fold_for_search
from clientela.signing import sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.attributes import DecimalAttribute, DocumentAttribute, load_raw
from clientela.table.records import Record

BUCKETS = 4  # an index partition takes 1,000 writes a second, so a store 4,000 new customers a second

# Each part of the search text follows a control character of its own, which a query cannot contain.
# So the filter of one field searches for "character + beginning", and no match spans two parts.
NAME, EMAIL, COMPANY, PHONE = "\x01", "\x02", "\x03", "\x04"


type CustomerJson = dict[str, Any]


def _empty(model: type[BaseModel]) -> CustomerJson:
    optional = ((name, field) for name, field in model.model_fields.items() if not field.is_required())
    return {name: field.get_default(call_default_factory=True) for name, field in optional if not field.exclude}


_EMPTY, _EMPTY_SHIPPING_ADDRESS = _empty(Customer), _empty(ShippingAddress)
_EMPTY_PARTS = {
    "billing_address": _empty(Address),
    "tax_exemption": _empty(TaxExemption),
    "marketing_consent": _empty(MarketingConsent),
}


_UNPUBLISHED = [name for name, field in Customer.model_fields.items() if field.exclude]


class CustomerAttribute(DocumentAttribute[Customer]):
    """A customer with the fields that are in no response."""

    def serialize(self, value: Customer) -> str:
        text = super().serialize(value)
        plain = ((name, _plain(getattr(value, name))) for name in _UNPUBLISHED)
        unpublished = {name: part for name, part in plain if part}
        return f"{text[:-1]},{orjson.dumps(unpublished).decode()[1:]}" if unpublished else text


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else value


class CustomerRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `PROFILE`."""

    version = NumberAttribute()
    customer = CustomerAttribute(Customer, lean=True)
    welcome = BooleanAttribute(null=True)  # on a new customer: the import requested a welcome mail
    vat_id_pending = UnicodeAttribute(null=True)  # the VAT ID to check; the stream's filter selects it

    # The write changed the e-mail, or left a guest without orders; the stream's filter selects it.
    follow_up = BooleanAttribute(null=True)

    directory = UnicodeAttribute()
    created_key = UnicodeAttribute()
    name_key = UnicodeAttribute()
    email_key = UnicodeAttribute()
    spent_key = UnicodeAttribute(null=True)
    orders_key = UnicodeAttribute(null=True)
    last_order_key = UnicodeAttribute(null=True)

    search = UnicodeAttribute()
    status = UnicodeAttribute()
    type = UnicodeAttribute()
    groups = UnicodeSetAttribute(null=True)
    tags = UnicodeSetAttribute(null=True)
    exempt_until = UnicodeAttribute(null=True)  # the last day of the tax exemption
    accepts_marketing = BooleanAttribute(null=True)
    country = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    orders_count = NumberAttribute()
    spent = DecimalAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    last_order_at = UnicodeAttribute(null=True)


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

    `welcome` requests a mail to a new customer; `follow_up` marks a write that changed the e-mail
    or left a guest without orders. The filters of the table's stream select both.
    """
    return CustomerRecord(
        keys.customer(store.id, customer.id),
        keys.PROFILE,
        version=customer.version,
        customer=customer,
        welcome=welcome or None,
        follow_up=follow_up or None,
        vat_id_pending=customer.vat_id if customer.vat_id_status == "pending" else None,
        directory=keys.directory(store.id, bucket(customer.id)),
        **_sort_keys(store, customer),
        **_facets(store, customer),
    )


def claim(store: Store, customer: Customer) -> EmailClaim:
    """Return the claim of a customer's e-mail."""
    return EmailClaim(
        keys.email(store.id, email_addresses.canonical(customer.email)),
        keys.CLAIM,
        customer_id=customer.id,
        claimed_at=clock.format_timestamp(customer.updated_at),
    )


def customer_json(item: dict[str, Any]) -> CustomerJson:
    """Return a stored profile as `Customer.model_dump(mode="json")` would, but faster."""
    customer: CustomerJson = _EMPTY | load_raw(item["customer"])
    for name in _UNPUBLISHED:
        customer.pop(name, None)
    for name, empty in _EMPTY_PARTS.items():
        if customer[name]:
            customer[name] = empty | customer[name]
    if customer["tax_exempt"] and tax_exemptions.is_over((customer["tax_exemption"] or {}).get("expires_on")):
        customer["tax_exempt"] = False
    customer["shipping_addresses"] = [_EMPTY_SHIPPING_ADDRESS | address for address in customer["shipping_addresses"]]
    return customer


def bucket(customer_id: str) -> int:
    """Return the directory bucket of a customer: a hash of the id, so it never changes."""
    return int(sha256_hex(customer_id)[:2], 16) % BUCKETS


def spent_in(customer: Customer, currency: str) -> Decimal:
    """Return the total of the customer's counted orders in this currency."""
    return next((spend.amount for spend in customer.total_spent if spend.currency == currency), Decimal(0))


def _sort_keys(store: Store, customer: Customer) -> dict[str, Any]:
    entries = {
        "created_key": clock.format_timestamp(customer.created_at),
        # The tab sorts before every character of a folded name, so `ana` comes before `ana maria`.
        "name_key": fold_for_search(customer.name or customer.email)[:200] + "\t",
        "email_key": email_addresses.canonical(customer.email),
    }
    if customer.orders_count:
        entries["spent_key"] = f"{int(spent_in(customer, store.currency) * 10_000):020d}"
        entries["orders_key"] = f"{customer.orders_count:010d}"
    if customer.last_order_at:
        entries["last_order_key"] = clock.format_timestamp(customer.last_order_at)
    return {name: f"{value}#{customer.id}" for name, value in entries.items()}


def _facets(store: Store, customer: Customer) -> dict[str, Any]:
    address = customer.billing_address or default_address(customer.shipping_addresses)
    return {
        "search": search_text(customer),
        "status": customer.status,
        "type": customer.type,
        "groups": set(customer.groups) or None,
        "tags": {fold_for_search(tag) for tag in customer.tags} or None,
        "exempt_until": _last_exempt_day(customer),
        "accepts_marketing": customer.accepts_marketing,
        "country": address and address.country,
        "city": address and address.city and fold_for_search(address.city),
        "postal_code": address and address.postal_code and fold_for_search(address.postal_code),
        "language": customer.language,
        "orders_count": customer.orders_count,
        "spent": spent_in(customer, store.currency),
        "created_at": clock.format_timestamp(customer.created_at),
        "updated_at": clock.format_timestamp(customer.updated_at),
        "last_order_at": customer.last_order_at and clock.format_timestamp(customer.last_order_at),
    }


def _last_exempt_day(customer: Customer) -> str | None:
    """Return the last day of the tax exemption, NEVER without an end, None without exemption."""
    if not customer.tax_exempt:
        return None
    last_day = customer.tax_exemption.expires_on if customer.tax_exemption else None
    return (last_day or tax_exemptions.NEVER).isoformat()


def search_text(customer: Customer) -> str:
    """Return the text of the keyword search: names, e-mail, company and phone, folded."""
    address = customer.billing_address or default_address(customer.shipping_addresses)
    company, phone = (getattr(customer, part) or (address and getattr(address, part)) for part in ("company", "phone"))
    name = customer.name or ""
    more_names = [part for part in (customer.first_name, customer.last_name) if part and part not in name]
    parts = ((NAME, " ".join([name, *more_names])), (EMAIL, customer.email), (COMPANY, company), (PHONE, phone))
    return "".join(mark + fold_for_search(text)[:200] for mark, text in parts if text)
