"""An account's life in the deployed local cloud: opened by link, approved, checked out with, deleted by its owner.

With IAM enforced: what a function may not do fails here.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, clientela, eventually
from tests.support import table_items

STORE, ANA = "approving", "ana.approved@example.com"


@pytest.fixture(scope="module")
def merchant(cloud: Outputs) -> Iterator[httpx.Client]:
    clientela(
        "stores",
        "create",
        STORE,
        "--name",
        "Approving",
        "--login-mode",
        "optional",
        "--storefront-url",
        "https://a.example",
    )
    headers = {"Authorization": f"Bearer {clientela('keys', 'create', STORE, '--name', 'e2e')['key']}"}
    base = f"{cloud.api_url}/v1/stores/{STORE}"
    with httpx.Client(base_url=base, timeout=60, trust_env=False, headers=headers) as client:
        assert client.patch("/settings", json={"approve_new_accounts": True}).status_code == 200
        yield client


@pytest.fixture(scope="module")
def public(cloud: Outputs, merchant: httpx.Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{cloud.api_url}/v1/stores/{STORE}", timeout=60, trust_env=False) as client:
        yield client


def mails(cloud: Outputs) -> list[dict[str, Any]]:
    found = httpx.get(f"{cloud.mailbox_url}/messages.json", trust_env=False).json()
    return [mail for mail in found if ANA in mail["to"]]


def test_an_account_is_opened_approved_and_deleted(
    cloud: Outputs, cloud_client: MakeClient, merchant: httpx.Client, public: httpx.Client
) -> None:
    policy = eventually(  # the setting holds everywhere within half a minute
        lambda: found if (found := _policy(public))["policy"] == "approval_needed" else None
    )
    assert (policy["guest_allowed"], policy["sign_in"]) == (False, "needed")

    asked = public.post("/login-links", json={"email": ANA}).json()
    mail = eventually(lambda: next(iter(mails(cloud)), None))
    link = next(link for link in mail["links"] if "#" in link)
    proof = {"token": urlsplit(link).fragment.removeprefix("token="), "nonce": asked["nonce"]}
    opened = public.post("/sessions", json=proof).json()
    session = {"Authorization": f"Bearer {opened['session_token']}"}
    assert public.get("/account/checkout", headers=session).json()["refusal"] == "approval_needed"

    (pending,) = merchant.get("/customers", params={"status": "pending"}).json()["items"]
    trade = {"name": "Trade", "code": "trade", "css": ".trade{color:red}", "discount": {"kind": "percent", "value": 10}}
    group = merchant.post("/groups", json=trade).json()["id"]
    approved = merchant.patch(f"/customers/{pending['id']}", json={"status": "active", "groups": [group]})
    assert approved.status_code == 200
    eventually(lambda: next((mail for mail in mails(cloud) if "approved" in mail["subject"]), None))

    shown = public.get("/account/checkout", headers=session).json()
    assert (shown["may_order"], shown["discount"]["value"]) == (True, "10")
    path, _, query = shown["stylesheet"].partition("?")
    sheet = httpx.get(f"{cloud.api_url}{path}?{query}", trust_env=False)
    assert (sheet.status_code, sheet.text) == (200, ".trade{color:red}\n")
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    kept = httpx.get(
        f"{cloud.api_url}{path}?{query}", headers={"If-None-Match": sheet.headers["etag"]}, trust_env=False
    )
    assert (kept.status_code, kept.content) == (304, b"")

    ordered = datetime.now(UTC).isoformat()
    _order(cloud, cloud_client, "1", ordered)
    eventually(lambda: public.get("/account/orders", headers=session).json()["items"] or None)
    certificate = public.delete("/account", headers=session).json()
    assert (certificate["status"], certificate["deleted"]["orders"]) == ("complete", 1)
    assert merchant.get(f"/erasures/{certificate['id']}").json() == certificate
    assert public.get("/account", headers=session).status_code == 401

    _order(cloud, cloud_client, "2", ordered)
    kept_money = eventually(lambda: _reference(cloud, cloud_client, "2"))
    assert "customer_id" not in kept_money
    items = table_items.everything(cloud.table, cloud_client("dynamodb"))
    left = [item for item in items if ANA in str(item) or pending["id"] in str(item)]
    assert left == []


def _policy(public: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = public.post("/checkout-policy", json={"email": ANA, "country": "ES"}).json()
    return answer


def _order(cloud: Outputs, cloud_client: MakeClient, order_id: str, placed_at: str) -> None:
    order = {
        "id": order_id,
        "version": 1,
        "placed_at": placed_at,
        "email": ANA,
        "currency": "EUR",
        "total": "5.00",
        "payment_status": "paid",
    }
    body = json.dumps({"store_id": STORE, "order": order})
    cloud_client("sqs").send_message(QueueUrl=cloud.orders_queue_url, MessageBody=body)


def _reference(cloud: Outputs, cloud_client: MakeClient, order_id: str) -> dict[str, Any] | None:
    key = {"pk": {"S": f"STORE#{STORE}#ORDER#{order_id}"}, "sk": {"S": "REFERENCE"}}
    found: dict[str, Any] | None = cloud_client("dynamodb").get_item(TableName=cloud.table, Key=key).get("Item")
    return found
