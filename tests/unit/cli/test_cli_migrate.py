"""`clientela migrate` and `customers reindex`."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Run, deploy, runner

from clientela.migrations import layout_version, migration_runs
from clientela.migrations.migration_runs import RunRecord
from clientela.table import dynamodb, keys


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setattr(migration_runs, "SEGMENTS", 1)  # moto reads the whole table in each
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    command("--local", "stores", "create", "demo", "--name", "Demo")
    return lambda *arguments: command("--local", *arguments)


def outdated_customer(run: Run) -> str:
    customer: dict[str, Any] = run("customers", "create", "demo", "ana@example.com", "--json").json()
    item = dynamodb.get(keys.customer("demo", customer["id"]), keys.PROFILE)
    assert item
    dynamodb.put_all([item | {"facets": {"S": "|status:retired|"}}])
    return str(customer["id"])


def listed(run: Run) -> int:
    return len(run("customers", "list", "demo", "--status", "active", "--json").json())


def test_a_dry_run_counts_and_the_run_changes(run: Run) -> None:
    outdated_customer(run)
    code, out, err = run("migrate", "--dry-run", "--json")
    assert (code, '"changed": 1' in out, "run it without --dry-run" in err) == (3, True, True)
    assert (listed(run), layout_version.current()) == (0, 0)
    done = run("migrate", "--json").json()
    (migration,) = done["migrations"]
    assert (done["layout_version"], done["newest_version"], done["dry_run"]) == (1, 1, False)
    assert (migration["migration"], migration["status"], migration["changed"]) == ("reindex_customers", "complete", 1)
    assert listed(run) == 1
    assert run("migrate", "--dry-run").code == 0
    assert run("migrate", "--json").json()["migrations"] == []


def test_the_status_shows_every_migration(run: Run) -> None:
    shown = run("migrate", "--status", "--json").json()
    assert (shown["layout_version"], shown["migrations"][0]["status"]) == (0, "pending")
    run("migrate")
    code, out, _ = run("migrate", "--status")
    assert code == 0
    assert all(text in out for text in ("reindex_customers", "complete", "100%", "version 1 of 1"))
    code, out, err = run("migrate", "--status", "--dry-run")
    assert (code, out, err) == (2, "", "clientela: Use either --status or --dry-run.\n")


def test_one_stores_customers_are_reindexed_again_and_again(run: Run) -> None:
    for _ in range(2):
        customer_id = outdated_customer(run)
        assert run("customers", "reindex", "demo", "--dry-run").code == 3
        code, out, _ = run("customers", "reindex", "demo", "--rate", "50")
        assert (code, "complete" in out, listed(run)) == (0, True, 1)
        run("customers", "erase", "demo", customer_id, "--yes")
    assert layout_version.current() == 0
    assert run("customers", "reindex", "nobody") == (1, "", "clientela: Store “nobody” not found.\n")


def test_an_interrupted_run_says_how_to_continue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    outdated_customer(run)
    with monkeypatch.context() as context:
        context.setattr(dynamodb, "scan_pages", interrupt)
        for command in (["migrate"], ["customers", "reindex", "demo"]):
            code, out, err = run(*command)
            words = f"clientela --local {' '.join(command)}"
            assert (code, out, err) == (130, "", f"clientela: Interrupted: `{words}` continues.\n")
    assert run("migrate", "--status", "--json").json()["migrations"][0]["status"] == "running"
    assert run("migrate", "--json").json()["migrations"][0]["status"] == "complete"


def interrupt(**_: Any) -> None:
    raise KeyboardInterrupt


def test_a_run_taken_over_and_a_newer_layout_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_runs, "_save", take_over)
    assert run("migrate") == (1, "", "clientela: Another process continues this migration.\n")
    layout_version.advance(9)
    code, out, err = run("migrate")
    assert (code, out, err.count("\n"), "version 9" in err) == (1, "", 1, True)


def take_over(record: RunRecord) -> None:
    raise migration_runs.RunTakenOverError
