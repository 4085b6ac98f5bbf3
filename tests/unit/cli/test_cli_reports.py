"""Reports on the command line: tables, bars, JSON, CSV; the rebuild and the check."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.support import reports
from tests.support.cli import Run, deploy, runner
from tests.support.orders import holder, order

from clientela import clock
from clientela.orders import orders
from clientela.reports import report_check, report_rebuild, report_updates
from clientela.reports.report_sources import ReportSource
from clientela.stores.stores import Store

NOW = clock.now()
PERIOD = ("--from", "2026-01-01", "--to", "2026-04-01")


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(report_rebuild, "SETTLED", timedelta())
    monkeypatch.setattr(report_rebuild, "RETIRED", timedelta())
    reports.no_pause(monkeypatch, report_check, report_rebuild)
    deploy(tmp_path)
    reports.build(store)
    for id_, email, day in [("1", "ana", "01-10"), ("2", "ana", "03-02"), ("3", "ben", "03-03")]:
        placed_at = f"2026-{day}T10:00:00Z"
        orders.record_version(store, order(id=id_, email=f"{email}@example.com", placed_at=placed_at), NOW)
        report_updates.update(store, ReportSource("customer", holder(store, f"{email}@example.com").id))
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", "reports", *arguments)


def test_the_summary_is_a_table_beside_the_period_before(run: Run) -> None:
    code, out, err = run("summary", "demo", *PERIOD)
    lines = {" ".join(line.split()[:-2]): line.split()[-2:] for line in out.splitlines()}
    assert (code, lines["Orders"], lines["New customers"]) == (0, ["3", "0"], ["2", "0"])
    assert "149.70 USD" in out
    assert "UTC" in err


def test_rows_have_bars_in_proportion_to_the_orders(run: Run) -> None:
    code, out, _ = run("new-vs-returning", "demo", *PERIOD)
    bars = {line.split()[0]: line.count("█") for line in out.splitlines()[1:]}
    assert (code, bars) == (0, {"2026-01-01": 15, "2026-02-01": 0, "2026-03-01": 30})


def test_cohorts_are_shares(run: Run) -> None:
    code, out, _ = run("cohorts", "demo", *PERIOD)
    january = out.splitlines()[1].split()
    assert (code, january) == (0, ["2026-01", "1", "100.0", "%", "0.0", "%", "100.0", "%"])


def test_repeat_top_and_rfm_are_tables(run: Run) -> None:
    assert "60" in run("repeat", "demo").out
    top = run("top-customers", "demo", "--limit", "1").out.splitlines()
    assert len(top) == 2
    assert "ana@example.com" in top[1]
    assert "champions" in run("rfm", "demo", "--window", "ever").out


def test_every_report_is_json_and_csv(run: Run) -> None:
    for report in ("summary", "new-vs-returning", "cohorts", "repeat", "top-customers", "rfm"):
        assert run(report, "demo", "--json").json()["timezone"] == "UTC"
        assert run(report, "demo", "--csv").out.count(",") > 3


def test_a_period_that_the_api_refuses_is_wrong_usage_of_the_command_too(run: Run) -> None:
    code, _, err = run("summary", "demo", "--from", "2026-01-02", "--to", "2026-06-01")
    assert code != 0
    assert "first day of a month" in err


def test_a_rebuild_says_how_many_counters_differ(run: Run, store: Store) -> None:
    assert run("rebuild", "demo", "--json").json() == {"store": "demo", "generation": 2, "differences": 0}


def test_a_rebuild_and_a_check_find_what_was_never_counted(run: Run, store: Store) -> None:
    orders.record_version(store, order(id="9", placed_at="2026-03-09T10:00:00Z"), NOW)
    code, out, _ = run("check", "demo")
    assert (code, holder(store).id in out) == (3, True)
    assert run("check", "demo").code == 0
    orders.record_version(store, order(id="10", placed_at="2026-03-10T10:00:00Z"), NOW)
    code, _, err = run("rebuild", "demo")
    assert code == 3
    assert "differed" in err
