import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.interleaving import before_first

import bulk_changes
import customers_api
from clientela import clock
from clientela.aws import clients
from clientela.bulk import bulk_jobs, bulk_previews, group_removal
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customer_history, customer_input, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BulkJobNotFoundError, BusyError, GroupNotFoundError, InvalidInputError
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle.removal_queue import GroupRemoval
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sessions
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

NOW = clock.now()
type Post = Callable[[dict[str, Any]], tuple[int, Any]]


class Context:
    """A Lambda's context with time enough."""

    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "bulk", 512, "arn", "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class Called:
    """What would be invoked asynchronously, kept until the test lets it run."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803 - boto3's names
        assert InvocationType == "Event"
        self.events.append(json.loads(Payload))

    def run(self) -> None:
        while self.events:
            bulk_changes.handler(self.events.pop(0), Context())


@pytest.fixture
def called(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Called:
    called = Called()
    monkeypatch.setattr(clients, "lambda_", lambda: called)
    return called


@pytest.fixture
def people(store: Store) -> list[Customer]:
    fields = [{"email": f"p{i}@example.com", "tags": ["old"], "language": "de" if i < 3 else "es"} for i in range(5)]
    return [customers.create(store, NewCustomer.model_validate(each), NOW) for each in fields]


def changes(**fields: Any) -> BulkChange:
    return BulkChange.model_validate(fields)


def tags(store: Store) -> list[list[str]]:
    return [customer["tags"] for customer in customer_search.page(store, sort="created").items]


def test_customers_named_by_id_are_changed_each_with_its_result(store: Store, people: list[Customer]) -> None:
    wanted = changes(tags={"add": ["new"], "remove": ["old"]}, tax_exempt=True, status="disabled")
    named = [people[0].id, "cus_nobody", people[1].id, people[0].id]
    results = bulk_jobs.change(store, named, wanted, NOW, OPERATOR)
    assert [(r.id, r.result, r.code) for r in results] == [
        (people[0].id, "changed", None),
        ("cus_nobody", "failed", "customer_not_found"),
        (people[1].id, "changed", None),
    ]
    read = customers.get(store, people[0].id)
    assert (read.tags, read.tax_exempt, read.status) == (["new"], True, "disabled")
    assert [r.result for r in bulk_jobs.change(store, [people[0].id], wanted, NOW, OPERATOR)] == ["unchanged"]


def test_the_reason_of_a_failure_is_in_the_stores_language(store: Store) -> None:
    spanish = store.model_copy(update={"language": "es-MX"})
    (result,) = bulk_jobs.change(spanish, ["cus_nobody"], changes(tax_exempt=True), NOW, OPERATOR)
    assert (result.code, result.message) == ("customer_not_found", "No se encuentra el cliente «cus_nobody».")


def test_who_is_disabled_in_bulk_is_signed_out_for_good(store: Store, people: list[Customer]) -> None:
    tokens = []
    for person in people[:2]:
        with Transaction() as write:
            tokens.append(sessions.start(write, store, person, None, NOW)[0])
    bulk_jobs.change(store, [people[0].id], changes(status="disabled"), NOW, OPERATOR)
    bulk_jobs.change(store, [people[0].id], changes(status="active"), NOW, OPERATOR)
    with pytest.raises(SessionInvalidError):
        sessions.current(store, tokens[0], NOW)
    assert sessions.current(store, tokens[1], NOW)


def test_a_group_that_is_not_there_fails_by_name(store: Store, people: list[Customer]) -> None:
    (result,) = bulk_jobs.change(store, [people[0].id], changes(groups={"add": ["grp_nowhere"]}), NOW, OPERATOR)
    assert (result.result, result.code) == ("failed", "group_unknown")


def test_a_filter_becomes_a_job_with_a_result_for_each(store: Store, people: list[Customer], called: Called) -> None:
    job = bulk_jobs.start(store, CustomerFilter(language="de"), changes(tags={"add": ["new"]}), NOW, OPERATOR)
    assert bulk_jobs.get(store, job.id).status == "queued"
    called.run()
    done = bulk_jobs.get(store, job.id)
    assert (done.status, done.changed, done.unchanged, done.failed) == ("succeeded", 3, 0, 0)
    assert tags(store) == [["old", "new"]] * 3 + [["old"]] * 2
    assert [r["id"] for r in bulk_jobs.results(store, job.id).items] == [customer.id for customer in people[:3]]
    assert customer_history.page(store, people[0], clock.now()).items[0].actor.id == job.id


def test_a_job_goes_on_where_its_time_was_short(
    store: Store, people: list[Customer], called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_jobs, "BATCH_SIZE", 2)
    job = bulk_jobs.start(store, CustomerFilter(), changes(status="pending"), NOW, OPERATOR)
    called.events.clear()
    for done in (2, 4):
        seconds = iter([False, True])
        bulk_jobs.run(store, job.id, clock.now, lambda seconds=seconds: next(seconds))  # type: ignore[misc]
        assert bulk_jobs.get(store, job.id).changed == done
        assert len(called.events) == 1
        called.events.clear()
    assert bulk_jobs.run(store, job.id, clock.now, lambda: False).status == "succeeded"
    first = bulk_jobs.results(store, job.id)
    second = bulk_jobs.results(store, job.id, first.next_cursor)
    assert [len(page.items) for page in (first, second)] == [2, 2]


def test_a_finished_job_that_is_called_again_does_nothing(store: Store, people: list[Customer], called: Called) -> None:
    job = bulk_jobs.start(store, CustomerFilter(), changes(status="pending"), NOW, OPERATOR)
    called.run()
    customers.patch(store, people[0].id, {"status": "active"}, NOW)
    bulk_jobs.run(store, job.id, clock.now, lambda: False)
    assert customers.get(store, people[0].id).status == "active"


def test_a_deleted_group_leaves_no_member(store: Store, called: Called) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    member = customers.create(store, NewCustomer(email="a@example.com", groups=[group.id], primary_group=group.id), NOW)
    key = api_keys.create(store.id, NewKey(name="k"), NOW).key
    listed = answered(customers_api.handler(http_event("GET", f"demo/groups/{group.id}/customers", key=key), None))
    assert [each["id"] for each in listed["items"]] == [member.id]
    assert customers_api.handler(http_event("DELETE", f"demo/groups/{group.id}", key=key), None)["statusCode"] == 204
    called.run()
    left = customers.get(store, member.id)
    assert (left.groups, left.primary_group) == ([], None)


def test_the_api_answers_at_once_for_ids_and_with_a_job_for_a_filter(
    store: Store, people: list[Customer], called: Called
) -> None:
    key = api_keys.create(store.id, NewKey(name="k"), NOW).key

    def post(body: dict[str, Any]) -> dict[str, Any]:
        return customers_api.handler(http_event("POST", "demo/customers/bulk", body, key=key), None)

    at_once = post({"ids": [people[0].id], "changes": {"status": "pending"}})
    assert (at_once["statusCode"], answered(at_once)["items"][0]["result"]) == (200, "changed")
    job = post({"filter": {"language": "es"}, "changes": {"status": "pending"}})
    assert job["statusCode"] == 202
    called.run()
    path = job["headers"]["Location"].removeprefix("/v1/stores/")
    assert answered(customers_api.handler(http_event("GET", path, key=key), None))["changed"] == 2
    results = answered(customers_api.handler(http_event("GET", f"{path}/results", key=key), None))
    assert [each["result"] for each in results["items"]] == ["changed", "changed"]
    for body in ({"changes": {}}, {"ids": [], "changes": {}}, {"ids": ["a"], "filter": {}, "changes": {}}):
        assert post(body)["statusCode"] == 422


@pytest.fixture
def post(store: Store) -> Post:
    """Sends a bulk change to the API; returns status and answer."""
    key = api_keys.create(store.id, NewKey(name="k"), NOW).key

    def send(body: dict[str, Any]) -> tuple[int, Any]:
        response = customers_api.handler(http_event("POST", "demo/customers/bulk", body, key=key), None)
        return response["statusCode"], answered(response)

    return send


@pytest.mark.parametrize(
    "named", [{}, {"filter": {}}, {"filter": {"query": None}}, {"all": False}, {"filter": {}, "all": False}]
)
def test_every_customer_is_changed_only_where_all_is_said(
    store: Store, people: list[Customer], called: Called, post: Post, named: dict[str, Any]
) -> None:
    assert post({**named, "changes": {"status": "pending"}})[0] == 422
    assert called.events == []
    assert post({**named, "all": True, "changes": {"status": "pending"}})[0] == 202
    called.run()
    assert {customers.get(store, each.id).status for each in people} == {"pending"}


@pytest.mark.parametrize(
    "named",
    [{"all": True, "ids": ["cus_1"]}, {"all": True, "filter": {"language": "es"}}, {"ids": ["cus_1"], "filter": {}}],
)
def test_two_ways_to_name_the_customers_are_refused(called: Called, post: Post, named: dict[str, Any]) -> None:
    assert post({**named, "changes": {"status": "pending"}})[0] == 422


def test_a_dry_run_counts_and_shows_a_sample_and_writes_nothing(
    store: Store, people: list[Customer], called: Called, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_previews, "SAMPLE", 2)
    customers.patch(store, people[1].id, {"tags": ["old", "new"]}, NOW)
    before = [customers.get(store, each.id) for each in people]
    for named, total in (({"filter": {"language": "de"}}, 3), ({"all": True}, 5), ({"ids": [p.id for p in people]}, 5)):
        status, answer = post({**named, "changes": {"tags": {"add": ["new"]}}, "dry_run": True})
        assert (status, answer["total"]) == (200, total)
        assert [(each["id"], each["result"]) for each in answer["items"]] == [
            (people[0].id, "changed"),
            (people[1].id, "unchanged"),
        ]
    changes = {"groups": {"add": ["grp_nowhere"]}}
    _, answer = post({"ids": [people[0].id, "cus_nobody"], "changes": changes, "dry_run": True})
    assert [each["code"] for each in answer["items"]] == ["group_unknown", "customer_not_found"]
    assert [customers.get(store, each.id) for each in people] == before
    assert (called.events, bulk_jobs.list_all(store).items) == ([], [])


@pytest.mark.parametrize("changes", [{}, {"tags": {}}, {"tags": None, "groups": {"add": [], "remove": []}}])
def test_a_bulk_change_that_changes_nothing_is_refused(called: Called, post: Post, changes: dict[str, Any]) -> None:
    status, problem = post({"all": True, "changes": changes})
    assert (status, problem["errors"][0]["message"], called.events) == (422, "Name at least one change.", [])


def test_a_filter_by_group_takes_id_or_code_and_refuses_any_other(
    store: Store, people: list[Customer], called: Called, post: Post
) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    customers.patch(store, people[0].id, {"groups": [group.id]}, NOW)
    for name in (group.id, "trade"):
        _, answer = post({"filter": {"group": name}, "changes": {"status": "pending"}, "dry_run": True})
        assert [each["id"] for each in answer["items"]] == [people[0].id]
    status, problem = post({"filter": {"group": "retail"}, "changes": {"status": "pending"}})
    assert (status, problem["errors"][0]["pointer"], called.events) == (422, "/filter/group", [])


def test_an_unknown_job_is_not_found(store: Store) -> None:
    with pytest.raises(BulkJobNotFoundError):
        bulk_jobs.get(store, "blk_nowhere")


def test_results_are_those_of_the_first_try(
    store: Store, people: list[Customer], called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bulk_jobs.start(store, CustomerFilter(), changes(status="pending"), NOW, OPERATOR)
    with monkeypatch.context() as broken:
        broken.setattr(
            bulk_jobs, "_store_progress", lambda *arguments: 1 / 0
        )  # the process dies behind the first hundred
        with pytest.raises(ZeroDivisionError):
            bulk_jobs.run(store, job.id, clock.now, lambda: False)
    assert bulk_jobs.get(store, job.id).status == "failed"
    done = bulk_jobs.run(store, job.id, clock.now, lambda: False)
    assert (done.status, done.changed, done.unchanged, done.message) == ("succeeded", 5, 0, None)
    assert {result["result"] for result in bulk_jobs.results(store, job.id).items} == {"changed"}


def test_a_sweep_ends_also_where_somebody_cannot_be_changed(
    store: Store, called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    customers.create(store, NewCustomer(email="a@example.com", groups=[group.id]), NOW)
    monkeypatch.setattr(customer_input, "apply_patch", lambda *arguments: (_ for _ in ()).throw(InvalidInputError()))
    group_removal.remove(store, group.id, NOW, OPERATOR)
    called.run()
    (job,) = bulk_jobs.list_all(store).items
    assert (job.status, job.failed) == ("succeeded", 1)


def test_a_second_sweep_gives_up_where_nobody_can_be_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    customers.create(store, NewCustomer(email="a@example.com", groups=[group.id]), NOW)
    groups.delete(store, group.id, NOW)
    monkeypatch.setattr(customer_input, "apply_patch", lambda *arguments: (_ for _ in ()).throw(InvalidInputError()))
    removal = GroupRemoval(store_id=store.id, group_id=group.id, by=OPERATOR)
    looks = iter([False] * 3)
    with pytest.raises(BusyError):
        group_removal.finish(store, removal, NOW, lambda: next(looks))


def test_a_group_whose_deletion_broke_off_is_swept_by_asking_again(store: Store, called: Called) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    member = customers.create(store, NewCustomer(email="a@example.com", groups=[group.id]), NOW)
    groups.delete(store, group.id, NOW)  # and the process died
    group_removal.remove(store, group.id, NOW, OPERATOR)
    called.run()
    assert customers.get(store, member.id).groups == []
    with pytest.raises(GroupNotFoundError):
        group_removal.remove(store, group.id, NOW, OPERATOR)


def test_a_slow_second_run_does_not_undo_the_end_of_a_job(
    store: Store, people: list[Customer], called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda may call twice. The slow run reads the job at its start, and stores its part after the end."""
    monkeypatch.setattr(bulk_jobs, "BATCH_SIZE", 1)
    job = bulk_jobs.start(store, CustomerFilter(), changes(status="pending"), NOW, OPERATOR)

    ended: list[bulk_jobs.BulkJob] = []

    def run_to_the_end() -> None:
        ended.append(bulk_jobs.run(store, job.id, lambda: NOW, lambda: False))

    before_first(monkeypatch, bulk_jobs, "_store_progress", run_to_the_end)
    slow = bulk_jobs.run(store, job.id, lambda: NOW, lambda: bool(ended))
    assert slow == ended[0] == bulk_jobs.get(store, job.id)
    assert (ended[0].status, ended[0].changed) == ("succeeded", len(people))


def test_two_runs_count_each_customer_once(
    store: Store, people: list[Customer], called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bulk_jobs.start(store, CustomerFilter(), changes(status="pending"), NOW, OPERATOR)
    run = partial(bulk_jobs.run, store, job.id, lambda: NOW, lambda: False)
    before_first(monkeypatch, bulk_jobs, "_store_progress", run)
    run()
    assert bulk_jobs.get(store, job.id).changed == len(people)
