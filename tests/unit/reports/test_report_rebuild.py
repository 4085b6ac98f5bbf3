"""Rebuilds one after the other, zones that change meanwhile, and the nightly function beside them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support import reports
from tests.support.function_contexts import FunctionContext
from tests.support.interleaving import after_first, before_first
from tests.support.orders import EVENT, holder, order, take

import report_checker
import report_updater
from clientela import clock
from clientela.customers import store_settings
from clientela.errors import BusyError
from clientela.lifecycle import customer_removal
from clientela.orders import orders
from clientela.reports import (
    report_check,
    report_generations,
    report_queue,
    report_rebuild,
    report_updates,
    rfm_report,
    rfm_scores,
    summary_report,
)
from clientela.reports.report_queue import ReportMessage
from clientela.reports.report_sources import ReportSource
from clientela.reports.rfm_report import RfmParameters
from clientela.reports.summary_report import SummaryParameters
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store

NOW = clock.now()
MADRID = {"timezone": "Europe/Madrid"}


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[ReportMessage]:
    """What is put on the queue of reports."""
    messages: list[ReportMessage] = []
    monkeypatch.setattr(report_queue, "put", lambda new, delay=0: messages.extend(new))
    monkeypatch.setattr(report_rebuild, "SETTLED", timedelta())
    monkeypatch.setattr(report_check, "_PAUSE_SECONDS", 0)
    return messages


def record(body: str, number: int = 1) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(EVENT.read_text())["Records"][0]
    return sample | {"messageId": f"m{number}", "body": body}


def receive(*messages: ReportMessage) -> None:
    records = [record(each.model_dump_json(), number) for number, each in enumerate(messages)]
    assert report_updater.handler({"Records": records}, FunctionContext()) == {"batchItemFailures": []}


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
    report_checker.handler({"Records": [record('{"store_id": "demo"}')]}, FunctionContext())
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


def test_an_order_that_is_counted_before_the_first_reports_begin_is_in_them_although_its_customer_is_erased(
    store: Store, queued: list[ReportMessage], waiting: object
) -> None:
    take(store)
    customer_removal.erase(store, holder(store).id, NOW, OPERATOR, lambda: False)
    receive(ReportMessage(store_id=store.id, order_id="1001"))
    reports.build(store)
    years = SummaryParameters.model_validate({"from": "2021-01-01", "to": "2027-01-01"})
    assert summary_report.compute(store, years, NOW).current.orders_without_customer == 1


def test_a_rebuild_says_which_counters_differed_before_the_flip(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reports.build(store)
    monkeypatch.setattr(report_rebuild, "_PAUSE_SECONDS", 0)
    take(store)  # its message got lost
    report_generations.start(store, NOW)
    progress = report_rebuild.advance(store, clock.now() + timedelta(minutes=1), lambda: False)
    assert progress.flipped
    assert progress.differences > 10


def test_a_change_right_after_the_flip_is_no_difference(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reports.build(store)
    take(store)
    ana = ReportSource("customer", holder(store).id)
    report_updates.update(store, ana)
    report_generations.start(store, NOW)

    def order_is_paid() -> None:
        take(store, id="2")
        report_updates.update(store, ana)

    after_first(monkeypatch, report_generations, "flip", order_is_paid)
    progress = report_rebuild.advance(store, clock.now() + timedelta(minutes=1), lambda: False)
    assert (progress.flipped, progress.differences) == (True, 0)


def test_a_change_that_is_in_one_generation_first_is_no_difference(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports.build(store)
    take(store)
    ana = ReportSource("customer", holder(store).id)
    report_updates.update(store, ana)
    report_generations.start(store, NOW)
    monkeypatch.setattr(report_rebuild, "_PAUSE_SECONDS", 0)

    def order_is_half_counted() -> None:
        take(store, id="2")
        report_updates.update_generation(store, report_generations.current(store.id), ana)

    before_first(monkeypatch, report_rebuild, "_difference", order_is_half_counted)
    after_first(monkeypatch, report_rebuild, "_difference", lambda: report_updates.update(store, ana))
    progress = report_rebuild.advance(store, clock.now() + timedelta(minutes=1), lambda: False)
    assert (progress.flipped, progress.differences) == (True, 0)
