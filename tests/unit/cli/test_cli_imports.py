"""Imports on the command line. The deployment makes one step whenever the command waits."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from tests.support.cli import Run, deploy, runner
from tests.support.deployment import IMPORT_JOBS, IMPORTS
from tests.support.template_file import PROJECT

import csv_import
from clientela.aws import clients
from clientela.imports import import_writes

CHINOOK = PROJECT / "tests" / "data" / "chinook" / "customers.csv"


def machine(started: list[dict[str, Any]]) -> Any:
    """A stand-in for Step Functions that only records its input."""

    class ExecutionAlreadyExistsError(Exception):
        pass

    return SimpleNamespace(
        start_execution=lambda **request: started.append(json.loads(request["input"])),
        exceptions=SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExistsError),
    )


def cloud(started: list[dict[str, Any]]) -> Iterator[None]:
    """Process each uploaded file in steps, as the deployment does: trigger, chunks, end."""
    s3 = boto3.client("s3")
    while True:
        versions = s3.list_object_versions(Bucket=IMPORTS, Prefix="demo/")["Versions"]
        version = max(versions, key=lambda version: version["LastModified"])
        stored = {"key": version["Key"], "versionId": version["VersionId"]}
        csv_import.receive({"Records": [{"s3": {"bucket": {"name": IMPORTS}, "object": stored}}]}, None)
        yield
        if started:
            work = started.pop()
            plan = json.loads(s3.get_object(Bucket=work["bucket"], Key=work["plan_key"])["Body"].read())
            for chunk in plan:
                csv_import.load({"store_id": "demo", "job_id": work["job_id"], "chunk": chunk}, None)
                yield
            csv_import.finish({"store_id": "demo", "job_id": work["job_id"]}, None)
            yield


@pytest.fixture
def run(store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(clients, "step_functions", lambda: machine(started))
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions know no threads
    steps = cloud(started)
    waiting(monkeypatch, lambda: next(steps))
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def waiting(
    monkeypatch: pytest.MonkeyPatch, then: Callable[[], object], clock: Callable[[], float] = time.monotonic
) -> None:
    """Call `then` instead of waiting."""
    fake_time = SimpleNamespace(sleep=lambda _seconds: then(), monotonic=clock)
    monkeypatch.setattr("clientela_cli.commands.import_upload.time", fake_time)


@pytest.fixture
def half_good(tmp_path: Path) -> Path:
    """A file with one customer and one bad row."""
    file = tmp_path / "half good.csv"
    file.write_text("email,name\nana@example.com,Ana\nnobody,Nobody\n")
    return file


def test_a_file_is_uploaded_and_its_import_summarized(run: Run) -> None:
    job = run("imports", "upload", "demo", CHINOOK, "--json").json()
    assert (job["status"], job["file"], job["created"], job["rejected"], job["warnings"]) == (
        "succeeded",
        "customers.csv",
        59,
        0,
        1,
    )
    again = run("imports", "upload", "demo", CHINOOK)
    assert (again.code, again.err) == (0, "")
    assert "Unchanged  59" in again.out
    assert f"s3://{IMPORT_JOBS}/imp_" in again.out


def test_rejected_rows_have_an_exit_code_of_their_own_and_can_be_fetched(run: Run, half_good: Path) -> None:
    code, out, err = run("imports", "upload", "demo", half_good, "--json")
    job = json.loads(out)
    assert (code, job["status"], job["created"], job["rejected"]) == (3, "succeeded", 1, 1)
    command = f"clientela --local imports rejects demo {job['id']}"
    assert err == f"clientela: 1 of 2 rows were rejected: run `{command}` to see them.\n"
    rejects = run("imports", "rejects", "demo", job["id"])
    assert rejects.code == 0
    assert "nobody,Nobody,3," in rejects.out


def test_a_dry_run_changes_nothing(run: Run, half_good: Path) -> None:
    half_good.write_text("email\nana@example.com\n")
    code, out, _ = run("imports", "upload", "demo", half_good, "--dry-run")
    assert (code, "(dry run: nothing was changed)" in out) == (0, True)
    assert run("customers", "list", "demo", "--json").json() == []


def test_welcome_mails_are_opt_in(run: Run, half_good: Path) -> None:
    half_good.write_text("email\nana@example.com\n")
    for options, asked in (([], False), (["--send-welcome"], True)):
        _, out, _ = run("imports", "upload", "demo", half_good, *options, "--json")
        assert json.loads(out)["send_welcome"] is asked


def test_a_file_that_cannot_be_read_fails(run: Run, half_good: Path) -> None:
    half_good.write_text("name,city\nAna,Vigo\n")
    code, out, err = run("imports", "upload", "demo", half_good, "--json")
    assert (code, json.loads(out)["status"]) == (1, "failed")
    assert err.startswith("clientela: The import failed: ")


def test_values_left_out_can_be_fetched(run: Run, half_good: Path) -> None:
    half_good.write_text("email,phone\nana@example.com,no number\n")
    job = run("imports", "upload", "demo", half_good, "--json").json()
    code, out, _ = run("imports", "warnings", "demo", job["id"])
    assert (job["created"], job["warnings"], code) == (1, 1, 0)
    assert [line.split(",")[:2] for line in out.splitlines()[1:]] == [["2", "phone"]]


@pytest.mark.parametrize("report", ["rejects", "warnings"])
def test_an_import_that_read_no_row_has_a_reason_instead_of_a_report(run: Run, half_good: Path, report: str) -> None:
    half_good.write_text("name,city\nAna,Vigo\n")
    job = json.loads(run("imports", "upload", "demo", half_good, "--json").out)
    code, out, err = run("imports", report, "demo", job["id"])
    assert (code, out) == (1, "")
    assert err == f"clientela: The import failed before it read a row: {job['message']}\n"


def test_an_expired_report_is_an_error(run: Run, half_good: Path) -> None:
    job = json.loads(run("imports", "upload", "demo", half_good, "--json").out)
    boto3.client("s3").delete_object(Bucket=IMPORT_JOBS, Key=f"{job['id']}/rejects")
    code, _, err = run("imports", "rejects", "demo", job["id"])
    assert (code, err.startswith("clientela: The report has expired")) == (1, True)


def test_imports_are_listed_and_shown(run: Run) -> None:
    job = run("imports", "upload", "demo", CHINOOK, "--json").json()
    assert run("imports", "list", "demo", "--json").json() == [job]
    assert "customers.csv" in run("imports", "list", "demo").out
    assert run("imports", "show", "demo", job["id"], "--json").json() == job
    code, _, err = run("imports", "show", "demo", "imp_1")
    assert (code, err.count("\n")) == (1, 1)


def test_a_trigger_that_never_comes_fails_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = iter(range(0, 6000, 60))
    waiting(monkeypatch, lambda: None, lambda: next(minutes))
    code, out, err = run("imports", "upload", "demo", CHINOOK)
    assert (code, out) == (1, "")
    assert "no import has started" in err


def test_ctrl_c_stops_only_the_waiting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    waiting(monkeypatch, interrupt)
    code, _, err = run("imports", "upload", "demo", CHINOOK)
    assert (code, err.startswith("clientela: The import continues: ")) == (130, True)
