"""Deleting a store on a database with real transactions: all of it and of nobody else, dying at every call."""

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import boto3
import pytest
from tests.support.deployment import EXPORTS
from tests.support.import_runs import StateMachines, imported
from tests.support.orders import order
from tests.support.store_deletions import (
    NOW,
    Time,
    delete,
    demand_only_certificates,
    files,
    is_of,
    items,
    new_store,
)

from clientela.aws import s3_prefixes
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import StoreExistsError, StoreNotFoundError
from clientela.exports import export_jobs, export_runs
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle import store_deletions, store_sweep
from clientela.lifecycle.store_deletions import StoreDeletion
from clientela.mail import mail_words
from clientela.orders import orders
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sign_in_events
from clientela.stores import api_keys, pending_deletions, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, idempotency, limit_keys
from clientela.table.idempotency import Answer, RequestKey

FILE = b"email,name\nana@example.com,Ana\nbo@example.com,Bo\ncy@example.com,\n"


pytestmark = pytest.mark.usefixtures("deployed")


def fill(store: Store, machines: StateMachines, number_of_orders: int = 3) -> None:
    """Give a store something of every kind."""
    group = groups.create(store, NewGroup(name="G", code="g"), NOW)
    imported(store, machines, FILE)
    customers.create(store, NewCustomer(email="di@example.com", groups=[group.id], accepts_marketing=True), NOW)
    for number in range(number_of_orders):
        orders.record_version(store, order(id=f"{number}", email="ana@example.com"), NOW)
    orders.record_version(store, order(id="without", email="eve@example.com", payment_status="incomplete"), NOW)
    sign_in_events.record(store, "ana@example.com", "requested", NOW, request_id="req_1")
    key = api_keys.create(store.id, NewKey(name="till"), NOW)
    request = RequestKey(store.id, key.id, "k")
    idempotency.begin(request, "r", NOW)
    idempotency.finish(request, "r", Answer(201, {}, "ana@example.com"), NOW)
    dynamodb.put_all([dynamodb.key(limit_keys.limit(limit_keys.links_of_email(store.id, "3f5a")), limit_keys.TIMES)])
    dynamodb.put_all([dynamodb.key(limit_keys.limit(limit_keys.links_of_store(store.id)), limit_keys.window(1))])
    mail_words.patch(store, "welcome", "es", {"subject": "Hola"}, NOW)
    job = export_jobs.start(store, NOW)
    export_runs.run(store, job.id, NOW)


def test_everything_goes_is_counted_and_other_stores_keep_all(machines: StateMachines) -> None:
    other = new_store()
    store = stores.create(f"{other.id}-x", StoreSettings(name="Demo"), NOW)
    longer = stores.create(f"{store.id}-x", StoreSettings(name="Demo"), NOW)
    for each in (other, longer):
        fill(each, machines)
    others, their_files = sorted(str(item) for item in items() if not _is_own(store, item)), files()
    fill(store, machines)
    own_files = set(files()) - set(their_files)
    time = Time()
    done = delete(store, time)
    assert (done.store_id, done.status, done.requested_by, time.slept >= 60) == (store.id, "complete", OPERATOR, True)
    expected = {"customers": 4, "orders": 4, "groups": 1, "api_keys": 1, "imports": 1, "exports": 1, "sign_ins": 1}
    assert {kind: done.deleted[kind] for kind in expected} == expected
    assert done.deleted["files"] == len(own_files)
    assert sorted(str(item) for item in items() if not item["pk"].startswith("STORE_DELETIONS")) == others
    assert files() == their_files
    demand_only_certificates(store)
    assert store_deletions.list_all()[-1] == done


def _is_own(store: Store, item: dict[str, Any]) -> bool:
    return is_of(store, item) or (item["pk"], item["sk"]) == ("STORES", store.id)


def test_a_store_is_gone_at_once_and_its_id_is_free_at_the_end(machines: StateMachines) -> None:
    store, time = new_store(), Time()
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)

    def meanwhile() -> None:
        for use in (stores.get, stores.read):
            with pytest.raises(StoreNotFoundError):
                use(store.id)
        assert store.id not in list(stores.list_ids())
        with pytest.raises(StoreExistsError, match="is being deleted"):
            stores.create(store.id, StoreSettings(name="Demo"), NOW)

    time.meanwhile = meanwhile
    delete(store, time)
    assert time.slept
    with pytest.raises(StoreNotFoundError):
        delete(store)
    again = stores.create(store.id, StoreSettings(name="Demo"), NOW)
    customers.create(again, NewCustomer(email="ana@example.com"), NOW)
    second = delete(again)
    assert [each.id for each in store_deletions.list_all() if each.store_id == store.id][-1] == second.id


