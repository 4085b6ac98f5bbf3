"""Export jobs: started, run, repeated, scheduled, failed and listed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.deployment import EXPORTS
from tests.support.exports import NOW, add, content, export, handle, objects, rows, start_of
from tests.support.interleaving import after_first
from tests.support.removals import Waiting

from clientela import clock
from clientela.customers import customer_search, customers, directory_walks, stored_customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ExportNotFoundError, ExportUnfinishedError, InvalidInputError
from clientela.exports import export_content, export_jobs, export_runs
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.exports.export_content import FilterGroupDeletedError
from clientela.exports.export_requests import ExportRequest
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle import customer_removal
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings


def test_a_started_export_is_queued(store: Store) -> None:
    job = export_jobs.start(store, NOW)
    assert (job.status, job.file, job.created_at) == ("queued", None, NOW)
    assert export_jobs.get(store, job.id) == job


def test_an_export_that_breaks_leaves_nothing_behind(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterator[dict[str, Any]]:
        yield from [{"customer": {"B": stored_customers.compress({"note": "x" * 5000})}}] * 4000
        raise OSError("ana@example.com")

    monkeypatch.setattr(directory_walks, "profiles", broken)
    started = export_jobs.start(store, NOW)
    with pytest.raises(OSError, match="ana"):
        export_runs.run(store, started.id, NOW)
    job = export_jobs.get(store, started.id)
    assert (job.status, job.file, job.message) == ("failed", None, "The export failed: OSError.")
    assert job.finished_at
    assert objects(aws) == []
    assert aws("s3").list_multipart_uploads(Bucket=EXPORTS).get("Uploads", []) == []


def test_an_export_whose_group_was_deleted_fails_and_is_not_empty(store: Store, aws: Any) -> None:
    """An empty file would look like a group without members."""
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    started = export_jobs.start(store, NOW, ExportRequest(filter=CustomerFilter(group=group.id)))
    groups.delete(store, group.id, NOW)
    assert handle(start_of(started))  # a repeat would not help
    job = export_jobs.get(store, started.id)
    assert (job.status, job.message) == ("failed", "The group of the filter was deleted.")
    assert objects(aws) == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("ana@example.com"), "La exportación ha fallado: OSError."),
        (FilterGroupDeletedError("The group of the filter was deleted."), "El grupo del filtro se eliminó."),
    ],
)
def test_the_reason_of_a_failure_is_in_the_stores_language(
    aws: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    store = stores.create("madrid", StoreSettings(name="Madrid", language="es"), NOW)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(export_content, "require_group", fail)
    started = export_jobs.start(store, NOW)
    with pytest.raises(type(error)):
        export_runs.run(store, started.id, NOW)
    assert export_jobs.get(store, started.id).message == message


def test_a_row_too_few_fails_the_export_and_the_next_try_can_succeed(
    store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ana", "ben", "eve"):
        add(store, f"{name}@example.com")
    started = export_jobs.start(store, NOW)
    with monkeypatch.context() as patch:
        everybody = list(customer_search.all_profiles(store))
        walks = iter([everybody[:2]])
        patch.setattr(directory_walks, "profiles", lambda *_: iter(next(walks, everybody)))
        with pytest.raises(ExportIncompleteError):
            export_runs.run(store, started.id, NOW + timedelta(minutes=16))
    message = "Only 2 customers were read, but at least 3 were there all the time."
    assert export_jobs.get(store, started.id).message == message
    assert objects(aws) == []
    job = export_runs.run(store, started.id, NOW)
    assert (job.status, job.rows, job.message) == ("succeeded", 3, None)


def created(store: Store) -> None:
    customers.create(store, NewCustomer(email="new@example.com"), clock.now())


def deleted(store: Store) -> None:
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    customer_removal.remove(store, ana.id, NOW, OPERATOR)


def disabled(store: Store) -> None:
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    customers.patch(store, ana.id, {"status": "disabled"}, clock.now())


@pytest.mark.parametrize("when", ["before they are read", "after they are read"])
@pytest.mark.parametrize(
    "happens", [[created], [deleted], [deleted, created], [disabled], [disabled, created], [deleted, disabled]]
)
def test_customers_who_come_and_go_while_it_is_written_do_not_fail_it(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, happens: list[Any], when: str
) -> None:
    for name in ("ana", "ben", "eve"):
        add(store, f"{name}@example.com")
    if happens == [deleted, disabled]:
        happens = [
            deleted,
            lambda store: customers.patch(store, everybody[1]["id"], {"status": "disabled"}, clock.now()),
        ]
    everybody = customer_search.page(store, sort="created").items
    read = directory_walks.profiles

    def profiles(*arguments: Any) -> Iterator[dict[str, Any]]:
        found = read(*arguments) if when == "before they are read" else iter(list(read(*arguments)))
        for each in happens:
            each(store)
        return found

    active = CustomerFilter(status="active")
    started = export_jobs.start(store, NOW, ExportRequest(filter=active))
    monkeypatch.setattr(directory_walks, "profiles", profiles)
    job = export_runs.run(store, started.id, clock.now())
    assert (job.status, job.rows in {1, 2, 3, 4}) == ("succeeded", True)


def test_a_second_call_changes_nothing(store: Store, aws: Any) -> None:
    add(store, "ana@example.com")
    job = export(store)
    add(store, "ben@example.com")
    assert export_runs.run(store, job.id, NOW + timedelta(hours=1)) == job
    assert len(rows(aws, job)) == 1


def test_a_running_job_is_left_to_who_runs_it_until_it_is_dead(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    started = export_jobs.start(store, NOW)
    seen = []

    def look(*_: object) -> Iterator[dict[str, Any]]:
        seen.append(export_runs.run(store, started.id, NOW + timedelta(minutes=1)).status)
        raise SystemExit  # killed

    with monkeypatch.context() as patch:
        patch.setattr(directory_walks, "profiles", look)
        with pytest.raises(SystemExit):
            export_runs.run(store, started.id, NOW)
    assert seen == ["running"]
    assert export_runs.run(store, started.id, NOW + timedelta(minutes=14)).status == "running"
    assert export_runs.run(store, started.id, NOW + timedelta(minutes=16)).status == "succeeded"


def killed(*_: object) -> Iterator[dict[str, Any]]:
    raise SystemExit


def test_what_was_killed_early_is_run_again_when_the_message_comes_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS delivers a message again that nobody deleted, with the same id."""
    started = export_jobs.start(store, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(directory_walks, "profiles", killed)
        with pytest.raises(SystemExit):
            handle(start_of(started), "first")
    handle(start_of(started), "another")
    assert export_jobs.get(store, started.id).status == "running"
    handle(start_of(started), "first")
    assert export_jobs.get(store, started.id).status == "succeeded"


def test_a_job_whose_last_write_failed_is_run_again_when_the_message_comes_back(
    store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "ana@example.com")
    started, changed = export_jobs.start(store, NOW), export_jobs.update

    def fails_at_the_end(record: Any, **changes: Any) -> Any:
        if changes["status"] == "succeeded":
            raise ConnectionError
        return changed(record, **changes)

    with monkeypatch.context() as patch:
        patch.setattr(export_jobs, "update", fails_at_the_end)
        assert not handle(start_of(started))
    assert export_jobs.get(store, started.id).status == "running"
    handle(start_of(started))
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows) == ("succeeded", 1)
    assert sorted(objects(aws)) == sorted([str(job.file), str(job.manifest)])


