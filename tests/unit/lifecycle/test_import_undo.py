"""Undoing an import: created customers go, changed ones get their values back, touched ones are kept and listed."""

from datetime import timedelta

import pytest
from tests.support.import_runs import downloaded
from tests.support.orders import take
from tests.support.planned_imports import KEY, Imports

import csv_import
from clientela import clock
from clientela.customers import consents, customer_history, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import ImportNotFoundError, ImportStateError
from clientela.imports import import_states
from clientela.imports.import_jobs import ImportJob, ImportUndo
from clientela.lifecycle import customer_removal, import_undo, merges
from clientela.schema.actors import OPERATOR
from clientela.sign_in import passwords
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

FILE = b"""email,name,note,accepts_marketing
new@example.com,New,hello,yes
old@example.com,Imported,,no
same@example.com,Same,,
"""


@pytest.fixture
def old(store: Store) -> Customer:
    customers.create(store, NewCustomer(email="same@example.com", name="Same"), clock.now())
    new = NewCustomer(email="old@example.com", name="Former", company="Acme", accepts_marketing=True)
    return customers.create(store, new, clock.now(), KEY)


@pytest.fixture
def job(imports: Imports, old: Customer) -> ImportJob:
    planned = imports.planned(FILE)
    return imports.start(planned.id)


def find(store: Store, email: str) -> Customer:
    found = customers.find(store, email, clock.now())
    assert found
    return found


def outcome(job: ImportJob) -> tuple[str, int, int, int]:
    assert job.undo
    return job.undo.status, job.undo.removed, job.undo.restored, job.undo.kept


def kept(store: Store, job: ImportJob) -> list[tuple[str, str, str]]:
    rows = downloaded(import_undo.report_url(store, job.id))
    return [(row["line"], row["customer_id"], row["code"]) for row in rows]


def stored(store: Store, customer_id: str) -> list[str]:
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.customer(store.id, customer_id)}},
    )
    return [item["sk"]["S"] for page in pages for item in page["Items"]]


def test_created_customers_go_and_changed_ones_get_their_former_values(
    imports: Imports, old: Customer, job: ImportJob
) -> None:
    new = find(imports.store, "new@example.com")
    assert find(imports.store, "old@example.com").name == "Imported"
    assert outcome(imports.undo(job.id)) == ("succeeded", 1, 1, 0)
    assert customers.find(imports.store, "new@example.com", clock.now()) is None
    assert stored(imports.store, new.id) == []
    assert customer_search.count(imports.store) == 2
    after = find(imports.store, "old@example.com")
    changed = {"version", "updated_at", "filled_by_orders"}
    assert after.model_dump(exclude=changed) == old.model_dump(exclude=changed)
    assert customer_history.page(imports.store, after, clock.now()).items[-1].actor == KEY


def test_the_address_of_a_removed_customer_is_free(imports: Imports, job: ImportJob) -> None:
    imports.undo(job.id)
    again = customers.create(imports.store, NewCustomer(email="new@example.com"), clock.now())
    assert find(imports.store, "new@example.com").id == again.id


def test_the_history_and_the_ledger_say_that_it_was_undone(imports: Imports, old: Customer, job: ImportJob) -> None:
    imports.undo(job.id)
    entry = customer_history.page(imports.store, find(imports.store, "old@example.com"), clock.now()).items[0]
    assert entry.actor == KEY
    assert ("Imported", "Former") in [(change.before, change.after) for change in entry.changes]
    states = [consent.state for consent in consents.page(imports.store, old.id).items]
    assert states == ["subscribed", "unsubscribed", "subscribed"]


def test_a_created_customer_who_was_changed_is_kept_and_listed(imports: Imports, job: ImportJob) -> None:
    new = find(imports.store, "new@example.com")
    customers.patch(imports.store, new.id, {"company": "Acme"}, clock.now())
    undone = imports.undo(job.id)
    assert outcome(undone) == ("succeeded", 0, 1, 1)
    assert kept(imports.store, undone) == [("2", new.id, "touched")]
    assert find(imports.store, "new@example.com").company == "Acme"


def test_a_created_customer_with_orders_since_is_kept(imports: Imports, job: ImportJob) -> None:
    take(imports.store, email="new@example.com")
    assert outcome(imports.undo(job.id)) == ("succeeded", 0, 1, 1)
    after = find(imports.store, "new@example.com")
    assert after.orders_total == 1


def test_a_changed_customer_with_orders_since_gets_former_values_and_keeps_its_statistics(
    imports: Imports, job: ImportJob
) -> None:
    take(imports.store, email="old@example.com")
    before = find(imports.store, "old@example.com")
    assert outcome(imports.undo(job.id)) == ("succeeded", 1, 1, 0)
    after = find(imports.store, "old@example.com")
    assert (after.name, after.orders_total, after.total_spent) == ("Former", 1, before.total_spent)


@pytest.mark.parametrize(("change", "result"), [({"name": "Herself"}, (0, 1)), ({"phone": "+34911222333"}, (1, 0))])
def test_only_a_change_of_an_imported_field_keeps_a_changed_customer(
    imports: Imports, old: Customer, job: ImportJob, change: dict[str, str], result: tuple[int, int]
) -> None:
    customers.patch(imports.store, old.id, change, clock.now())
    undone = imports.undo(job.id)
    assert outcome(undone)[2:] == result
    after = find(imports.store, "old@example.com")
    assert (after.name, after.phone) == (change.get("name", "Former"), change.get("phone"))


