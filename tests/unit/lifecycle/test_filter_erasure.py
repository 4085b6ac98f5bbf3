"""Filters of jobs and schedules that name an erased person."""

from functools import partial
from typing import Any

import pytest
from tests.support import erased_people
from tests.support.erasures import MERCHANT, NOW, erase
from tests.support.interleaving import before_first
from tests.support.schedules import new_schedule

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange, BulkJob
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import InvalidInputError, VersionConflictError
from clientela.exports import export_content, export_jobs, export_runs, export_schedules
from clientela.exports.export_requests import ExportRequest
from clientela.lifecycle import customer_removal, erasures, merges
from clientela.stores import audit_trail
from clientela.stores.audit_trail import HIDDEN
from clientela.stores.stores import Store

TAG = BulkChange.model_validate({"tags": {"add": ["vip"]}})


@pytest.fixture(autouse=True)
def no_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clientela.bulk.bulk_jobs._call_function", lambda *_: None)


@pytest.fixture
def other(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="eva@example.com", name="Eva Pérez", phone="+34911999888"), NOW)


def bulk(store: Store, **fields: Any) -> BulkJob:
    return bulk_jobs.start(store, CustomerFilter.model_validate(fields), TAG, NOW, MERCHANT)


def hidden(filter_: CustomerFilter | None) -> dict[str, Any]:
    assert filter_ is not None
    return filter_.model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("query", "ana perez"), ("query", "ANA@example"), ("email", "Ana@Example.com"), ("phone", "911 222 333"),
        ("query", "anabel"), ("phone", "+34600000000"), ("email", "old@example.com"),  # as she was before
        ("company", "acme"), ("vat_id", "B12345674"), ("custom_field", "card=L-1"), ("external_id", "shopify:6543"),
    ],
)  # fmt: skip
def test_what_names_the_person_is_hidden_in_jobs_and_schedules(
    store: Store, ana: Customer, other: Customer, name: str, value: str
) -> None:
    for fields in (
        {"email": "old@example.com", "name": "Anabel", "phone": "+34600000000"},
        {"email": "ana@example.com", "name": "Ana Pérez", "phone": "+34911222333", "company": "Acme"},
        {"vat_id": "ESB12345674", "custom_fields": {"card": "L-1"}, "external_ids": {"shopify": "6543"}},
    ):
        ana = customers.patch(store, ana.id, fields, NOW)
    filter_ = {name: value, "country": "ES"}
    job = bulk(store, **filter_)
    export = export_jobs.start(store, NOW, ExportRequest.model_validate({"filter": filter_}), MERCHANT)
    schedule = new_schedule(store, filter=filter_)
    erase(store, ana, "anabel", "600000000", "old@example.com")
    after = export_schedules.get(store, schedule.id)
    wanted = {name: HIDDEN, "country": "ES"}
    assert hidden(bulk_jobs.get(store, job.id).filter) == wanted
    assert hidden(export_jobs.get(store, export.id).filter) == wanted
    assert (hidden(after.filter), after.paused, after.version) == (wanted, True, schedule.version + 1)
    [entry] = audit_trail.page(store, NOW, action="export_schedule.changed").items
    assert (entry.actor, {each.field: each.after for each in entry.changes}["paused"]) == (MERCHANT, True)
    assert customer_search.page(store, filter_=after.filter).items == []
    assert customer_search.count(store, after.filter) == 0


def test_what_others_pass_too_stays_and_a_schedule_goes_on(store: Store, ana: Customer, other: Customer) -> None:
    filters = [{"query": "perez"}, {"query": "example.com"}, {"phone": "+34911"}, {"city": "Madrid"}, {"tag": "vip"}]
    jobs = [bulk(store, **fields) for fields in filters]
    schedule = new_schedule(store, filter={"query": "perez"})
    erase(store, ana)
    assert [hidden(bulk_jobs.get(store, job.id).filter) for job in jobs] == filters
    assert export_schedules.get(store, schedule.id) == schedule


