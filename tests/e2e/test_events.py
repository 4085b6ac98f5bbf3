"""Another system follows a store of the deployed stack: everything that happens there comes over the bus."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator
from local.follower import Follower
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, api_of, eventually

from clientela import clock
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

SCHEMA = Draft202012Validator(json.loads((Path(__file__).parents[2] / "docs/events.json").read_text("utf-8")))
ORDER = {
    "id": "1001", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "name": "Ana",
    "currency": "EUR", "total": "49.90", "payment_status": "paid",
}  # fmt: skip


@pytest.fixture
def shop(inside: Outputs) -> Store:
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example")
    return stores.create(f"followed-{time.time_ns()}", settings, clock.now())


@pytest.fixture
def api(inside: Outputs, shop: Store) -> Iterator[httpx.Client]:
    with api_of(inside, shop) as client:
        yield client


def come(follower: Follower, **counts: int) -> list[dict[str, Any]]:
    """The details of the events, once as many of each type have come; `customer_created=1` and so on."""

    def look() -> list[dict[str, Any]] | None:
        found = [event["detail"] for event in follower.poll()]
        told = [detail["type"].replace(".", "_") for detail in found]
        return found if all(told.count(name) >= count for name, count in counts.items()) else None

    return eventually(look)


def audited(follower: Follower, action: str) -> dict[str, Any] | None:
    """The entry of the audit trail with this action, once it has come."""
    details = [event["detail"] for event in follower.poll() if event["detail"]["type"] == "audit.recorded"]
    return next((each["data"]["entry"] for each in details if each["data"]["entry"]["action"] == action), None)


def mail_to(cloud: Outputs, email: str, wanted: str) -> dict[str, Any] | None:
    mails = httpx.get(f"{cloud.mailbox_url}/messages.json", trust_env=False).json()
    return next((mail for mail in mails if email in mail["to"] and wanted in mail["text"]), None)


def test_another_system_follows_orders_changes_sign_ins_imports_and_exports(
    inside: Outputs, shop: Store, api: httpx.Client, cloud_client: MakeClient
) -> None:
    follower = Follower(inside, shop.id)
    body = json.dumps({"store_id": shop.id, "order": ORDER | {"email": f"ana@{shop.id}.example"}})
    cloud_client("sqs").send_message(QueueUrl=inside.orders_queue_url, MessageBody=body)
    # The audit entry of the shop's creation may arrive late.
    first = {each["type"]: each for each in come(follower, customer_created=1, order_recorded=1)}
    created, recorded = first["customer.created"], first["order.recorded"]
    assert (created["sequence"], recorded["sequence"]) == (1, 1)
    assert created["customer_id"] == recorded["customer_id"] == created["data"]["customer"]["id"]
    assert recorded["data"]["order"]["total"] == "49.90"
    assert eventually(lambda: mail_to(inside, f"ana@{shop.id}.example", "Ana"))["subject"]  # the welcome

    assert api.patch(f"/customers/{created['customer_id']}", json={"tags": ["vip"]}).status_code == 200
    updated = come(follower, customer_updated=1)[-1]
    assert (updated["sequence"], updated["data"]["changed"]) == (2, ["tags"])

    asked = api.post("/login-links", json={"email": f"ana@{shop.id}.example"}).json()
    mail = eventually(lambda: mail_to(inside, f"ana@{shop.id}.example", "#token="))
    token = urlsplit(next(link for link in mail["links"] if "#" in link)).fragment.removeprefix("token=")
    assert api.post("/sessions", json={"token": token, "nonce": asked["nonce"]}).status_code == 201
    signed_in = next(each for each in come(follower, customer_signed_in=1) if each["type"] == "customer.signed_in")
    assert (signed_in["sequence"], signed_in["customer_id"]) == (3, created["customer_id"])

    file = {"Bucket": inside.imports_bucket, "Key": f"{shop.id}/new.csv", "Body": b"email\nben@example.com\n"}
    cloud_client("s3").put_object(**file)
    come(follower, import_finished=1, customer_created=2)
    assert api.post("/exports", json={}).status_code == 202
    told = come(follower, export_finished=1)
    jobs = {each["type"]: each["data"]["job"] for each in told if "job" in each["data"]}
    assert (jobs["import.finished"]["created"], jobs["export.finished"]["rows"]) == (1, 2)

    assert api.delete(f"/customers/{created['customer_id']}").status_code == 204
    told = come(follower, customer_deleted=1)
    assert next(each for each in told if each["type"] == "customer.deleted")["sequence"] == 4
    assert eventually(lambda: audited(follower, "customer.deleted"))["target"] == created["customer_id"]
    assert {event["source"] for event in follower.received} == {"clientela.local"}
    assert all(event["detail-type"] == event["detail"]["type"] for event in follower.received)
    for detail in (event["detail"] for event in follower.received):
        SCHEMA.validate(detail)
    assert token.partition(".")[2] not in json.dumps(follower.received)