def test_a_merged_customer_is_kept_and_listed(imports: Imports, old: Customer, job: ImportJob) -> None:
    new = find(imports.store, "new@example.com")
    merges.merge(imports.store, old.id, new.id, clock.now(), OPERATOR, lambda: False)
    undone = imports.undo(job.id)
    assert ("2", old.id, "merged") in kept(imports.store, undone)
    assert customers.find(imports.store, "new@example.com", clock.now()) is not None


def test_erased_people_never_come_back(imports: Imports, old: Customer, job: ImportJob) -> None:
    new = find(imports.store, "new@example.com")
    for each in (old, new):
        customer_removal.erase(imports.store, each.id, clock.now(), OPERATOR, lambda: False)
    undone = imports.undo(job.id)
    assert outcome(undone) == ("succeeded", 0, 0, 0)
    assert kept(imports.store, undone) == []
    assert customer_search.count(imports.store) == 1


def test_imported_passwords_go_too(imports: Imports, old: Customer) -> None:
    planned = imports.planned(b"email,name,password\nold@example.com,Former,hunter2-hunter2\n")
    job = imports.start(planned.id)
    assert (job.unchanged, passwords.find(imports.store, old.id) is not None) == (1, True)
    assert outcome(imports.undo(job.id)) == ("succeeded", 0, 1, 0)
    assert passwords.find(imports.store, old.id) is None


def test_undoing_twice_is_undoing_once(imports: Imports, job: ImportJob) -> None:
    imports.undo(job.id)
    again = customers.create(imports.store, NewCustomer(email="new@example.com", name="Later"), clock.now())
    assert outcome(imports.undo(job.id)) == ("succeeded", 1, 1, 0)
    assert find(imports.store, "new@example.com") == again
    entries = audit_trail.page(imports.store, clock.now(), action="import.undone").items
    assert [(entry.actor, entry.target) for entry in entries] == [(KEY, job.id)]


def test_a_chunk_that_is_undone_twice_counts_once_and_spares_later_changes(
    imports: Imports, old: Customer, job: ImportJob
) -> None:
    import_undo.undo(imports.store, job.id, clock.now(), KEY)
    (chunk,) = imports.chunks(f"{job.id}-undo-1")
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "undo-1"}
    csv_import.load(event | {"chunk": chunk}, None)
    customers.patch(imports.store, old.id, {"name": "Imported"}, clock.now())
    csv_import.load(event | {"chunk": chunk}, None)
    csv_import.finish(event, None)
    assert outcome(imports.job(job.id)) == ("succeeded", 1, 1, 0)
    assert find(imports.store, "old@example.com").name == "Imported"


def test_a_failed_undo_goes_on_when_it_is_requested_again(imports: Imports, job: ImportJob) -> None:
    import_undo.undo(imports.store, job.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "undo-1", "failed": "States.Timeout"}
    csv_import.finish(event, None)
    assert outcome(imports.job(job.id))[0] == "failed"
    imports.machines.started.pop(f"{job.id}-undo-1")
    assert outcome(imports.undo(job.id)) == ("succeeded", 1, 1, 0)
    assert f"{job.id}-undo-2" in imports.machines.started


@pytest.mark.usefixtures("old")
def test_what_a_cancelled_import_has_loaded_is_undone(imports: Imports) -> None:
    planned = imports.planned(FILE)
    import_states.start(imports.store, planned.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": planned.id, "run": "load"}
    for chunk in imports.chunks(planned.id):
        csv_import.load(event | {"chunk": chunk}, None)
    imports.cancel(planned.id)
    imports.execute(planned.id)
    assert outcome(imports.undo(planned.id)) == ("succeeded", 1, 1, 0)


def test_only_an_import_that_has_changed_something_is_undone(imports: Imports) -> None:
    requested = imports.request(FILE)
    planned = imports.planned(FILE)
    dry = imports.planned(FILE, dry_run=True)
    for job_id in (requested.job.id, planned.id, dry.id):
        with pytest.raises(ImportStateError):
            import_undo.undo(imports.store, job_id, clock.now(), KEY)
    with pytest.raises(ImportNotFoundError):
        import_undo.report_url(imports.store, planned.id)


def test_an_import_can_be_undone_for_seven_days(imports: Imports, job: ImportJob) -> None:
    assert job.undo_until
    assert job.finished_at
    assert job.undo_until - job.finished_at == timedelta(days=7)
    with pytest.raises(ImportStateError):
        import_undo.undo(imports.store, job.id, clock.now() + timedelta(days=7, minutes=1), KEY)
    assert find(imports.store, "new@example.com")


def test_the_job_shows_its_undo(imports: Imports, job: ImportJob) -> None:
    import_undo.undo(imports.store, job.id, clock.now(), KEY)
    running = imports.job(job.id).undo
    assert running
    assert running == ImportUndo(status="running", started_at=running.started_at)