def test_jobs_are_listed_newest_first_in_pages(store: Store) -> None:
    started = [export_jobs.start(store, NOW + timedelta(seconds=number)).id for number in range(3)]
    first = export_jobs.list_all(store, 2)
    second = export_jobs.list_all(store, 2, first.next_cursor)
    assert [job.id for job in first.items + second.items] == started[::-1]
    assert second.next_cursor is None
    with pytest.raises(InvalidInputError):
        export_jobs.list_all(store, 2, "nonsense")


def test_the_file_is_downloaded_by_a_signed_url(store: Store, aws: Any) -> None:
    from urllib.request import urlopen

    job = export(store)
    with urlopen(export_jobs.download_url(store, job.id)) as answer:
        assert answer.read() == content(aws, job.file)
    with pytest.raises(ExportUnfinishedError):
        export_jobs.download_url(store, export_jobs.start(store, NOW).id)


def test_an_export_of_another_store_is_not_found(store: Store) -> None:
    other = stores.create("other", StoreSettings(name="Other"), NOW)
    with pytest.raises(ExportNotFoundError):
        export_jobs.get(other, export_jobs.start(store, NOW).id)


def test_of_two_calls_at_once_one_writes_the_export(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, "ana@example.com")
    started, written = export_jobs.start(store, NOW), []
    write = export_content.write_rows
    monkeypatch.setattr(export_content, "write_rows", lambda *job: written.append(job) or write(*job))
    after_first(monkeypatch, export_jobs, "get_record", lambda: export_runs.run(store, started.id, NOW, "first"))
    assert export_runs.run(store, started.id, NOW, "second").status == "succeeded"
    assert len(written) == 1
