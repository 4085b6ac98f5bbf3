"""The rebuild of statistics on the command line."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Run, deploy, runner

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_records import record
from clientela.orders import order_integrity, orders
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

NOW = clock.now()
ORDER: dict[str, Any] = {
    "version": 1, "placed_at": "2026-11-21T10:00:00Z", "currency": "EUR", "total": "49.90", "payment_status": "paid",
}  # fmt: skip
SUMS = {"customers": 2, "orders": 3, "drifted": 0, "corrected": 0, "orphaned": 0}


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(order_integrity, "_PAUSE_SECONDS", 0)
    deploy(tmp_path)
    for number, email in enumerate(["ana@example.com", "ana@example.com", "ben@example.com"]):
        orders.record_version(store, Order.model_validate(ORDER | {"id": str(number), "email": email}), NOW)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", "statistics", "rebuild", *arguments)


def with_drift(store: Store) -> str:
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    records.put(record(store, ana.model_copy(update={"last_order_status": "refunded"})))
    return ana.id


def test_without_drift_only_totals_are_printed(run: Run) -> None:
    assert run("demo", "--json").json() == {"store_id": "demo", "dry_run": False, "drift": [], "orphans": [], **SUMS}
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [[name.capitalize(), str(n)] for name, n in SUMS.items()]


def test_a_dry_run_reports_drift_and_a_run_corrects_it(run: Run, store: Store) -> None:
    ana = with_drift(store)
    drift = {"field": "last_order_status", "stored": "refunded", "computed": "paid"}
    code, out, err = run("demo", "--dry-run")
    assert (code, f"{ana}  last_order_status: refunded, must be paid\n" in out) == (3, True)
    assert err == "clientela: The statistics of 1 customers have drifted: run without --dry-run to correct them.\n"
    done = run("demo", "--json").json()
    assert done["drift"] == [{"customer_id": ana, "corrected": True, "fields": [drift]}]
    assert (done["drifted"], done["corrected"]) == (1, 1)
    assert run("demo", "--dry-run").code == 0


def test_orphaned_records_are_reported(run: Run, store: Store) -> None:
    Record(keys.order_reference("demo", "2"), keys.REFERENCE).delete()
    ben = customers.find(store, "ben@example.com", NOW)
    assert ben
    code, out, err = run("demo")
    assert (code, f"order without reference: order 2, customer {ben.id}\n" in out) == (3, True)
    assert err == "clientela: 1 orders or references have no matching record: see the list.\n"


def test_an_unknown_store_is_refused(run: Run) -> None:
    assert run("nobody") == (1, "", "clientela: Store “nobody” not found.\n")
