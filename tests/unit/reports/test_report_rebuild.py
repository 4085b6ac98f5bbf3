"""Rebuilds one after the other, zones that change meanwhile, and the nightly function beside them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support import reports
from tests.support.orders import EVENT, order, take

import report_keeper
import report_updater
from clientela import clock
from clientela.customers import store_settings
from clientela.errors import BusyError
from clientela.orders import orders
from clientela.reports import (
    report_check,
    report_generations,
    report_queue,
    report_rebuild,
    rfm_report,
    rfm_scores,
)
from clientela.reports.report_queue import ReportMessage
from clientela.reports.rfm_report import RfmParameters
from clientela.stores import stores
from clientela.stores.stores import Store

NOW = clock.now()
MADRID = {"timezone": "Europe/Madrid"}


class Context:
    function_name, memory_limit_in_mb, aws_request_id = "reports", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:reports"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[ReportMessage]:
    """What is put on the queue of reports."""
    messages: list[ReportMessage] = []
    monkeypatch.setattr(report_queue, "put", lambda new, delay=0: messages.extend(new))
    monkeypatch.setattr(report_rebuild, "SETTLED", timedelta())
    monkeypatch.setattr(report_check, "_PAUSE_SECONDS", 0)
    return messages


def receive(*messages: ReportMessage) -> None:
    sample: dict[str, Any] = json.loads(EVENT.read_text())["Records"][0]
    records = [sample | {"messageId": f"m{n}", "body": each.model_dump_json()} for n, each in enumerate(messages)]
    assert report_updater.handler({"Records": records}, Context()) == {"batchItemFailures": []}


def test_a_zone_that_changes_while_the_first_reports_are_built_is_built_next(
    store: Store, queued: list[ReportMessage]
) -> None:
    report_rebuild.advance(store, NOW, lambda: False)
    store_settings.change_settings(store.id, MADRID, NOW)
    progress = report_rebuild.advance(store, NOW, lambda: False)  # which read the store before the change
    assert (progress.flipped, progress.wait) == (True, 0)
    reports.build(stores.read(store.id))
    assert report_generations.current(store.id).timezone == "Europe/Madrid"


def test_each_of_two_messages_about_a_rebuild_is_worked_on(store: Store, queued: list[ReportMessage]) -> None:
    receive(ReportMessage(store_id=store.id), ReportMessage(store_id=store.id))
    assert report_generations.current(store.id).number == 1


def test_no_rebuild_begins_before_the_former_counters_are_deleted(store: Store) -> None:
    reports.build(store)
    report_generations.start(store, NOW)
    later = clock.now() + timedelta(minutes=1)
    assert report_rebuild.advance(store, later, lambda: False).flipped
    with pytest.raises(BusyError):
        report_generations.start(store, later)
    reports.build(store)
    assert report_generations.start(store, later).number == 3


def test_the_night_does_not_check_reports_that_are_rebuilt(
    store: Store, queued: list[ReportMessage], caplog: pytest.LogCaptureFixture
) -> None:
    reports.build(store)
    take(store)  # its message is not received yet
    store_settings.change_settings(store.id, MADRID, NOW)
    report_keeper.handler({}, Context())
    assert queued == [ReportMessage(store_id=store.id)]
    assert "reports differ" not in caplog.messages


def test_scores_are_complete_until_the_day_before_they_were_computed(store: Store) -> None:
    reports.build(store)
    orders.record_version(store, order(), NOW)
    night = NOW.replace(hour=1, minute=45)
    rfm_scores.compute(store, night)
    report = rfm_report.compute(store, RfmParameters(), night + timedelta(days=1))
    assert report.as_of == night
    assert report.complete_until == night.replace(hour=0, minute=0, second=0, microsecond=0)
