"""Imports over the API: an upload, an exact plan, other columns, and the start of that very plan."""

from datetime import timedelta

import boto3
import pytest
from tests.support.deployment import IMPORTS
from tests.support.import_runs import downloaded
from tests.support.planned_imports import KEY, Imports, arrival, put

import csv_import
from clientela import clock
from clientela.customers import customer_input, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import ImportNotFoundError, ImportStateError, InvalidInputError, PlanOutdatedError
from clientela.imports import import_files, import_jobs, import_states
from clientela.imports.import_choices import NewImport
from clientela.stores import audit_trail
from clientela.stores.stores import Store

FILE = b"""E-mail,Name,Colour,Telefono
ana@example.com,Ana,red,600111222
ben@example.com,Ben,blue,
old@example.com,Old,red,
same@example.com,Same,,
nobody,Nobody,,
"""


@pytest.fixture
def people(store: Store) -> dict[str, Customer]:
    new = [NewCustomer(email="old@example.com", name="Former"), NewCustomer(email="same@example.com", name="Same")]
    return {each.email: customers.create(store, each, clock.now()) for each in new}


def find(store: Store, email: str) -> Customer:
    found = customers.find(store, email, clock.now())
    assert found
    return found


def counts(job: import_jobs.Counts) -> tuple[int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.rejected


def test_an_uploaded_file_is_planned_and_changes_nothing(imports: Imports, people: dict[str, Customer]) -> None:
    job = imports.planned(FILE)
    assert (job.status, job.plan, job.rows_total, counts(job)) == ("planned", 1, 5, (0, 0, 0, 0))
    assert customer_search.count(imports.store) == 2
    assert find(imports.store, "old@example.com") == people["old@example.com"]


def test_the_plan_counts_each_row_and_shows_differences_reasons_and_columns(
    imports: Imports, people: dict[str, Customer]
) -> None:
    plan = imports.plan(imports.planned(FILE).id)
    assert (counts(plan), plan.rows_total, plan.number) == ((2, 1, 1, 1), 5, 1)
    reasons = [(reason.code, reason.outcome, reason.count) for reason in plan.reasons]
    assert reasons == [("email_invalid", "rejected", 1), ("phone_invalid", "left_out", 1)]
    update = plan.differences[0]
    assert (update.line, update.outcome, update.customer_id) == (4, "updated", people["old@example.com"].id)
    assert [change.model_dump() for change in update.changes] == [{"field": "name", "before": "Former", "after": "Old"}]
    assert [each.outcome for each in plan.differences] == ["updated", "created", "created"]
    assert [(column.header, column.field, column.examples) for column in plan.columns] == [
        ("E-mail", "email", ["ana@example.com", "ben@example.com", "old@example.com"]),
        ("Name", "name", ["Ana", "Ben", "Old"]),
        ("Colour", None, ["red", "blue"]),
        ("Telefono", "phone", ["600111222"]),
    ]


@pytest.mark.parametrize("dates", [("2020-01-02", "2020-01-02T00:00:00.000Z"), ("someday", None), ("", None)])
def test_the_plan_shows_since_when_a_new_customer_is_one_if_a_column_says_so(
    imports: Imports, dates: tuple[str, str | None]
) -> None:
    given, shown = dates
    file = f"email,created_at\nana@example.com,{given}\n".encode()
    job = imports.planned(file)
    (new,) = imports.plan(job.id).differences
    found = {change.field: change.after for change in new.changes}
    assert found.get("created_at") == shown
    ended = imports.start(job.id)
    assert (ended.created, ended.rejected) == (1, 0)


def test_rejected_rows_can_be_seen_before_the_start(imports: Imports) -> None:
    job = imports.planned(FILE)
    (row,) = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert (row["E-mail"], row["line"], row["code"]) == ("nobody", "6", "email_invalid")


def test_the_start_does_what_the_plan_says(imports: Imports, people: dict[str, Customer]) -> None:
    job = imports.planned(FILE)
    ended = imports.start(job.id)
    assert (ended.status, counts(ended)) == ("succeeded", counts(imports.plan(job.id)))
    assert find(imports.store, "old@example.com").name == "Old"


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"name": "Changed"}, "rejected"),  # the plan did not show that this name would be replaced
        ({"name": "Old"}, "unchanged"),  # somebody else has made the change of the plan
        ({"company": "Acme"}, "updated"),  # another field
    ],
)
def test_a_customer_who_changes_after_the_plan_gets_the_planned_change_or_none(
    imports: Imports, people: dict[str, Customer], change: dict[str, str], result: str
) -> None:
    job = imports.planned(b"email,name\nold@example.com,Old\n")
    customers.patch(imports.store, people["old@example.com"].id, change, clock.now())
    ended = imports.start(job.id)
    assert (ended.status, ended.model_dump()[result], ended.rows_total) == ("succeeded", 1, 1)
    after = find(imports.store, "old@example.com")
    assert after.name == (change.get("name") or "Old")
    if result == "rejected":
        (row,) = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
        assert row["code"] == "plan_outdated"


