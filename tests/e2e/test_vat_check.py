"""A VAT ID on its way from the table's stream to the check, in the deployed stack, where no registry can be reached."""

import time

from local.outputs import Outputs

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.stores import stores
from clientela.stores.stores import StoreSettings

SECONDS = 120


def test_without_a_registry_that_answers_a_vat_id_is_unavailable(inside: Outputs) -> None:
    store = stores.create("vat", StoreSettings(name="VAT"), clock.now())
    made = customers.create(store, NewCustomer(email="ana@example.com", vat_id="ESB12345674"), clock.now())
    assert made.vat_id_status == "pending"
    deadline = time.monotonic() + SECONDS
    while (status := customers.get(store, made.id).vat_id_status) == "pending" and time.monotonic() < deadline:
        time.sleep(0.3)
    assert status == "unavailable"
