"""Chunks whose customers change at the same time, and customers whom a chunk disables."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.support.import_runs import StateMachines, downloaded, imported
from tests.support.removals import Waiting
from tests.support.sign_ins import NOW, Mailbox, Sent, by_link, mailbox

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.imports import import_jobs, import_load
from clientela.lifecycle import customer_removal, merges
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sessions
from clientela.sign_in.sign_in_errors import LinkUsedError
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

DISABLE = b"email,status\nana@example.com,disabled\n"


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)


def signed_in_with_another_link(store: Store, mails: Mailbox) -> Sent:
    """Ana signs in, and then asks for a link that she does not use."""
    before = NOW - timedelta(minutes=5)
    by_link(store, mails.link(store, at=before), before)
    return mails.link(store, at=NOW - timedelta(minutes=2))


def demand_shut_out(store: Store, ana: Customer, link: Sent) -> None:
    """Enabled again, Ana has neither her old sessions nor her old links."""
    customers.patch(store, ana.id, {"status": "active"}, NOW)
    assert sessions.list_active(store, customers.get(store, ana.id), NOW) == []
    with pytest.raises(LinkUsedError):
        by_link(store, link)


def test_a_time_outside_the_years_of_utc_is_left_out_of_its_row_alone(store: Store, machines: StateMachines) -> None:
    times = [
        f"{time},{n}@example.com" for n, time in enumerate(("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"))
    ]
    job = imported(store, machines, "\n".join(["created_at,email", *times, "2021-03-04,ana@example.com"]).encode())
    assert (job.status, job.created, job.warnings) == ("succeeded", 3, 2)
    found = downloaded(import_jobs.report_url(store, job.id, "warnings"))
    assert {(row["column"], row["code"]) for row in found} == {("created_at", "created_at_invalid")}


def test_who_is_disabled_by_a_row_is_shut_out(
    store: Store, machines: StateMachines, mails: Mailbox, ana: Customer
) -> None:
    later = signed_in_with_another_link(store, mails)
    assert imported(store, machines, DISABLE).updated == 1
    demand_shut_out(store, ana, later)


def test_who_is_disabled_at_the_second_attempt_is_shut_out(
    store: Store, machines: StateMachines, mails: Mailbox, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else changes Ana between the read and the write."""
    later = signed_in_with_another_link(store, mails)
    read = import_load.apply_chunk

    def overtaken(*arguments: Any) -> Any:
        found = read(*arguments)
        customers.patch(store, ana.id, {"note": "new"}, NOW)
        return found

    monkeypatch.setattr(import_load, "apply_chunk", overtaken)
    assert imported(store, machines, DISABLE).updated == 1
    assert customers.get(store, ana.id).note == "new"
    demand_shut_out(store, ana, later)


def test_a_row_never_changes_a_customer_who_has_another_email_by_now(
    store: Store, machines: StateMachines, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is read before the profile: Ana's e-mail changes between the two."""
    read = dynamodb.get_many

    def moved(wanted: Sequence[tuple[str, str]], *arguments: Any, **options: Any) -> list[dynamodb.Item]:
        found = read(wanted, *arguments, **options)
        if found and wanted[0][1] == keys.CLAIM:
            customers.patch(store, ana.id, {"email": "other@example.com"}, NOW)
        return found

    monkeypatch.setattr(dynamodb, "get_many", moved)
    job = imported(store, machines, b"email,name\nana@example.com,Somebody else\n")
    assert (job.created, job.updated) == (1, 0)
    assert customers.get(store, ana.id).name == "Ana"
    found = customers.find(store, "ana@example.com", NOW)
    assert found is not None
    assert (found.name, found.id != ana.id) == ("Somebody else", True)


def test_an_import_does_not_bring_back_who_was_erased(store: Store, machines: StateMachines, waiting: Waiting) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False)
    job = imported(store, machines, b"email,name\nANA@example.com,Ana\nben@example.com,Ben\n")
    assert (job.created, job.rejected) == (1, 1)
    [row] = downloaded(import_jobs.report_url(store, job.id, "rejects"))
    assert (row["email"], row["code"]) == ("ANA@example.com", "customer_erased")
    assert customers.find(store, "ana@example.com", NOW) is None
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)  # the merchant may, through the API
    assert imported(store, machines, b"email,name\nana@example.com,Anna\n", "again.csv").updated == 1


def test_who_is_erased_while_a_chunk_is_loaded_stays_erased(
    store: Store, machines: StateMachines, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    accounts = import_load.apply_chunk

    def and_then_she_is_erased(*arguments: Any) -> Any:
        read = accounts(*arguments)
        customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False)
        return read

    monkeypatch.setattr(import_load, "apply_chunk", and_then_she_is_erased)
    job = imported(store, machines, b"email,name\nana@example.com,Ana\n")
    assert (job.updated, job.created, job.rejected) == (0, 0, 1)
    assert customers.find(store, "ana@example.com", NOW) is None


def test_rows_with_the_old_address_of_a_merged_customer_reach_the_one_who_stays(
    store: Store, machines: StateMachines, waiting: Waiting
) -> None:
    imported(store, machines, b"email,name\nana@example.com,Ana\nana@work.example,Ana W\n")
    ana, old = (customers.find(store, email, NOW) for email in ("ana@example.com", "ana@work.example"))
    assert ana
    assert old
    merges.merge(store, ana.id, old.id, NOW, OPERATOR, lambda: False)
    rows = b"email,company,phone\nANA@work.example,Acme,\nana@example.com,,+34911222333\nbo@example.com,,\n"
    job = imported(store, machines, rows, "second.csv")
    assert (job.created, job.updated, job.unchanged, job.rejected) == (1, 2, 0, 0)
    after = customers.get(store, ana.id)
    assert (after.email, after.company, after.phone) == ("ana@example.com", "Acme", "+34911222333")