def test_a_row_that_would_create_a_customer_does_not_change_one_who_came_since(imports: Imports) -> None:
    job = imports.planned(b"email,name\nnew@example.com,New\n")
    customers.create(imports.store, NewCustomer(email="new@example.com", name="Herself"), clock.now())
    ended = imports.start(job.id)
    assert counts(ended) == (0, 0, 0, 1)
    assert find(imports.store, "new@example.com").name == "Herself"


def test_a_plan_is_only_started_if_it_is_the_one_that_was_seen(imports: Imports) -> None:
    job = imports.planned(FILE)
    imports.change(job.id, mapping={"Name": None})
    with pytest.raises(PlanOutdatedError):
        imports.start(job.id, plan=1)
    assert imports.start(job.id, plan=2).status == "succeeded"


def test_a_plan_is_outdated_when_its_time_is_over(imports: Imports) -> None:
    job = imports.planned(FILE)
    with pytest.raises(PlanOutdatedError):
        import_states.start(imports.store, job.id, clock.now() + timedelta(hours=17), KEY)
    assert imports.job(job.id).status == "planned"


def test_a_plan_is_outdated_when_another_file_was_uploaded_to_its_address(imports: Imports) -> None:
    requested = imports.request(FILE)
    imports.upload(requested, FILE)
    imports.work()
    imports.upload(requested, FILE.replace(b"ana@", b"eva@"))
    with pytest.raises(PlanOutdatedError):
        imports.start(requested.job.id)
    assert imports.plan(requested.job.id).columns[0].examples[0] == "ana@example.com"


def test_a_plan_that_nobody_starts_is_void_and_its_file_is_deleted(imports: Imports) -> None:
    job = imports.planned(FILE)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "plan-1", "expired": True}
    assert csv_import.finish(event, None) == "cancelled"
    ended = imports.job(job.id)
    assert (ended.status, ended.code) == ("cancelled", "plan_expired")
    key = import_files.upload_key(imports.store.id, job.id, "customers.csv")
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=IMPORTS, Prefix=key)


def test_the_expiry_of_a_plan_does_not_end_a_newer_one(imports: Imports) -> None:
    job = imports.planned(FILE)
    imports.change(job.id, mapping={"Name": None})
    csv_import.finish({"store_id": imports.store.id, "job_id": job.id, "run": "plan-1", "expired": True}, None)
    assert imports.start(job.id).status == "succeeded"


def test_columns_can_be_mapped_and_left_out(imports: Imports, people: dict[str, Customer]) -> None:
    job = imports.planned(FILE)
    changed = imports.change(job.id, mapping={"Colour": "company", "Name": None})
    assert (changed.status, changed.plan) == ("planned", 2)
    plan = imports.plan(job.id)
    assert [(column.header, column.field) for column in plan.columns][1:3] == [("Name", None), ("Colour", "company")]
    assert counts(plan) == (2, 1, 1, 1)
    imports.start(job.id)
    after = find(imports.store, "old@example.com")
    assert (after.name, after.company) == ("Former", "red")


def test_the_column_of_the_e_mail_can_be_another_one(imports: Imports) -> None:
    job = imports.planned(b"email,second,name\nana@example.com,eva@example.com,Ana\n")
    imports.change(job.id, mapping={"email": None, "second": "email"})
    imports.start(job.id)
    assert find(imports.store, "eva@example.com").name == "Ana"
    assert customers.find(imports.store, "ana@example.com", clock.now()) is None


def test_options_can_be_changed(imports: Imports, people: dict[str, Customer]) -> None:
    job = imports.planned(FILE)
    assert imports.change(job.id, options={"mode": "update"}).mode == "update"
    assert counts(imports.plan(job.id)) == (0, 1, 1, 3)


@pytest.mark.parametrize(
    ("mapping", "pointer"),
    [
        ({"Size": "company"}, "/mapping/Size"),
        ({"Colour": "colour"}, "/mapping/Colour"),
        ({"email": None}, "/mapping"),
        ({"Colour": "email"}, "/mapping"),
        ({"Contrase\u00f1a": "note"}, "/mapping/Contrase\u00f1a"),
    ],
)
def test_an_impossible_mapping_is_refused(imports: Imports, mapping: dict[str, str | None], pointer: str) -> None:
    job = imports.planned("email,Colour,Contrase\u00f1a\nana@example.com,red,hunter2secret\n".encode())
    with pytest.raises(InvalidInputError) as refusal:
        imports.change(job.id, mapping=mapping)
    assert [error.pointer for error in refusal.value.fields] == [pointer]
    assert imports.job(job.id).plan == 1


def test_no_plan_shows_a_secret(imports: Imports) -> None:
    file = b"email,password,api key,note\nana@example.com,hunter2secret,Zk3!xxq9v1,hunter2secret\n"
    plan = imports.plan(imports.planned(file).id)
    text = plan.model_dump_json()
    assert "hunter2secret" not in text
    assert "Zk3!xxq9v1" not in text
    assert [column.examples for column in plan.columns if column.secret] == [[], []]


