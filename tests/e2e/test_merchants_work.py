"""What merchants do beside the main job, in the deployed stack: each function has the rights that it needs for it."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, api_of, clientela, eventually

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_records import record
from clientela.groups import groups
from clientela.lifecycle.removal_queue import GroupRemoval, Removal
from clientela.schema.actors import OPERATOR
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

ORDER = {
    "version": 1, "placed_at": "2026-11-21T10:00:00Z", "currency": "EUR", "total": "49.90", "payment_status": "paid",
}  # fmt: skip


@pytest.fixture
def shop(inside: Outputs) -> Store:
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example")
    return stores.create(f"work-{time.time_ns()}", settings, clock.now())


@pytest.fixture
def api(inside: Outputs, shop: Store) -> Iterator[httpx.Client]:
    with api_of(inside, shop) as client:
        yield client


@pytest.fixture
def buyers(inside: Outputs, shop: Store, api: httpx.Client, cloud_client: MakeClient) -> list[str]:
    """Two customers with an order each."""
    for number in ("1", "2"):
        order = ORDER | {"id": number, "email": f"buyer{number}@{shop.id}.example"}
        body = json.dumps({"store_id": shop.id, "order": order})
        cloud_client("sqs").send_message(QueueUrl=inside.orders_queue_url, MessageBody=body)
    found = eventually(lambda: items if len(items := _get(api, "/customers?sort=email")["items"]) == 2 else None)
    return [customer["id"] for customer in found]


@pytest.fixture
def work_on_removal(cloud_client: MakeClient) -> Callable[[Removal | GroupRemoval], None]:
    """Lets the removals function work on a message now, and waits until none is left."""
    sqs = cloud_client("sqs")
    url = sqs.get_queue_url(QueueName="clientela-local-removals")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_empty() -> bool | None:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values())) == 0 or None

    def work(removal: Removal | GroupRemoval) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=removal.model_dump_json(), DelaySeconds=0)
        eventually(is_empty)

    return work


def _members(shop: Store, group: str) -> list[Any]:
    return customer_search.page(shop, filter_=CustomerFilter(group=group)).items


def _get(api: httpx.Client, path: str) -> Any:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_merge_is_undone_and_repeated_and_its_email_released(
    shop: Store, api: httpx.Client, buyers: list[str], work_on_removal: Callable[[Removal], None]
) -> None:
    into, gone = buyers
    undo = f"/customers/{into}/merges/{gone}/undo"
    assert api.post(f"/customers/{into}/merge", json={"from_id": gone}).status_code == 200
    work_on_removal(Removal(store_id=shop.id, customer_id=gone))
    assert len(_get(api, f"/customers/{into}/orders")["items"]) == 2
    undone = api.post(undo)
    assert (undone.status_code, undone.json()["orders_moved"]) == (200, 1)
    work_on_removal(Removal(store_id=shop.id, customer_id=gone))
    assert [order["id"] for order in _get(api, f"/customers/{gone}/orders")["items"]] == ["2"]
    assert api.post(f"/customers/{into}/merge", json={"from_id": gone}).status_code == 200
    assert [past["from_id"] for past in _get(api, f"/customers/{into}/merges")["items"]] == [gone]
    assert api.delete(f"/customers/{into}/merges/{gone}/email").status_code == 204
    assert api.post("/customers", json={"email": f"buyer2@{shop.id}.example"}).status_code == 201
    actions = [entry["action"] for entry in _get(api, "/audit")["items"]]
    assert {"customers.merged", "customers.merge_undone", "customers.email_released"} <= set(actions)


def test_a_deletion_that_broke_off_is_finished(
    shop: Store, api: httpx.Client, buyers: list[str], work_on_removal: Callable[[Removal], None]
) -> None:
    customer = customers.get(shop, buyers[0])
    dynamodb.delete_all([dynamodb.key(record(shop, customer).pk, record(shop, customer).sk)])
    work_on_removal(Removal(store_id=shop.id, customer_id=customer.id))
    kept = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": record(shop, customer).pk}}
    )
    assert [item for page in kept for item in page["Items"]] == []


def test_who_joins_a_group_late_leaves_it_with_the_second_sweep(
    shop: Store, api: httpx.Client, buyers: list[str], work_on_removal: Callable[[GroupRemoval], None]
) -> None:
    group = api.post("/groups", json={"name": "Trade", "code": "trade"}).json()["id"]
    joined = api.patch(f"/customers/{buyers[0]}", json={"groups": [group]})  # read by key, as it has orders
    assert joined.status_code == 200, joined.text
    new = (
        customers.build(NewCustomer(email=f"m{n}@{shop.id}.example", groups=[group]), clock.now(), "merchant")
        for n in range(101)  # more than a page
    )
    for batch in itertools.batched(new, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all([record(shop, each).item() for each in batch])
    groups.delete(shop, group, clock.now())  # and the process dies
    work_on_removal(GroupRemoval(store_id=shop.id, group_id=group, by=OPERATOR))
    assert _members(shop, group) == []
    assert customers.get(shop, buyers[0]).groups == []


def test_many_are_changed_and_invited_by_a_job_after_a_dry_run(
    inside: Outputs, shop: Store, api: httpx.Client, buyers: list[str]
) -> None:
    group = api.post("/groups", json={"name": "VIP", "code": "vip"}).json()["id"]
    wanted = {"filter": {"min_orders": 1}, "changes": {"groups": {"add": [group]}, "invite": True}}
    tried = api.post("/customers/bulk", json=wanted | {"dry_run": True})
    assert (tried.status_code, tried.json()["total"]) == (200, 2), tried.text
    started = api.post("/customers/bulk", json=wanted)
    assert started.status_code == 202, started.text
    path = f"/customers/bulk/{started.json()['id']}"
    done = eventually(lambda: job if (job := _get(api, path))["finished_at"] else None)
    assert (done["status"], done["changed"], done["failed"]) == ("succeeded", 2, 0)
    assert {result["id"] for result in _get(api, f"{path}/results")["items"]} == set(buyers)
    for number in "1", "2":
        eventually(lambda number=number: _mail(inside, f"buyer{number}@{shop.id}.example", "set up an account"))  # type: ignore[misc]
    assert api.delete(f"/groups/{group}").status_code == 204
    eventually(lambda: _members(shop, group) == [] or None)


def _mail(cloud: Outputs, email: str, wanted: str) -> Any:
    mails = httpx.get(f"{cloud.mailbox_url}/messages.json", trust_env=False).json()
    return next((mail for mail in mails if email in mail["to"] and wanted in mail["text"].lower()), None)


def test_a_new_device_is_reported_and_an_existing_account_must_sign_in(inside: Outputs) -> None:
    settings = StoreSettings(
        name="Known",
        login_mode="optional",
        storefront_url="https://shop.example",
        password_sign_in=True,
        existing_accounts_sign_in=True,
    )
    store = stores.create(f"known-{time.time_ns()}", settings, clock.now())
    key, email = api_keys.create(store.id, NewKey(name="work"), clock.now()).key, f"ana@{store.id}.example"
    url, asks = f"{inside.api_url}/v1/stores/{store.id}", {"email": email}
    with httpx.Client(base_url=url, headers=_browser("Firefox/128.0"), timeout=60, trust_env=False) as public:
        nonce = public.post("/login-links", json=asks).json()["nonce"]
        mail = eventually(lambda: _mail(inside, email, "#token="))
        token = next(link for link in mail["links"] if "#token=" in link).partition("#token=")[2]
        session = public.post("/sessions", json={"token": token, "nonce": nonce}).json()["session_token"]
        signed_in = {"Authorization": f"Bearer {session}"}
        password = {"password": "correct horse battery"}
        assert public.post("/account/password", json=password, headers=signed_in).status_code == 204
        again = public.post("/sessions", json=asks | password, headers=_browser("Chrome/126.0 Safari/537.36"))
        assert again.status_code == 201, again.text
        assert public.post("/checkout-policy", json=asks).json()["policy"] == "confirm_email"
        known = public.post("/checkout-policy", json=asks, headers={"Authorization": f"Bearer {key}"})
        assert known.json()["policy"] == "sign_in_needed"
    eventually(lambda: _mail(inside, email, "chrome · windows"))


def _browser(name: str) -> dict[str, str]:
    return {"User-Agent": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {name}"}


def test_files_as_programs_write_them_are_imported_and_others_end_with_the_reason(
    inside: Outputs, shop: Store, api: httpx.Client, cloud_client: MakeClient
) -> None:
    files = {
        "excel.csv": "Correo;Nombre\r\nana@example.com;José Núñez\r\n".encode("utf-16"),
        "old.csv": "E-Mail;Name\nben@example.com;Jörg Müller\n".encode("cp1252"),
        "empty.csv": b"email,name\n",
        "book.xlsx": b"PK\x03\x04 a workbook",
        "login.csv": b"password,note\nsecret,hello\n",
    }
    for name, body in files.items():
        cloud_client("s3").put_object(Bucket=inside.imports_bucket, Key=f"{shop.id}/{name}", Body=body)

    def ended() -> dict[str, Any] | None:
        jobs = {job["file"]: job for job in _get(api, "/imports")["items"] if job["finished_at"]}
        return jobs if jobs.keys() == files.keys() else None

    jobs = eventually(ended)
    assert {name: (job["status"], job["created"]) for name, job in jobs.items()} == {
        "excel.csv": ("succeeded", 1),
        "old.csv": ("succeeded", 1),
        "empty.csv": ("failed", 0),
        "book.xlsx": ("failed", 0),
        "login.csv": ("failed", 0),
    }
    listed = _get(api, "/customers?sort=email")["items"]
    assert [customer["name"] for customer in listed] == ["José Núñez", "Jörg Müller"]
    left = cloud_client("s3").list_object_versions(Bucket=inside.imports_bucket, Prefix=f"{shop.id}/login")
    assert "Versions" not in left


def test_a_store_is_deleted_with_all_its_data(
    inside: Outputs, shop: Store, buyers: list[str], cloud_client: MakeClient
) -> None:
    cloud_client("s3").put_object(Bucket=inside.exports_bucket, Key=f"{shop.id}/old.csv", Body=b"email\n")
    assert clientela("stores", "delete", shop.id, "--yes")["store_id"] == shop.id
    items = cloud_client("dynamodb").get_paginator("scan").paginate(TableName=inside.table)
    left = [item for page in items for item in page["Items"] if buyers[0] in str(item)]
    assert left == []
    assert "Contents" not in cloud_client("s3").list_objects_v2(Bucket=inside.exports_bucket, Prefix=f"{shop.id}/")
