"""Passwords of an import: hashed after the rows, never over what the customer did, never in clear."""

from collections.abc import Callable

import boto3
import pytest
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines, downloaded, plan
from tests.support.interleaving import before_first

import csv_import
from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import BusyError
from clientela.handlers import error_logs
from clientela.imports import import_jobs, import_passwords
from clientela.imports.import_jobs import ImportJob
from clientela.lifecycle import customer_removal, merges
from clientela.schema.actors import OPERATOR
from clientela.sign_in import password_hashes, password_sign_in, passwords
from clientela.sign_in.passwords import PasswordRecord
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import records

type Import = Callable[..., ImportJob]

BCRYPT = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"  # of U*U
HERE = Visitor("192.0.2.1")


def password_of(store: Store, email: str) -> PasswordRecord | None:
    found = customers.find(store, email, clock.now())
    assert found
    return passwords.find(store, found.id)


def signs_in(store: Store, email: str, password: str) -> bool:
    record = password_of(store, email)
    return record is not None and password_hashes.verify(record.hash, password)


def counts(job: ImportJob) -> tuple[int, int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.rejected, job.warnings


def test_clear_passwords_are_hashed_and_hashes_of_other_shops_are_kept(store: Store, run: Import) -> None:
    rows = ["ana@example.com,hunter2!", f"bo@example.com,{BCRYPT}", "cy@example.com,", "DI@example.com,Пароль 9"]
    job = run("\n".join(["email,password", *rows]).encode())
    assert counts(job) == (4, 0, 0, 0, 0)
    for email, password in (("ana@example.com", "hunter2!"), ("bo@example.com", "U*U"), ("di@example.com", "Пароль 9")):
        assert password_sign_in.sign_in(store, email, password, HERE, clock.now()).session.email_proven is False
    assert password_of(store, "cy@example.com") is None


@pytest.mark.parametrize(
    "text",
    ["$1$abc$def", "5f4dcc3b5aa765d61d8327deb882cf99", "5f4dcc3b5aa765d61d8327deb882cf99:salt", "{SSHA}W6ph5Mm5Pz8=x",
     "$2y$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "sha1$salty$0123456789abcdef"],
)  # fmt: skip
def test_a_hash_that_is_not_accepted_is_reported_and_not_hashed_as_a_password(
    store: Store, run: Import, text: str
) -> None:
    job = run(f"email,password\nana@example.com,{text}\n".encode())
    assert counts(job) == (1, 0, 0, 0, 1)
    (warning,) = downloaded(import_jobs.report_url(store, job.id, "warnings"))
    assert warning["code"] == "password_hash_unknown"
    assert password_of(store, "ana@example.com") is None


def test_a_password_that_is_too_long_is_reported(store: Store, run: Import) -> None:
    job = run(f"email,password\nana@example.com,{'long ' * 60}\n".encode())
    (warning,) = downloaded(import_jobs.report_url(store, job.id, "warnings"))
    assert (warning["code"], password_of(store, "ana@example.com")) == ("password_too_long", None)


def test_the_last_row_of_an_email_counts_and_a_rejected_row_does_not(
    store: Store, run: Import, small_chunks: None
) -> None:
    customers.create(store, NewCustomer(email="known@example.com"), clock.now())
    others = [f"x{number}@example.com,yes,any phrase" for number in range(12)]
    rows = ["ana@example.com,yes,first one", *others, "ana@example.com,yes,second one", "ana@example.com,perhaps,third"]
    run("\n".join(["email,tax exempt,password", *rows]).encode())
    assert signs_in(store, "ana@example.com", "second one")
    run(b"email,password\nknown@example.com,hunter2!\n", mode="create")
    assert password_of(store, "known@example.com") is None


def test_a_password_that_the_customer_has_is_never_replaced(store: Store, run: Import) -> None:
    run(b"email,password\nana@example.com,hunter2!\n")
    record = password_of(store, "ana@example.com")
    assert record
    records.update(record, [PasswordRecord.proven_email.set("ana@example.com")], None, BusyError())
    run(b"email,password\nana@example.com,hunter3!\n")
    assert signs_in(store, "ana@example.com", "hunter2!")


@pytest.mark.parametrize("had_one", [False, True])
def test_a_password_that_the_customer_sets_meanwhile_stays(
    store: Store, run: Import, monkeypatch: pytest.MonkeyPatch, had_one: bool
) -> None:
    if had_one:
        run(b"email,password\nana@example.com,hunter1!\n")
    ana = customers.find(store, "ana@example.com", clock.now()) or customers.create(
        store, NewCustomer(email="ana@example.com"), clock.now()
    )

    def sets_one() -> None:
        own = passwords._record(store, ana, password_hashes.hash_password("her own"), "ana@example.com", clock.now())
        records.put(own)

    before_first(monkeypatch, passwords, "_put_imported", sets_one)
    run(b"email,password\nana@example.com,hunter2!\n", "again.csv")
    assert signs_in(store, "ana@example.com", "her own")


def test_a_newer_file_replaces_the_password_of_an_older_one_and_not_the_other_way_round(
    store: Store, run: Import, upload: Callable[..., str], machines: StateMachines
) -> None:
    older = upload(b"email,password\nana@example.com,hunter1!\n", "older.csv")
    for chunk in plan(machines, older):
        csv_import.load({"store_id": store.id, "job_id": older, "chunk": chunk}, None)
    run(b"email,password\nana@example.com,hunter2!\n", "newer.csv")
    for chunk in plan(machines, older):
        csv_import.store_passwords({"store_id": store.id, "job_id": older, "chunk": chunk}, None)
    assert signs_in(store, "ana@example.com", "hunter2!")
    run(b"email,password\nana@example.com,hunter3!\n", "newest.csv")
    assert signs_in(store, "ana@example.com", "hunter3!")


def test_who_has_proven_the_email_gets_no_password_by_an_import(store: Store, run: Import) -> None:
    known = customers.create(store, NewCustomer(email="known@example.com"), clock.now())
    customers.change(store, known.id, lambda before: before.model_copy(update={"email_status": "proven"}), clock.now())
    run(f"email,password\nknown@example.com,{BCRYPT}\n".encode())
    assert passwords.find(store, known.id) is None


def test_the_former_email_of_a_merged_customer_gives_the_other_one_no_password(store: Store, run: Import) -> None:
    ana, bo = (customers.create(store, NewCustomer(email=f"{name}@example.com"), clock.now()) for name in ("ana", "bo"))
    merges.merge(store, ana.id, bo.id, clock.now(), OPERATOR, lambda: False)
    run(b"email,password\nbo@example.com,hunter2!\n")
    assert password_of(store, "ana@example.com") is None


def test_an_erased_person_gets_no_password(store: Store, upload: Callable[..., str], machines: StateMachines) -> None:
    """Also if she is erased between the rows and the passwords."""
    job_id = upload(b"email,password\nana@example.com,hunter2!\n")
    (chunk,) = plan(machines, job_id)
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    found = customers.find(store, "ana@example.com", clock.now())
    assert found
    customer_removal.erase(store, found.id, clock.now(), OPERATOR, lambda: False)
    csv_import.store_passwords({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    assert passwords.find(store, found.id) is None
    assert customers.find(store, "ana@example.com", clock.now()) is None


def test_a_repetition_hashes_only_what_is_missing(
    store: Store, upload: Callable[..., str], machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_passwords, "HASHERS", 1)
    job_id = upload(b"email,password\n" + b"".join(b"x%d@example.com,hunter2!\n" % number for number in range(5)))
    work = {"store_id": store.id, "job_id": job_id, "chunk": plan(machines, job_id)[0]}
    csv_import.load(work, None)
    hash_password, hashed = password_hashes.hash_password, list[str]()

    def dies_after_three(password: str) -> str:
        hashed.append(password)
        if len(hashed) == 4:
            raise OSError
        return hash_password(password)

    monkeypatch.setattr(password_hashes, "hash_password", dies_after_three)
    with pytest.raises(error_logs.FaultError):
        csv_import.store_passwords(work, None)
    csv_import.store_passwords(work, None)
    csv_import.store_passwords(work, None)
    assert len(hashed) == 6
    assert all(signs_in(store, f"x{number}@example.com", "hunter2!") for number in range(5))


def test_a_store_without_sign_in_by_password_stores_none_and_says_so(store: Store, run: Import) -> None:
    store_settings.change_settings(store.id, {"password_sign_in": False}, clock.now())
    job = run(b"email,password\nana@example.com,hunter2!\n")
    assert any("no sign-in by password" in note for note in job.notes)
    assert password_of(store, "ana@example.com") is None


def test_a_dry_run_stores_no_password_and_the_file_is_deleted_all_the_same(
    store: Store, run: Import, machines: StateMachines
) -> None:
    job = run(b"email,password\nana@example.com,hunter2!\n", **{"dry-run": "true"})
    assert machines.started[job.id]["passwords"] is False
    assert "Versions" not in boto3.client("s3").list_object_versions(Bucket=IMPORTS)


def test_a_failure_while_passwords_are_stored_fails_no_row_and_is_noted(
    store: Store, upload: Callable[..., str], machines: StateMachines
) -> None:
    job_id = upload(b"email,password\nana@example.com,hunter2!\n")
    (chunk,) = plan(machines, job_id)
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id, "failed": "States.TaskFailed"}, None)
    job = import_jobs.get(store, job_id)
    assert (job.status, job.created) == ("succeeded", 1)
    assert any("some passwords could not be stored" in note for note in job.notes)
    assert "Versions" not in boto3.client("s3").list_object_versions(Bucket=IMPORTS)
    csv_import.store_passwords({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)  # too late
    assert password_of(store, "ana@example.com") is None
