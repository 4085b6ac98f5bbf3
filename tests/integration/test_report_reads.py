"""Read units of reports on a store of a million customers and five years.

The counters are those of such a store at their fullest: every distance, cohort and class occurs in
every shard, with numbers of seven digits.
"""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import batched
from typing import Any

import pytest
from benchmarks.traffic import record_traffic
from tests.support import reports
from tests.support.orders import take
from tests.support.template_file import PROJECT

from clientela import clock
from clientela.reports import (
    cohort_report,
    new_returning_report,
    repeat_report,
    report_generations,
    rfm_report,
    rfm_scores,
    summary_report,
    top_customers_report,
)
from clientela.reports.new_returning_report import NewReturningParameters
from clientela.reports.repeat_report import RepeatParameters
from clientela.reports.report_contributions import MAX_DISTANCE, NTHS, WAITS
from clientela.reports.report_models import ReportParameters
from clientela.reports.report_updates import COUNTER_SHARDS
from clientela.reports.rfm_report import RfmParameters
from clientela.reports.summary_report import SummaryParameters
from clientela.reports.top_customers_report import TopParameters
from clientela.stores.stores import Store
from clientela.table import dynamodb, report_keys

NOW = clock.now()
FIRST, END = date(2021, 12, 1), date(2026, 12, 1)
MONTHS, DAYS = 60, 200  # days before the end
COUNTRIES = 120
COSTS = (PROJECT / "docs/costs.md").read_text()


def numbers(distances: int) -> dict[str, str]:
    """The counters of a day or month."""
    plain = ["created", "active", "orders", "alone", *(f"n{nth}" for nth in range(1, NTHS + 1))]
    plain += [f"wait{place}" for place in range(len(WAITS) + 1)]
    plain += [f"{kind}:EUR" for kind in ("orders", "firsts", "alones")]
    money = {f"{kind}:EUR": "1234567.89" for kind in ("money", "first", "alone")}
    far = [f"g{k}" for k in range(1, distances + 1)] + [f"h{k}" for k in range(distances + 1)]
    return dict.fromkeys(plain, "12345") | money | dict.fromkeys(far, "123")


@pytest.fixture
def large(store: Store) -> Store:
    for number in range(100):  # the best customers
        take(store, id=f"{number}", email=f"best{number}@example.com")
    reports.build(store)
    generation = report_generations.current(store.id).number
    items: list[dict[str, Any]] = []
    for shard in range(COUNTER_SHARDS):
        pk = report_keys.counters(store.id, generation, shard)
        for number in range(MONTHS):
            month = date(2021 + (11 + number) // 12, (11 + number) % 12 + 1, 1).isoformat()[:7]
            cohorts = {f"c{k}": "12345" for k in range(number + 1)}
            cohorts |= {f"c{k}:EUR": "1234567.89" for k in range(number + 1)}
            items += [
                item(pk, report_keys.month(month), numbers(number)),
                item(pk, report_keys.cohorts(month), cohorts),
            ]
        for number in range(DAYS):
            day = (END - timedelta(days=number + 1)).isoformat()
            items.append(item(pk, report_keys.day(day), numbers(MAX_DISTANCE)))
        today = {"customers": "500000", "consent": "200000"} | {f"country:C{n}": "1234" for n in range(COUNTRIES)}
        items.append(item(pk, report_keys.TODAY, today))
    for block in batched(items, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all(list(block))
    rfm_scores.compute(store, NOW)  # as every night
    return store


def item(pk: str, sk: str, amounts: dict[str, str]) -> dynamodb.Item:
    return dynamodb.key(pk, sk) | {name: {"N": amount} for name, amount in amounts.items()}


def all_years() -> dict[str, str]:
    return {"from": FIRST.isoformat(), "to": END.isoformat()}


def days(interval: str | None = None) -> dict[str, str]:
    return {"from": "2026-09-29", "to": "2026-11-30"} | ({"interval": interval} if interval else {})


REPORTS: dict[str, Callable[[Store], object]] = {
    "`summary` of five years": lambda store: summary_report.compute(
        store, SummaryParameters.model_validate(all_years()), NOW
    ),
    "`summary` of 62 days, compared": lambda store: summary_report.compute(
        store, SummaryParameters.model_validate(days() | {"compare": "previous"}), NOW
    ),
    "`new-vs-returning` of five years": lambda store: new_returning_report.compute(
        store, NewReturningParameters.model_validate(all_years()), NOW
    ),
    "`new-vs-returning` of 62 days by day": lambda store: new_returning_report.compute(
        store, NewReturningParameters.model_validate(days("day")), NOW
    ),
    "`cohorts` of five years": lambda store: cohort_report.compute(
        store, ReportParameters.model_validate(all_years()), NOW
    ),
    "`repeat`": lambda store: repeat_report.compute(store, RepeatParameters.model_validate({"to": "2026-11-30"}), NOW),
    "`top-customers` ever, by spend or orders": lambda store: top_customers_report.compute(
        store, TopParameters(limit=100), NOW
    ),
    "`rfm`": lambda store: rfm_report.compute(store, RfmParameters(), NOW),
}


@pytest.mark.parametrize("what", REPORTS)
def test_a_report_of_a_large_store_reads_little(what: str, large: Store) -> None:
    with record_traffic() as traffic:
        REPORTS[what](large)
    assert traffic.read_units <= 50
    [row] = [line for line in COSTS.splitlines() if line.startswith(f"| {what} |")]
    assert traffic.read_units <= float(row.split("|")[2])
