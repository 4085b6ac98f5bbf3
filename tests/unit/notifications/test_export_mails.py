"""Mails of export schedules, and the links in them: one mail a success, and one when failures begin."""

import json
import re
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from tests.support.exports import add, handle, start_of
from tests.support.http_events import answered, http_event
from tests.support.schedules import NIGHTLY, NOW, new_schedule, slot_of
from tests.support.streams import arriving, recorded

import customers_api
import email_sender
import follow_ups
from clientela import clock, settings, signing
from clientela.aws import clients
from clientela.customers import store_settings
from clientela.errors import ExportFileDeletedError, ExportLinkExpiredError, ExportLinkInvalidError
from clientela.exports import (
    export_content,
    export_jobs,
    export_links,
    export_runs,
    export_schedules,
    export_starts,
    schedule_states,
)
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import Schedule
from clientela.schema import locale_formats, timezones
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.locale_formats import Day
from clientela.stores import audit_trail, stores
from clientela.stores.stores import Store

OFFICE, BOSS = "office@shop.example.com", "boss@shop.example.com"


@pytest.fixture
def sent(aws: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """The mails that SES was given: recipient, subject and text."""
    mails: list[tuple[str, str, str]] = []

    class Ses:
        def send_email(self, **call: Any) -> None:
            content = call["Content"]["Simple"]
            (address,) = call["Destination"]["ToAddresses"]
            mails.append((address, content["Subject"]["Data"], content["Body"]["Text"]["Data"]))

    monkeypatch.setattr(clients, "ses", Ses)
    return mails


def follow() -> list[dict[str, Any]]:
    """Let the follower see everything from the beginning; what it puts on the queue of mails."""
    records = arriving("FollowUps", recorded(settings.table_name()))
    assert follow_ups.handler({"Records": records}, None) == {"batchItemFailures": []}
    return received()


def received() -> list[dict[str, Any]]:
    sqs, messages = boto3.client("sqs"), list[dict[str, Any]]()
    url = settings.bulk_mail_queue_url()
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def deliver(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        record = {"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}
        assert email_sender.handler({"Records": [record]}, None) == {"batchItemFailures": []}


def succeeded(store: Store, schedule: Schedule, day: int = 0) -> ExportJob:
    slot = slot_of(store, schedule, NIGHTLY + timedelta(days=day))
    assert handle(slot)
    job = next(job for job in export_jobs.list_all(store).items if job.slot == slot.slot)
    assert handle(start_of(job))
    return export_jobs.get(store, job.id)


def failed(store: Store, schedule: Schedule, day: int = 0) -> ExportJob:
    job = export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=day)), NOW)
    assert job
    record = export_jobs.get_record(store.id, job.id)
    return export_jobs.update(record, status="failed", message="The export failed: OSError.", finished_at=NOW).job


def link_in(mail: tuple[str, str, str]) -> str:
    found = re.search(r"https://api\.example\.com(\S+)", mail[2])
    assert found
    return found[1]


def opened(link: str, **more: Any) -> dict[str, Any]:
    path, _, query = link.removeprefix("/v1/stores/").partition("?")
    return customers_api.handler(http_event("GET", path, token=query.removeprefix("token="), **more), None)


def test_each_address_gets_one_mail_a_success_with_a_link_that_downloads_the_file(
    store: Store, sent: list[tuple[str, str, str]]
) -> None:
    add(store, "ana@example.com", name="Ana")
    job = succeeded(store, new_schedule(store, notify=[OFFICE, BOSS]))
    for _ in range(2):  # the stream may deliver its changes again, and the queue its messages
        deliver(follow())
    assert sorted(address for address, _, _ in sent) == [BOSS, OFFICE]
    assert sent[0][1] == "Demo: the export “Every night” is ready"
    assert job.size
    assert f"1 row, {ceil(job.size / 1000)}\N{NO-BREAK SPACE}kB." in sent[0][2]
    response = opened(link_in(sent[0]))
    assert response["statusCode"] == 303
    with urlopen(response["headers"]["Location"]) as answer:
        assert "ana@example.com" in answer.read().decode("utf-8-sig")
    entry = audit_trail.page(store, clock.now(), action="export.downloaded").items[0]
    assert (entry.target, entry.actor) == (job.id, Actor("export_link"))
    assert [(change.field, change.after) for change in entry.changes] == [("recipient", sent[0][0])]


