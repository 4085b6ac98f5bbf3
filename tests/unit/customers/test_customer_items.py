"""The items of new customers, built without their records, are those of the records, byte for byte."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from clientela import clock
from clientela.customers import consents, customer_records, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.schema.actors import Actor
from clientela.stores.stores import Store

NOW = clock.now()
HOME = {"street": "Rilská 3174/6", "city": "Praha", "postal_code": "14300", "country": "CZ", "phone": "+420777123456"}
PEOPLE: dict[str, dict[str, Any]] = {
    "an e-mail alone": {},
    "a name": {"name": "Zoë Ωmega  Ångström", "company": "Æsir & Søn"},
    "an umlaut domain": {"email": "ana@bücher.example"},
    "a local part outside ASCII": {"email": "ána@example.com"},
    "long texts": {"name": "x" * 200, "company": "é" * 200, "note": "n" * 5000},
    "a consent": {"accepts_marketing": True},
    "no consent": {"accepts_marketing": False},
    "addresses": {"billing_address": HOME, "shipping_addresses": [HOME, HOME | {"city": "Brno"}], "phone": "777123456"},
    "a VAT ID": {"vat_id": "ESB12345674", "billing_address": {"country": "ES"}},
    "groups and tags": {"groups": ["grp_1", "grp_2"], "primary_group": "grp_2", "tags": ["a|b\\c", "VIP"]},
    "an exemption": {"tax_exempt": True, "tax_exemption": {"reason": "reseller", "expires_on": "2999-01-31"}},
    "an exemption without an end": {"tax_exempt": True},
    "custom fields": {"custom_fields": {"n": 1, "f": 0.5, "t": "é", "b": False}},
    "other systems' ids": {"external_ids": {"shopify": "6543"}},
    "a disabled account": {"status": "disabled", "language": "pt-BR"},
}


@pytest.mark.parametrize("welcome", [False, True])
@pytest.mark.parametrize("fields", PEOPLE.values(), ids=PEOPLE)
def test_items_equal_those_of_the_records(store: Store, fields: dict[str, Any], welcome: bool) -> None:
    new = NewCustomer.model_validate({"email": "Ana@example.com"} | fields)
    customer = customers.build(new, NOW, "import").model_copy(
        update={"created_by": Actor("import", "imp_1"), "created_at": NOW - timedelta(days=900)}
    )
    claim, profile = customer_records.items(store, customer, welcome=welcome)
    assert encoded(claim) == encoded(customer_records.claim(store, customer).item())
    assert encoded(profile) == encoded(customer_records.record(store, customer, welcome=welcome).item())


def test_the_ledger_begins_with_the_consent_of_a_new_customer(store: Store) -> None:
    subscribed = NewCustomer(email="ana@example.com", accepts_marketing=True)
    customer = customers.build(subscribed, NOW, "import")
    [record] = consents.records(store, None, customer)
    assert (record.consent.state, record.consent.source, record.consent.recorded_at) == ("subscribed", "import", NOW)


def encoded(item: dict[str, Any]) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
