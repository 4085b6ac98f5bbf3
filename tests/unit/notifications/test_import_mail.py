"""The mail on the result of an import: to whom, what it says, and that there is one."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support.deployment import IMPORT_JOBS
from tests.support.import_runs import StateMachines, dropped, imported
from tests.support.streams import record

import csv_import
import follow_ups
from clientela import clock
from clientela.customers import store_settings
from clientela.imports import import_jobs
from clientela.imports.import_jobs import ImportRecord
from clientela.mail import mail_delivery, mail_queue
from clientela.mail.mail_delivery import Outgoing
from clientela.notifications import import_mail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys

pytestmark = pytest.mark.usefixtures("machines")

MERCHANT = "shop@example.com"
FILE = b"""email,phone,tax exempt
ana@example.com,+34911222333
bo@,
cy@,
di@example.com,,perhaps
ed@example.com,12
fe@
gu@
"""


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[Outgoing]:
    """What is sent."""
    found: list[Outgoing] = []
    monkeypatch.setattr(mail_delivery, "_send", lambda store, outgoing: found.append(outgoing) or "sent")
    return found


@pytest.fixture
def shop(store: Store) -> Store:
    return store_settings.change_settings(store.id, {"notification_email": MERCHANT, "language": "de"}, clock.now())


def test_the_merchant_is_told_the_counts_and_the_most_frequent_reasons(
    shop: Store, machines: StateMachines, mails: list[Outgoing]
) -> None:
    job = imported(shop, machines, FILE, "Kunden.csv")
    assert import_mail.deliver(shop, job.id, clock.now()) == "sent"
    (mail,) = mails
    assert (mail.address, mail.language) == (MERCHANT, "de")
    context = mail.mail.context
    assert (mails[0].mail.variant, context["file"], context["rows"]) == ("imported", "Kunden.csv", 7)
    assert context["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "rejected": 5, "warnings": 1}
    first, second = context["reasons"]
    assert (first["rows"], first["lines"]) == (4, [3, 4, 7])
    assert first["message"].startswith("Verwenden Sie eine E-Mail-Adresse")
    assert (second["rows"], second["lines"], second["message"]) == (1, [5], "„perhaps“ ist weder Ja noch Nein.")
    assert context["rejects"].endswith(f"/v1/stores/demo/imports/{job.id}/rejects")
    assert context["command"] == f"clientela imports rejects demo {job.id}"


def test_there_is_one_mail_however_often_it_is_asked_for(
    shop: Store, machines: StateMachines, mails: list[Outgoing]
) -> None:
    job = imported(shop, machines, FILE)
    outcomes = [import_mail.deliver(shop, job.id, clock.now() + timedelta(hours=hours)) for hours in (0, 1, 200)]
    assert outcomes == ["sent", "repeated", "repeated"]
    assert len(mails) == 1


def test_a_dry_run_says_so(shop: Store, machines: StateMachines, mails: list[Outgoing]) -> None:
    job = imported(shop, machines, FILE, **{"dry-run": "true"})
    import_mail.deliver(shop, job.id, clock.now())
    assert mails[0].mail.variant == "dry_run"


def test_a_refused_file_is_told_with_its_reason(shop: Store, mails: list[Outgoing]) -> None:
    csv_import.receive(dropped(shop, b"PK\x03\x04xl/", "Kunden.xlsx"), None)
    (job,) = import_jobs.list_all(shop).items
    assert import_mail.deliver(shop, job.id, clock.now()) == "sent"
    context = mails[0].mail.context
    assert (mails[0].mail.variant, context["reasons"], context["rows"]) == ("failed", [], 0)
    assert "Excel-Arbeitsmappe" in context["message"]


def test_only_five_reasons_are_told(shop: Store, machines: StateMachines, mails: list[Outgoing]) -> None:
    rows = [
        "x@,",
        ",yes",
        "a@example.com,no,active,more",
        "b@example.com,perhaps",
        "c@example.com,\0",
        '"d@example.com',
        "e@example.com,no,asleep",
    ]
    job = imported(shop, machines, "\n".join(["email,tax exempt,status", *rows]).encode())
    import_mail.deliver(shop, job.id, clock.now())
    assert job.rejected > 5
    assert len(mails[0].mail.context["reasons"]) == 5


def test_a_store_without_an_address_for_notifications_gets_none(
    store: Store, machines: StateMachines, mails: list[Outgoing]
) -> None:
    job = imported(store, machines, FILE)
    assert import_mail.deliver(store, job.id, clock.now()) == "withheld"
    assert mails == []


def test_a_deleted_import_gets_none(shop: Store, mails: list[Outgoing]) -> None:
    assert import_mail.deliver(shop, "imp_gone", clock.now()) == "subject_gone"


def test_reasons_whose_file_is_deleted_are_left_out(
    shop: Store, machines: StateMachines, mails: list[Outgoing]
) -> None:
    job = imported(shop, machines, FILE)
    boto3.client("s3").delete_object(Bucket=IMPORT_JOBS, Key=f"{job.id}/reasons.json")
    import_mail.deliver(shop, job.id, clock.now())
    assert mails[0].mail.context["reasons"] == []


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (None, "received", False),
        ("received", "failed", True),
        ("running", "running", False),
        ("running", "succeeded", True),
        ("running", "cancelled", True),
        ("succeeded", "succeeded", False),
        ("succeeded", None, False),
    ],
)
def test_the_mail_follows_from_the_end_of_the_job_and_not_from_who_ended_it(
    shop: Store,
    machines: StateMachines,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    after: str | None,
    is_told: bool,
) -> None:
    job = imported(shop, machines, FILE)
    stored = ImportRecord.find(keys.store(shop.id), job_keys.import_job(job.id))
    assert stored

    def image(status: str | None) -> dict[str, Any] | None:
        return stored.item() | {"status": {"S": status}} if status else None

    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr(mail_queue, "put", lambda *names, **values: queued.append((*names, values)))
    assert follow_ups.handler({"Records": [record(image(before), image(after))]}, None) == {"batchItemFailures": []}
    assert queued == ([("import_result", shop.id, {"job_id": job.id})] if is_told else [])