def test_what_a_function_writes_that_still_knows_the_store_goes_too(machines: StateMachines) -> None:
    store, time = new_store(), Time()

    def late() -> None:
        customers.create(store, NewCustomer(email="late@example.com"), NOW)
        orders.record_version(store, order(), NOW)
        boto3.client("s3").put_object(Bucket=EXPORTS, Key=f"{store.id}/late.csv", Body=b"")

    time.meanwhile = late
    done = delete(store, time)
    assert (done.deleted["customers"], done.deleted["orders"], done.deleted["files"]) == (2, 1, 1)
    demand_only_certificates(store)
    assert not [name for name in files() if name.startswith(f"{store.id}/")]


class DiedError(Exception):
    """The process is killed."""


@pytest.mark.parametrize("replied", [False, True])
def test_a_deletion_that_dies_at_any_call_is_continued_with_exact_counts(
    machines: StateMachines, monkeypatch: pytest.MonkeyPatch, replied: bool
) -> None:
    call = dynamodb.client.call
    monkeypatch.setattr(store_sweep, "SEGMENTS", 1)
    monkeypatch.setattr(store_sweep, "BATCH_SIZE", 6)
    for calls in itertools.count():
        store, time, left = new_store(), Time(), itertools.count(calls, -1)
        fill(store, machines, number_of_orders=1)
        kinds = Counter(item["sk"].partition("#")[0] for item in items() if is_of(store, item))
        number = sum(kinds.values()) - 1  # the settings are no part of the counts

        def dying(operation: str, request: dict[str, Any], left: Iterator[int] = left) -> Any:
            if next(left) > 0:
                return call(operation, request)
            if replied:
                call(operation, request)
            raise DiedError

        monkeypatch.setattr(dynamodb.client, "call", dying)
        try:
            delete(store, time)
            is_over = True
        except DiedError:
            is_over = False
        monkeypatch.setattr(dynamodb.client, "call", call)
        with suppress(StoreNotFoundError):  # it was complete, and only the answer was lost
            delete(store, time)
        done = store_deletions.list_all()
        (certificate,) = [each for each in done if each.store_id == store.id]
        assert certificate.status == "complete"
        assert sum(certificate.deleted.values()) - certificate.deleted["files"] == number
        expected = {"customers": kinds["PROFILE"], "orders": kinds["ORDER"], "imports": 1, "history": kinds["EVENT"]}
        assert {kind: certificate.deleted[kind] for kind in expected} == expected
        demand_only_certificates(store)
        if is_over:
            assert calls > 12
            break


@pytest.mark.parametrize("calls", range(6))
def test_a_deletion_that_dies_among_the_files_is_continued(
    machines: StateMachines, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """Each of two passes deletes three prefixes."""
    store, time, delete_all, left = new_store(), Time(), s3_prefixes.delete_all, itertools.count(calls, -1)
    fill(store, machines)

    def dying(bucket: str, prefix: str) -> int:
        if next(left) == 0:
            raise DiedError
        return delete_all(bucket, prefix)

    monkeypatch.setattr(s3_prefixes, "delete_all", dying)
    with pytest.raises(DiedError):
        delete(store, time)
    assert delete(store, time).status == "complete"
    (job_id,) = machines.started
    assert not [name for name in files() if name.startswith((f"{store.id}/", f"{job_id}/"))]
    demand_only_certificates(store)


def test_two_deletions_at_once_count_everything_once(machines: StateMachines) -> None:
    store = new_store()
    for number in range(60):
        customers.create(store, NewCustomer(email=f"c{number}@example.com"), NOW)
    both = Barrier(2, timeout=30)

    def run(_: int) -> StoreDeletion:
        time = Time()
        time.meanwhile = lambda: both.wait() and None
        return delete(store, time)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(run, range(2))
    assert first.id == second.id
    (certificate,) = [each for each in store_deletions.list_all() if each.store_id == store.id]
    assert (certificate.deleted["customers"], certificate.status) == (60, "complete")


def test_an_unfinished_upload_is_aborted(machines: StateMachines) -> None:
    store, s3 = new_store(), boto3.client("s3")
    upload = s3.create_multipart_upload(Bucket=EXPORTS, Key=f"{store.id}/customers.csv")
    s3.upload_part(Bucket=EXPORTS, Key=upload["Key"], UploadId=upload["UploadId"], PartNumber=1, Body=b"x")
    delete(store)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=EXPORTS, Prefix=f"{store.id}/")


def test_changed_settings_are_deleted_all_the_same(machines: StateMachines) -> None:
    store = new_store()
    stores.replace(store, store.model_copy(update={"name": "Other"}), NOW)
    assert delete(store).status == "complete"
    assert pending_deletions.find(store.id) is None
