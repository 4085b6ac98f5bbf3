"""Sign-in in the deployed stack: what nobody may find afterwards, and mail that does not arrive."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, eventually
from tests.support import table_items

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings


@pytest.fixture
def shop(inside: Outputs) -> Store:
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example")
    return stores.create(f"shop-{time.time_ns()}", settings, clock.now())


@pytest.fixture
def api(inside: Outputs, shop: Store) -> Any:
    with httpx.Client(base_url=f"{inside.api_url}/v1/stores/{shop.id}", timeout=60, trust_env=False) as client:
        yield client


def mail_to(cloud: Outputs, email: str) -> dict[str, Any] | None:
    mails = httpx.get(f"{cloud.mailbox_url}/messages.json", trust_env=False).json()
    return next((mail for mail in mails if email in mail["to"]), None)


def everything_kept(cloud: Outputs, cloud_client: MakeClient) -> dict[str, str]:
    """All that the stack holds, by where: the table, every queue, every log."""
    kept = {"table": json.dumps(table_items.everything(cloud.table, cloud_client("dynamodb")))}
    kept["queues"] = httpx.get(f"{cloud.endpoint_url}/_ministack/sqs/messages", trust_env=False).text
    logs = cloud_client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        found = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
        kept[name] = json.dumps([event["message"] for page in found for event in page["events"]])
    return kept


def test_no_secret_of_a_sign_in_is_kept_anywhere(
    inside: Outputs, cloud_client: MakeClient, shop: Store, api: httpx.Client
) -> None:
    asked = api.post("/login-links", json={"email": "canary@shop.example"}).json()
    mail = eventually(lambda: mail_to(inside, "canary@shop.example"))
    token = urlsplit(next(link for link in mail["links"] if "#" in link)).fragment.removeprefix("token=")
    code = next(word for word in mail["text"].replace("\n", " ").split("  ") if word.replace(" ", "").isdigit())
    proof = {"token": token, "nonce": asked["nonce"]}
    assert api.post("/sessions", json={"token": token}).json()["code"] == "browser_mismatch"
    assert api.post("/sessions", json=proof | {"nonce": "x"}).json()["code"] == "browser_mismatch"
    opened = api.post("/sessions", json=proof, headers={"Idempotency-Key": "canary-of-the-attempt"})
    assert opened.status_code == 201, opened.text
    assert api.post("/sessions", json=proof).json()["code"] == "link_used"
    session = opened.json()["session_token"]
    assert api.get("/account", headers={"Authorization": f"Bearer {session}"}).status_code == 200
    secrets = [
        token,
        token.partition(".")[2],
        asked["nonce"],
        session,
        session.split("_", 3)[3],
        "canary-of-the-attempt",
        code,
        code.replace(" ", ""),
    ]
    kept = everything_kept(inside, cloud_client)
    # The search does find what is there.
    places = {place.rpartition("-")[2] for place, text in kept.items() if asked["request_id"] in text}
    assert {"table", "sender"} <= places
    found = {
        place
        for place, text in kept.items()
        for secret in secrets
        if f'"{secret}"' in text or (len(secret) > 7 and secret in text)
    }
    assert found == set()


@pytest.mark.parametrize(("name", "status"), [("bounce", "bounced"), ("complaint", "complained")])
def test_mail_that_bounces_or_is_complained_about_is_the_last(
    inside: Outputs, shop: Store, api: httpx.Client, name: str, status: str
) -> None:
    customer = customers.create(shop, NewCustomer(email=f"{name}@simulator.amazonses.com"), clock.now())
    assert api.post("/login-links", json={"email": customer.email}).status_code == 202
    key = api_keys.create(shop.id, NewKey(name="e2e"), clock.now()).key
    merchant = {"Authorization": f"Bearer {key}"}

    def told() -> list[str] | None:
        events = api.get(f"/customers/{customer.id}/sign-ins", headers=merchant).json()["items"]
        return [event["event"] for event in events] if len(events) == 3 else None

    assert set(eventually(told)) == {status, "sent", "requested"}
    stopped = eventually(lambda: customers.get(shop, customer.id).email_status == status or None)
    assert stopped
