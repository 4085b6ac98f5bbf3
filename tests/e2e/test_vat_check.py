"""A VAT ID on its way from the table's stream to the check, in the deployed stack, where no registry can be reached."""

import os
import time

import pytest
from local.environment import ACCESS_KEY
from local.outputs import Outputs
from tests.deployment import forget_caches

from clientela import clock, customers, stores
from clientela.customer_fields import NewCustomer
from clientela.stores import StoreSettings

SECONDS = 120


def test_without_a_registry_that_answers_a_vat_id_is_unavailable(
    cloud: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", cloud.region)
    monkeypatch.setenv("TABLE_NAME", cloud.table)
    forget_caches()
    store = stores.create("vat", StoreSettings(name="VAT"), clock.now())
    made = customers.create(store, NewCustomer(email="ana@example.com", vat_id="ESB12345674"), clock.now())
    assert made.vat_id_status == "pending"
    deadline = time.monotonic() + SECONDS
    while (status := customers.get(store, made.id).vat_id_status) == "pending" and time.monotonic() < deadline:
        time.sleep(0.3)
    assert status == "unavailable"
    forget_caches()
