"""A customer as one compressed attribute of its profile, in the table and in its indexes.

The JSON of a customer repeats field names and words that all customers share. Compressed with a
dictionary of those, a typical customer takes 130 bytes instead of 440: a profile stays below the
1 KB of one write unit, and the index entries can carry the customer, so that a list needs no second
read (docs/decisions/0002-the-layout-of-the-directory.md).

The id is not part of it, because it ends the partition key that the profile and each entry have.
"""

import zlib
from base64 import b64encode
from binascii import a2b_base64
from typing import Any

import orjson
from pydantic import BaseModel

from clientela.customers import tax_exemptions
from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import MarketingConsent, TaxExemption
from clientela.schema.documents import STORED
from clientela.table import keys
from clientela.table.dynamodb import Item

type CustomerJson = dict[str, Any]

# The attribute that has the customer. The indexes sorted by orders project the second one, the
# others the first one: so an order of a customer with orders rewrites no entry of the others.
WITHOUT_ORDERS, WITH_ORDERS = "customer", "buyer"
ATTRIBUTES = (WITHOUT_ORDERS, WITH_ORDERS)
PROJECTION = ", ".join(("pk", *ATTRIBUTES))

# Stored customers can only be read with the dictionary that compressed them: never change it. A
# better one gets the next number, and this one stays for reading.
_FORMAT = b"\x01"
_DICTIONARY = (
    b'"groups":["grp_01"],"primary_group":"grp_01","tags":["wholesale","vip"],"tax_exempt":true,'
    b'"tax_exemption":{"reason":"","jurisdiction":"","expires_on":"202"custom_fields":{""note":"'
    b'"external_ids":{"shopify":""vat_id":"FRITPTESDEvat_id_status":"pending""unavailable""invalid"'
    b'"not_checkable""valid""status":"disabled""type":"guest","last_sign_in_at":"202"'
    b'"marketing_consent":{"state":"unsubscribed""subscribed","source":"import""merchant""order",'
    b'"wording":"","at":"202"},"accepts_marketing":false,"accepts_marketing":true,"access_version":'
    b'"filled_by_orders":{"sources":{"ORDER#2026-01-01T00:00:00.000Z#":["name","phone","language",'
    b'"seen":["is_touched":true,"registered_at":"202""created_by":{"kind":"api_key""customer"'
    b'"operator""order""import","id":"key_01imp_01"shipping_addresses":[{"id":"adr_01",'
    b'"is_default":true,"name":""company":"","street2":"","language":"it-fr-de-pt-en-es",'
    b'"email_status":"proven","version":2,"phone":"+1+44+33+39+55+49+34","orders_count":1,'
    b'"orders_total":1,"total_spent":[{"amount":"9.99","currency":"USDEUR","orders":1}],'
    b'"average_order_value":{"amount":"9.00","currency":"EUR"},"first_order_at":"2026-01-01T00:00'
    b':00.000Z","last_order_at":"2026-01-01T00:00:00.000Z","last_order_status":"paid",'
    b'"last_payment_method":"card","source":"merchant""order""import",'
    b'"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z"'
    b'{"name":"","first_name":"","last_name":"","company":"","billing_address":{"street":"Calle '
    b'Street Avenue Road ","city":"","postal_code":"0000","region":"","country":"ES"},'
    b'"phone":"+","email":"@outlook.com@hotmail.com@gmail.com","source":"import","created_at":"202'
)


def _empty(model: type[BaseModel]) -> CustomerJson:
    optional = ((name, field) for name, field in model.model_fields.items() if not field.is_required())
    return {name: field.get_default(call_default_factory=True) for name, field in optional if not field.exclude}


_EMPTY, _EMPTY_SHIPPING_ADDRESS = _empty(Customer), _empty(ShippingAddress)
_EMPTY_PARTS = {
    "billing_address": _empty(Address),
    "tax_exemption": _empty(TaxExemption),
    "marketing_consent": _empty(MarketingConsent),
}
_UNPUBLISHED = {name: field.default for name, field in Customer.model_fields.items() if field.exclude}


def has_orders(customer: Customer) -> bool:
    """Return whether the customer holds orders, counted or not."""
    return customer.last_order_at is not None


def stored_json(customer: Customer) -> CustomerJson:
    """Return the fields to store, as JSON values: those that differ from their default."""
    fields = customer.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for name, default in _UNPUBLISHED.items():
        value = getattr(customer, name)
        if value is not default and (text := _json(value)):
            fields[name] = text
    return fields


def compress(fields: CustomerJson) -> str:
    """Return the value of a binary attribute, in base64 as DynamoDB's protocol has it.

    An item with the customer's partition key needs the fields without the id.
    """
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_DICTIONARY)
    return b64encode(_FORMAT + compressor.compress(orjson.dumps(fields)) + compressor.flush()).decode()


def load(profile: Item) -> Customer:
    """Return the customer that a profile, or a change of one in the stream, has."""
    text = decompress(profile)
    if "pk" in profile:
        text = b'{"id":"%s",%s' % (_id(profile).encode(), text[1:])
    return Customer.model_validate_json(text, context=STORED)


def load_raw(profile: Item) -> CustomerJson:
    """Return the stored fields as JSON values. Fields at their default are missing."""
    fields: CustomerJson = orjson.loads(decompress(profile))
    if "pk" in profile:
        fields["id"] = _id(profile)
    return fields


def is_in(item: Item) -> bool:
    """Return whether an item has the customer: every profile does, an index entry may."""
    return WITHOUT_ORDERS in item or WITH_ORDERS in item


def published(fields: CustomerJson) -> CustomerJson:
    """Return stored fields as `Customer.model_dump(mode="json")` would, but faster."""
    customer = _EMPTY | fields
    for name in _UNPUBLISHED:
        customer.pop(name, None)
    for name, empty in _EMPTY_PARTS.items():
        if customer[name]:
            customer[name] = empty | customer[name]
    if customer["tax_exempt"] and tax_exemptions.is_over((customer["tax_exemption"] or {}).get("expires_on")):
        customer["tax_exempt"] = False
    customer["shipping_addresses"] = [_EMPTY_SHIPPING_ADDRESS | address for address in customer["shipping_addresses"]]
    return customer


def _json(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else value


def decompress(item: Item) -> bytes:
    """Return the stored JSON of the customer that an item has."""
    attribute = item.get(WITHOUT_ORDERS) or item[WITH_ORDERS]
    return zlib.decompressobj(-zlib.MAX_WBITS, _DICTIONARY).decompress(a2b_base64(attribute["B"])[1:])


def _id(item: Item) -> str:
    return keys.customer_id_of(item["pk"]["S"])
