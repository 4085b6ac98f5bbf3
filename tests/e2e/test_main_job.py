"""The main job on real data, from outside alone: the command line, the bucket, the queue, the API and the mailbox.

The tests are the steps of one story and run in this order: each goes on where the one before has ended.
"""

import csv
import io
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from itertools import batched
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, clientela, eventually

DATA = Path(__file__).parents[1] / "data" / "chinook"
BEST = "hholy@gmail.com"


@pytest.fixture(scope="module")
def key(cloud: Outputs) -> str:
    """Step 1: a store and an API key are created."""
    store = clientela(
        "stores",
        "create",
        "chinook",
        "--name",
        "Chinook",
        "--login-mode",
        "optional",
        "--storefront-url",
        "https://chinook.example",
    )
    assert (store["id"], store["name"]) == ("chinook", "Chinook")
    issued: str = clientela("keys", "create", "chinook", "--name", "e2e")["key"]
    return issued


@pytest.fixture(scope="module")
def public(cloud: Outputs) -> Iterator[httpx.Client]:
    """The store's API, called by nobody in particular."""
    with httpx.Client(base_url=f"{cloud.api_url}/v1/stores/chinook", timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def merchant(cloud: Outputs, key: str) -> Iterator[httpx.Client]:
    """The store's API, called with the merchant's key."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(
        base_url=f"{cloud.api_url}/v1/stores/chinook", timeout=60, trust_env=False, headers=headers
    ) as client:
        yield client


@pytest.fixture(scope="module")
def imported(cloud: Outputs, cloud_client: MakeClient, merchant: httpx.Client) -> Any:
    """Step 2: the CSV file is dropped into the bucket, and its import is watched over the API."""
    cloud_client("s3").upload_file(str(DATA / "customers.csv"), cloud.imports_bucket, "chinook/customers.csv")
    seen = eventually(lambda: next(iter(merchant.get("/imports").json()["items"]), None))

    def ended() -> Any:
        job = merchant.get(f"/imports/{seen['id']}").json()
        return job if job["finished_at"] else None

    return eventually(ended)


@pytest.fixture(scope="module")
def ordered(cloud: Outputs, cloud_client: MakeClient, imported: Any) -> None:
    """Step 3: every order message is put on the queue twice, shuffled."""
    messages = (DATA / "orders.jsonl").read_text().splitlines() * 2
    random.Random(1).shuffle(messages)
    sqs = cloud_client("sqs")
    for batch in batched(messages, 10, strict=False):
        entries = [{"Id": str(number), "MessageBody": message} for number, message in enumerate(batch)]
        assert not sqs.send_message_batch(QueueUrl=cloud.orders_queue_url, Entries=entries).get("Failed")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def all_taken() -> bool | None:
        found = sqs.get_queue_attributes(QueueUrl=cloud.orders_queue_url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values())) == 0 or None

    eventually(all_taken)


def asked_for_link(cloud: Outputs, public: httpx.Client, email: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The mail with the sign-in link, and what the browser that asked for it sends to sign in."""
    answer = public.post("/login-links", json={"email": email})
    assert answer.status_code == 202

    def arrived() -> dict[str, Any] | None:
        mails = httpx.get(f"{cloud.mailbox_url}/messages.json", trust_env=False).json()
        return next((mail for mail in mails if email in mail["to"]), None)

    mail = eventually(arrived)
    link = next(link for link in mail["links"] if "#" in link)
    return mail, {"token": urlsplit(link).fragment.removeprefix("token="), "nonce": answer.json()["nonce"]}


def test_all_customers_of_the_file_are_imported(imported: Any, merchant: httpx.Client) -> None:
    assert (imported["status"], imported["file"]) == ("succeeded", "customers.csv")
    assert {name: imported[name] for name in ("rows_total", "rows_done", "created", "rejected", "warnings")} == {
        "rows_total": 59,
        "rows_done": 59,
        "created": 59,
        "rejected": 0,
        "warnings": 1,
    }
    assert merchant.get("/customers", params={"limit": 1, "count": True}).json()["total"] == 59
    (best,) = merchant.get("/customers", params={"email": BEST}).json()["items"]
    assert (best["name"], best["billing_address"]["country"]) == ("Helena Holý", "CZ")


def redirected(merchant: httpx.Client, path: str) -> bytes:
    """The file that an answer leads to, fetched without a key: as a browser that is sent there does."""
    answer = merchant.get(path)
    assert (answer.status_code, answer.content) == (303, b"")
    file = httpx.get(answer.headers["location"], timeout=60, trust_env=False)
    assert file.status_code == 200, file.text
    return file.content


def test_the_reports_of_an_import_are_fetched_over_the_api(imported: Any, merchant: httpx.Client) -> None:
    rejects, warnings = (
        list(
            csv.DictReader(io.StringIO(redirected(merchant, f"/imports/{imported['id']}/{report}").decode("utf-8-sig")))
        )
        for report in ("rejects", "warnings")
    )
    assert rejects == []
    assert [(warning["column"], warning["line"].isdigit()) for warning in warnings] == [("Phone", True)]


def test_counts_and_totals_are_exact_after_twice_and_shuffled(ordered: None, merchant: httpx.Client) -> None:
    customers = merchant.get("/customers", params={"sort": "-spent", "limit": 100}).json()["items"]
    assert (len(customers), sum(customer["orders_count"] for customer in customers)) == (59, 412)
    assert {spend["currency"] for customer in customers for spend in customer["total_spent"]} == {"USD"}
    assert sum(Decimal(customer["total_spent"][0]["amount"]) for customer in customers) == Decimal("2328.60")
    best = customers[0]
    assert (best["email"], best["orders_count"], best["total_spent"][0]["amount"]) == (BEST, 7, "49.62")


def test_nothing_has_drifted_nor_hangs_loose(ordered: None) -> None:
    found = clientela("statistics", "rebuild", "chinook", "--dry-run")
    assert (found["customers"], found["orders"], found["drifted"], found["orphaned"]) == (59, 412, 0, 0)


def test_a_dead_letter_that_can_be_taken_goes_back_and_is_taken(
    ordered: None, cloud: Outputs, cloud_client: MakeClient, merchant: httpx.Client
) -> None:
    sqs, message = cloud_client("sqs"), json.loads((DATA / "orders.jsonl").read_text().splitlines()[0])
    dead_letters = sqs.get_queue_url(QueueName="clientela-local-orders-dead-letters")["QueueUrl"]
    message["order"]["version"] += 1
    sqs.send_message(QueueUrl=dead_letters, MessageBody=json.dumps(message))
    [letter] = clientela("orders", "dead-letters", "chinook", "list")
    assert (letter["order_id"], letter["reason"]) == ("1", "would be accepted now: redrive it")
    assert clientela("orders", "dead-letters", "chinook", "redrive", "--all")["redriven"] == [letter["id"]]
    [customer] = merchant.get("/customers", params={"email": message["order"]["email"]}).json()["items"]

    def taken() -> bool | None:
        found = merchant.get(f"/customers/{customer['id']}/orders/1").json()
        return found["version"] == message["order"]["version"] or None

    eventually(taken)
    assert clientela("orders", "dead-letters", "chinook", "list") == []


def test_every_customer_has_exactly_their_orders(ordered: None, merchant: httpx.Client) -> None:
    expected: dict[str, set[str]] = {}
    for line in (DATA / "orders.jsonl").read_text().splitlines():
        order = json.loads(line)["order"]
        expected.setdefault(order["email"], set()).add(order["id"])
    for customer in merchant.get("/customers", params={"sort": "-spent", "limit": 100}).json()["items"][:10]:
        orders = merchant.get(f"/customers/{customer['id']}/orders").json()["items"]
        assert sorted(order["id"] for order in orders) == sorted(expected[customer["email"]])


def test_a_sign_in_link_opens_the_account_once(ordered: None, cloud: Outputs, public: httpx.Client) -> None:
    mail, proof = asked_for_link(cloud, public, BEST)
    assert mail["subject"]
    assert dict(mail["headers"])["Auto-Submitted"] == "auto-generated"
    assert all(link.startswith("https://chinook.example/") for link in mail["links"] if "#" in link)
    stranger = public.post("/sessions", json=proof | {"nonce": "x" * len(proof["nonce"])})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "browser_mismatch")
    opened = public.post("/sessions", json=proof)
    assert (opened.status_code, opened.json()["customer"]["email"]) == (201, BEST)
    token = opened.json()["session_token"]
    orders = public.get("/account/orders", headers={"Authorization": f"Bearer {token}"}).json()["items"]
    assert (len(orders), sum(Decimal(order["total"]) for order in orders)) == (7, Decimal("49.62"))
    again = public.post("/sessions", json=proof)
    assert (again.status_code, again.json()["code"]) == (410, "link_used")
    assert again.headers["content-type"] == "application/problem+json"