def test_a_plan_rejects_what_would_become_too_large(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_input, "MAX_BYTES", 3000)
    job = imports.planned(b"email,note\nana@example.com," + b"x" * 4000 + b"\nben@example.com,x\n")
    assert counts(imports.plan(job.id)) == counts(imports.start(job.id)) == (1, 0, 0, 1)


def test_a_guessed_column_is_marked_until_the_merchant_has_chosen_it(imports: Imports) -> None:
    job = imports.planned(b"Kontaktdaten,name\nana@example.com,Ana\nben@example.com,Ben\n")
    assert [(column.field, column.guessed) for column in imports.plan(job.id).columns] == [
        ("email", True),
        ("name", False),
    ]
    imports.change(job.id, mapping={"Kontaktdaten": "email"})
    assert [column.guessed for column in imports.plan(job.id).columns] == [False, False]


def test_a_dry_run_ends_with_its_plan(imports: Imports) -> None:
    job = imports.planned(FILE, dry_run=True)
    assert (job.status, counts(job)) == ("succeeded", (4, 0, 0, 1))
    assert customer_search.count(imports.store) == 0


def test_a_refused_file_ends_its_import(imports: Imports) -> None:
    job = imports.planned(b"name,age\nAna,3\n")
    assert (job.status, job.code) == ("failed", "no_email_column")
    with pytest.raises(ImportStateError):
        imports.start(job.id)


def test_an_upload_of_another_size_is_refused(imports: Imports) -> None:
    requested = imports.request(FILE)
    assert "content-length" in str(requested.upload.url).lower()


def test_a_file_larger_than_allowed_is_not_signed(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IMPORT_MEGABYTES", "1")
    with pytest.raises(InvalidInputError) as refusal:
        import_states.request(imports.store, NewImport(file_name="a.csv", size=1_000_001), clock.now(), KEY)
    assert refusal.value.fields[0].pointer == "/size"


@pytest.mark.parametrize("name", ["list.xlsx", "a/b.csv", "a\n.csv", ".csv"])
def test_a_file_of_another_name_is_not_requested(name: str) -> None:
    with pytest.raises(ValueError, match="file_name"):
        NewImport(file_name=name, size=1)


def test_an_import_without_a_file_is_forgotten(imports: Imports) -> None:
    requested = imports.request(FILE)
    record = import_jobs.get_record(imports.store.id, requested.job.id)
    assert requested.job.status == "awaiting_file"
    assert record.ttl is not None
    assert record.ttl > requested.upload.expires_at.timestamp()
    imports.upload(requested, FILE)
    assert import_jobs.get_record(imports.store.id, requested.job.id).ttl is None


def test_a_file_that_comes_too_late_is_deleted_and_imports_nothing(imports: Imports) -> None:
    requested = imports.request(FILE)
    import_jobs.get_record(imports.store.id, requested.job.id).delete()
    imports.upload(requested, FILE)
    assert imports.machines.started == {}
    key = import_files.upload_key(imports.store.id, requested.job.id, "customers.csv")
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=IMPORTS, Prefix=key)


def test_a_repeated_event_plans_once(imports: Imports) -> None:
    requested = imports.request(FILE)
    event = imports.upload(requested, FILE)
    csv_import.receive(event, None)
    imports.work()
    csv_import.receive(event, None)
    assert list(imports.machines.started) == [f"{requested.job.id}-plan-1"]
    assert imports.job(requested.job.id).status == "planned"


def test_only_a_planned_import_is_started_or_changed(imports: Imports) -> None:
    requested = imports.request(FILE)
    with pytest.raises(ImportStateError):
        imports.start(requested.job.id)
    with pytest.raises(ImportNotFoundError):
        imports.plan(requested.job.id)
    put(requested, FILE)
    csv_import.receive(arrival(f"{imports.store.id}/{requested.job.id}/customers.csv"), None)
    assert imports.job(requested.job.id).status == "reading"
    with pytest.raises(ImportStateError):
        imports.change(requested.job.id, mapping={"Name": None})


def test_starting_again_is_the_same_start(imports: Imports) -> None:
    job = imports.planned(FILE)
    for _ in range(2):
        import_states.start(imports.store, job.id, clock.now(), KEY)
    imports.work()
    assert counts(imports.job(job.id)) == (4, 0, 0, 1)
    entries = audit_trail.page(imports.store, clock.now(), action="import.started").items
    assert [(entry.actor, entry.target) for entry in entries] == [(KEY, job.id)]


def test_each_act_is_in_the_audit_trail(imports: Imports) -> None:
    job = imports.planned(FILE)
    imports.change(job.id, mapping={"Name": None})
    imports.start(job.id)
    entries = audit_trail.page(imports.store, clock.now(), actor="api_key").items
    assert [entry.action for entry in reversed(entries)] == ["import.requested", "import.changed", "import.started"]
    assert [change.field for change in entries[1].changes] == ["mapping"]