def test_of_a_list_of_ids_only_the_persons_goes(store: Store, ana: Customer, other: Customer) -> None:
    export = export_jobs.start(store, NOW, ExportRequest(filter=CustomerFilter(ids=[ana.id, other.id])), MERCHANT)
    schedule = new_schedule(store, filter={"ids": [other.id, ana.id]})
    alone = new_schedule(store, filter={"ids": [ana.id]})
    erase(store, ana)
    assert export_jobs.get(store, export.id).filter.ids == [HIDDEN, other.id]
    after = export_schedules.get(store, schedule.id)
    assert (after.filter.ids, after.paused) == ([other.id, HIDDEN], False)
    assert [each["id"] for each in customer_search.page(store, filter_=after.filter).items] == [other.id]
    assert export_schedules.get(store, alone.id).paused


def test_what_named_a_customer_who_was_merged_is_hidden(store: Store, ana: Customer, other: Customer) -> None:
    jobs = [bulk(store, query="eva"), bulk(store, ids=[other.id]), bulk(store, email="eva@example.com")]
    merges.merge(store, ana.id, other.id, NOW, MERCHANT, lambda: False)
    erase(store, customers.get(store, ana.id), "eva pérez", "eva@example.com", other.id)
    assert [set(map(str, hidden(bulk_jobs.get(store, job.id).filter).values())) for job in jobs] == [
        {HIDDEN}, {f"['{HIDDEN}']"}, {HIDDEN},
    ]  # fmt: skip


def test_a_running_bulk_change_of_the_person_ends_and_changes_nobody(
    store: Store, ana: Customer, other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bulk(store, query="ana perez")
    page = customer_search.page

    def erase_meanwhile(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(customer_search, "page", page)
        found = page(*args, **named)
        erase(store, ana)
        return found

    monkeypatch.setattr(customer_search, "page", erase_meanwhile)
    ended = bulk_jobs.run(store, job.id, lambda: NOW, lambda: False)
    assert (ended.status, ended.changed, hidden(ended.filter)) == ("succeeded", 0, {"query": HIDDEN})
    assert erased_people.traces(erased_people.values_of(ana)) == []


def test_a_paused_schedule_needs_another_filter_first(store: Store, ana: Customer) -> None:
    schedule = new_schedule(store, filter={"query": "ana perez"})
    erase(store, ana)
    with pytest.raises(InvalidInputError) as raised:
        export_schedules.patch(store, schedule.id, {"paused": False}, NOW)
    assert [field.pointer for field in raised.value.fields] == ["/filter/query"]
    changed = export_schedules.patch(store, schedule.id, {"paused": False, "filter": {"query": "eva"}}, NOW)
    assert (changed.paused, changed.filter.query) == (False, "eva")


def test_a_running_export_of_the_person_is_written_again_without_anybody(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = export_jobs.start(store, NOW, ExportRequest(filter=CustomerFilter(query="ana perez")), MERCHANT)
    write_rows = export_content.write_rows

    def erase_meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(export_content, "write_rows", write_rows)
        written = write_rows(*args)
        erase(store, ana)
        return written

    monkeypatch.setattr(export_content, "write_rows", erase_meanwhile)
    with pytest.raises(VersionConflictError):
        export_runs.run(store, job.id, NOW, "message-1")
    assert export_jobs.get(store, job.id).status == "running"
    ended = export_runs.run(store, job.id, NOW, "message-1")  # the queue repeats it
    assert (ended.status, ended.rows, hidden(ended.filter)) == ("succeeded", 0, {"query": HIDDEN})


def test_a_process_without_the_directory_leaves_such_filters_to_the_queue(store: Store, ana: Customer) -> None:
    job, by_key = bulk(store, query="ana perez"), bulk(store, email="ana@example.com")
    begun = customer_removal.erase(store, ana.id, NOW, MERCHANT, lambda: False, has_directory=False)
    assert begun.status == "running"
    assert not customer_removal.finish(store, ana.id, NOW, lambda: False)
    for each, name in ((job, "query"), (by_key, "email")):
        assert hidden(bulk_jobs.get(store, each.id).filter) == {name: HIDDEN}
    assert erasures.get(store, begun.id).status == "complete"
    assert erased_people.traces(erased_people.values_of(ana)) == []


def test_a_change_of_the_schedule_at_the_same_moment_is_not_lost(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = new_schedule(store, filter={"query": "ana perez"})
    rename = partial(export_schedules.patch, store, schedule.id, {"name": "Weekly"}, NOW)
    before_first(monkeypatch, export_schedules, "_differences", rename)
    erase(store, ana)
    after = export_schedules.get(store, schedule.id)
    assert (after.name, after.paused, hidden(after.filter)) == ("Weekly", True, {"query": HIDDEN})