def test_the_merchant_lists_reads_creates_and_changes(ordered: None, merchant: httpx.Client) -> None:
    created = merchant.post("/customers", json={"email": "records@example.com", "company": "Example Records"})
    assert created.status_code == 201
    path = f"/customers/{created.json()['id']}"
    changed = merchant.patch(path, json={"tags": ["wholesale"]}, headers={"If-Match": created.headers["etag"]})
    assert (changed.status_code, changed.json()["tags"]) == (200, ["wholesale"])
    stale = merchant.patch(path, json={"tags": []}, headers={"If-Match": created.headers["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert merchant.get(path).json() == changed.json()
    listed = merchant.get("/customers", params={"query": "example records"}).json()["items"]
    assert [customer["id"] for customer in listed] == [created.json()["id"]]


def test_signing_out_ends_the_session(imported: Any, cloud: Outputs, public: httpx.Client) -> None:
    _, proof = asked_for_link(cloud, public, "luisg@embraer.com.br")
    session = {"Authorization": f"Bearer {public.post('/sessions', json=proof).json()['session_token']}"}
    assert public.get("/account", headers=session).status_code == 200
    out = public.delete("/sessions/current", headers=session)
    assert (out.status_code, out.content) == (204, b"")
    assert public.get("/account", headers=session).status_code == 401


def test_a_deleted_customer_is_gone_and_its_address_is_free(key: str, merchant: httpx.Client) -> None:
    new = {"email": "passing@example.com"}
    path = f"/customers/{merchant.post('/customers', json=new).json()['id']}"
    deleted = merchant.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert merchant.get(path).status_code == 404
    again = merchant.post("/customers", json=new)
    assert again.status_code == 201
    assert merchant.delete(f"/customers/{again.json()['id']}").status_code == 204


@pytest.mark.parametrize("path", ["/customers", "/imports", "/exports", "/account"])
def test_without_a_key_or_session_nothing_is_answered(key: str, public: httpx.Client, path: str) -> None:
    answer = public.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_key_opens_no_other_store(cloud: Outputs, key: str) -> None:
    clientela("stores", "create", "another", "--name", "Another")
    url = f"{cloud.api_url}/v1/stores/another/customers"
    assert httpx.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False).status_code == 401


def test_an_export_lands_with_its_manifest(
    ordered: None, cloud: Outputs, cloud_client: MakeClient, merchant: httpx.Client
) -> None:
    count = merchant.get("/customers", params={"limit": 1, "count": True}).json()["total"]
    started = merchant.post("/exports", json={})
    assert started.status_code == 202

    def ended() -> Any:
        job = merchant.get(f"/exports/{started.json()['id']}").json()
        return job if job["status"] in {"succeeded", "failed"} else None

    job = eventually(ended)
    assert (job["status"], job["rows"]) == ("succeeded", count)
    s3 = cloud_client("s3")
    content = s3.get_object(Bucket=cloud.exports_bucket, Key=job["file"])["Body"].read()
    manifest = json.loads(s3.get_object(Bucket=cloud.exports_bucket, Key=job["manifest"])["Body"].read())
    assert (manifest["rows"], manifest["sha256"]) == (count, sha256(content).hexdigest())
    assert redirected(merchant, f"/exports/{job['id']}/file") == content
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len({row["email"] for row in rows}) == len(rows) == count
    assert manifest["columns"] == list(rows[0])


def test_the_export_goes_back_in_unchanged(ordered: None, tmp_path: Path, merchant: httpx.Client) -> None:
    file = tmp_path / "back.csv"
    exported = clientela("exports", "run", "chinook", "--out", str(file))
    job = clientela("imports", "upload", "chinook", str(file))
    assert (job["status"], job["unchanged"], job["rejected"]) == ("succeeded", exported["manifest"]["rows"], 0)