def test_no_message_and_no_key_of_the_table_has_an_address(store: Store) -> None:
    succeeded(store, new_schedule(store, notify=[OFFICE]))
    (message,) = follow()
    assert message.keys() == {"mail", "store_id", "export_id", "recipient"}
    assert OFFICE not in json.dumps(message)


def test_the_mail_is_in_the_stores_language_and_says_until_when_the_link_works(
    aws: Any, sent: list[tuple[str, str, str]]
) -> None:
    spanish = stores.create("demo", stores.StoreSettings(name="Tienda", language="es", timezone="Europe/Madrid"), NOW)
    store_settings.change_settings("demo", {"retention": {"export_links_days": 3}}, NOW)
    succeeded(spanish, new_schedule(spanish, notify=[OFFICE]))
    deliver(follow())
    assert sent[0][1] == "Tienda: la exportación «Every night» está lista"
    expiry = export_links.expires_at(stores.read("demo"), export_jobs.list_all(spanish).items[0])
    until = timezones.local_day(expiry, spanish.timezone)
    assert f"El enlace funciona hasta el {locale_formats.shown(Day(until), 'es')}" in sent[0][2]


def test_only_the_first_failure_in_a_row_sends_a_mail(store: Store, sent: list[tuple[str, str, str]]) -> None:
    schedule = new_schedule(store, notify=[OFFICE])
    first = failed(store, schedule)
    for day in (1, 2):
        deliver(follow())
        deliver(follow())
        failed(store, schedule, day)
    deliver(follow())
    assert [subject for _, subject, _ in sent] == ["Demo: the export “Every night” failed"]
    assert first.id in sent[0][2]
    succeeded(store, schedule, 3)
    failed(store, schedule, 4)
    deliver(follow())
    subjects = [subject.rpartition(" ")[2] for _, subject, _ in sent]
    assert sorted(subjects) == ["failed", "failed", "ready"]


