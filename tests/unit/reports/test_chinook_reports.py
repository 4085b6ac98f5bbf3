"""Chinook's figures by reports, and by SQL that was written apart."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tests.support.template_file import PROJECT

from clientela.reports import report_counters, report_states
from clientela.reports.report_contributions import contribution
from clientela.reports.report_counters import Ledger
from clientela.reports.report_periods import Period
from clientela.reports.report_states import CountedOrder

ORDERS = [json.loads(line)["order"] for line in (PROJECT / "tests/data/chinook/orders.jsonl").read_text().splitlines()]
PERIODS = [
    Period(date(2021, 1, 1), date(2026, 1, 1)),
    Period(date(2023, 4, 1), date(2023, 7, 1)),
    Period(date(2022, 2, 10), date(2022, 4, 2)),
]


@pytest.fixture(scope="module")
def sql() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE orders (id TEXT, day TEXT, email TEXT, cents INTEGER)")
        rows = [(o["id"], o["placed_at"][:10], o["email"], int(Decimal(o["total"]) * 100)) for o in ORDERS]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        yield database


@pytest.fixture(scope="module")
def counters() -> dict[str, Counter[str]]:
    by_email: dict[str, list[CountedOrder]] = defaultdict(list)
    for order in ORDERS:
        lines = ((order["currency"], Decimal(order["total"])),)
        by_email[order["email"]].append(CountedOrder(datetime.fromisoformat(order["placed_at"]), order["id"], lines))
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for own in by_email.values():
        state = report_states.customer_state(own[0].placed_at, (), own, ZoneInfo("UTC"))
        for (sk, name), amount in contribution(state).items():
            sums[sk][name] += amount  # type: ignore[assignment]
    return sums


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: str(period.start))
def test_the_figures_of_a_period(period: Period, sql: sqlite3.Connection, counters: dict[str, Counter[str]]) -> None:
    days = {sk[4:]: dict(names) for sk, names in counters.items() if sk.startswith("DAY#")}
    months = {sk[6:]: dict(names) for sk, names in counters.items() if sk.startswith("MONTH#")}
    ledger = Ledger(days, months)  # type: ignore[arg-type]
    found, until = report_counters.total(ledger, period), report_counters.as_of(ledger, period.end)
    bounds = {"a": period.start.isoformat(), "b": period.end.isoformat()}
    [(orders, cents, active)] = sql.execute(
        "SELECT count(*), sum(cents), count(DISTINCT email) FROM orders WHERE day >= :a AND day < :b", bounds
    )
    [(new, returning)] = sql.execute(
        """
        WITH numbered AS (SELECT *, row_number() OVER (PARTITION BY email ORDER BY day, id) AS n FROM orders)
        SELECT sum(n = 1), count(DISTINCT CASE WHEN n > 1 THEN email END) FROM numbered WHERE day >= :a AND day < :b
        """,
        bounds,
    )
    [(buyers, repeaters)] = sql.execute(
        "SELECT count(*), sum(n > 1) FROM (SELECT count(*) AS n FROM orders WHERE day < :b GROUP BY email)", bounds
    )
    assert (found["orders"], found["money:USD"]) == (orders, Decimal(cents) / 100)
    assert (found["active"], found.get("n1", 0)) == (active, new)
    assert found["active"] - found["once"] == returning
    assert (until["n1"], until["n2"]) == (buyers, repeaters)


def test_the_cohorts(sql: sqlite3.Connection, counters: dict[str, Counter[str]]) -> None:
    cells = sql.execute(
        """
        WITH firsts AS (SELECT email, min(day) AS first FROM orders GROUP BY email)
        SELECT substr(day, 1, 7),
               (substr(day, 1, 4) - substr(first, 1, 4)) * 12 + substr(day, 6, 2) - substr(first, 6, 2) AS k,
               count(DISTINCT email), sum(cents)
        FROM orders JOIN firsts USING (email) GROUP BY 1, 2
        """
    ).fetchall()
    expected = {(month, f"c{k}"): (people, Decimal(cents) / 100) for month, k, people, cents in cells}
    found = {
        (sk.removeprefix("COHORTS#"), name): (number, names[f"{name}:USD"])
        for sk, names in counters.items()
        if sk.startswith("COHORTS#")
        for name, number in names.items()
        if ":" not in name
    }
    assert found == expected


def test_all_of_it_is_what_the_sample_says(counters: dict[str, Counter[str]]) -> None:
    months = [names for sk, names in counters.items() if sk.startswith("MONTH#")]
    assert sum(names["orders"] for names in months) == 412
    assert sum(names["money:USD"] for names in months) == Decimal("2328.60")
    assert counters["TODAY"]["customers"] == 59