def test_a_failure_sends_its_mail_when_the_tries_are_over(
    store: Store, sent: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(export_content, "require_group", broken)
    job = export_starts.start_slot(slot_of(store, new_schedule(store, notify=[OFFICE]), NIGHTLY), NOW)
    assert job
    tries = len(export_starts.GAPS)
    for receives in range(1, tries):
        assert not handle(start_of(job), receives=receives)
        assert follow() == []
    assert not handle(start_of(job), receives=tries)
    deliver(follow())
    assert [subject for _, subject, _ in sent] == ["Demo: the export “Every night” failed"]


def test_a_failure_that_was_made_good_before_its_mail_sends_none(
    store: Store, sent: list[tuple[str, str, str]]
) -> None:
    job = failed(store, new_schedule(store, notify=[OFFICE]))
    messages = follow()
    assert [message["mail"] for message in messages] == ["export_failed"]
    export_runs.run(store, job.id, NOW)
    deliver(messages)
    deliver(follow())
    assert [subject.rpartition(" ")[2] for _, subject, _ in sent] == ["ready"]


def test_exports_of_no_schedule_and_addresses_that_were_removed_get_no_mail(
    store: Store, sent: list[tuple[str, str, str]]
) -> None:
    export_runs.run(store, export_jobs.start(store, NOW).id, NOW)
    assert follow() == []
    schedule = new_schedule(store, notify=[OFFICE])
    succeeded(store, schedule)
    messages = follow()
    export_schedules.patch(store, schedule.id, {"notify": []}, NOW)
    deliver(messages)
    assert sent == []


@pytest.fixture
def job(store: Store) -> ExportJob:
    return succeeded(store, new_schedule(store, notify=[OFFICE]))


def token(store: Store, job: ExportJob, address: str = OFFICE) -> str:
    return export_links.url(store, job, export_links.recipient_id(address)).partition("token=")[2]


def test_a_link_ends_after_the_days_of_the_settings(store: Store, job: ExportJob) -> None:
    assert job.finished_at
    end = job.finished_at + timedelta(days=7)
    assert export_links.open_link(store, job.id, token(store, job), end - timedelta(seconds=2))
    with pytest.raises(ExportLinkExpiredError):
        export_links.open_link(store, job.id, token(store, job), end + timedelta(seconds=1))


def test_a_link_ends_no_later_than_its_file(store: Store, job: ExportJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_RETENTION_DAYS", "5")
    assert job.finished_at
    assert export_links.expires_at(store, job) == job.finished_at + timedelta(days=5)


def test_a_link_opens_one_export_of_one_store_for_an_address_that_is_notified(store: Store, job: ExportJob) -> None:
    other = stores.create("other", stores.StoreSettings(name="Other"), NOW)
    again = succeeded(store, new_schedule(store, notify=[OFFICE]), 1)
    good, moment = token(store, job), job.finished_at or NOW
    forged = [good[:-2], "", "x" * 400, signing.sign("cursor", ["demo", job.id, "x", 2**40]), token(store, job, BOSS)]
    attempts = [(store, job.id, each) for each in forged] + [(store, again.id, good), (other, job.id, good)]
    for attempt in attempts:
        with pytest.raises(ExportLinkInvalidError):
            export_links.open_link(*attempt, moment)
    assert audit_trail.page(store, clock.now(), action="export.downloaded").items == []


@pytest.mark.parametrize("act", ["remove the address", "delete the schedule"])
def test_a_link_ends_with_its_recipient_or_schedule(store: Store, job: ExportJob, act: str) -> None:
    link, moment = token(store, job), job.finished_at or NOW
    assert export_links.open_link(store, job.id, link, moment)
    assert job.schedule_id
    if act == "delete the schedule":
        export_schedules.delete(store, job.schedule_id, NOW)
    else:
        export_schedules.patch(store, job.schedule_id, {"notify": [BOSS]}, NOW)
    with pytest.raises(ExportLinkInvalidError):
        export_links.open_link(store, job.id, link, moment)


def test_a_refused_link_is_answered_with_a_problem(store: Store, job: ExportJob) -> None:
    response = opened(f"/v1/stores/demo/exports/{job.id}/file?token=none")
    assert (response["statusCode"], answered(response)["code"]) == (403, "export_link_invalid")
    response = opened(f"/v1/stores/none/exports/{job.id}/file?token=none")
    assert response["statusCode"] == 404
    event = http_event("POST", f"demo/exports/{job.id}/file", token="none")
    assert customers_api.handler(event, None)["statusCode"] == 401


def test_a_link_to_a_file_that_was_deleted_is_answered_with_a_sentence(
    store: Store, aws: Any, job: ExportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_RETENTION_DAYS", "60")
    aws("s3").delete_object(Bucket=settings.exports_bucket(), Key=job.file)
    before = audit_trail.page(store, clock.now(), action="export.downloaded").items
    link = f"/v1/stores/demo/exports/{job.id}/file?token={token(store, job)}"
    response = opened(link)
    problem = answered(response)
    assert (response["statusCode"], problem["code"]) == (410, "export_file_deleted")
    assert problem["detail"] == "Files are kept for 60 days. Start the export again."
    with pytest.raises(ExportFileDeletedError):  # as with an API key
        export_links.download(store, job.id, NOW, OPERATOR)
    assert audit_trail.page(store, clock.now(), action="export.downloaded").items == before


def test_a_token_opens_nothing_but_the_file(store: Store, job: ExportJob) -> None:
    for path in ("exports", f"exports/{job.id}", "customers", "settings", "export-schedules"):
        event = http_event("GET", f"demo/{path}", token=token(store, job))
        assert customers_api.handler(event, None)["statusCode"] == 401, path


def test_the_state_and_the_mail_of_a_run_agree(store: Store, job: ExportJob) -> None:
    run = schedule_states.record_run("demo", job.id)
    assert run
    assert (run.status, run.failures_in_a_row, run.export) == ("succeeded", 0, job.id)
    assert isinstance(job.finished_at, datetime)
