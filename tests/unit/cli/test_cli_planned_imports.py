"""Planned imports on the command line. The deployment works whenever a command waits."""

import csv
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from tests.support.cli import Run, deploy, runner
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines
from tests.support.planned_imports import Functions, Imports, arrival
from tests.support.removals import Waiting

import csv_import
from clientela.aws import clients
from clientela.imports import import_retries, import_writes
from clientela.stores.stores import Store

FILE = "email,name,Colour\nana@example.com,Ana,red\nnobody,Nobody,\n"


class Deployment(Imports):
    """Reads each uploaded file once, and then does what has been asked for."""

    def __init__(self, store: Store, machines: StateMachines, functions: Functions) -> None:
        super().__init__(store, machines, functions)
        self._read: set[str] = set()

    def step(self) -> None:
        for entry in boto3.client("s3").list_objects_v2(Bucket=IMPORTS).get("Contents", []):
            if entry["Key"] not in self._read:
                self._read.add(entry["Key"])
                csv_import.receive(arrival(entry["Key"]), None)
        self.work()


@pytest.fixture
def run(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    machines, functions = StateMachines(), Functions()
    deployment = Deployment(store, machines, functions)
    monkeypatch.setattr(clients, "step_functions", lambda: machines)
    monkeypatch.setattr(clients, "lambda_", lambda: functions)
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions know no threads
    seconds = iter(range(100_000))
    fake_time = SimpleNamespace(sleep=lambda _seconds: deployment.step(), monotonic=lambda: next(seconds))
    monkeypatch.setattr("clientela_cli.commands.import_upload.time", fake_time)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(FILE)
    return path


def customers(run: Run) -> dict[str, str]:
    return {each["email"]: each["name"] for each in run("customers", "list", "demo", "--json").json()}


def newest(run: Run) -> str:
    return str(run("imports", "list", "demo", "--json").json()[0]["id"])


def test_an_import_is_planned_changed_started_and_undone(run: Run, file: Path) -> None:
    planned = run("imports", "upload", "demo", file, "--plan")
    job_id = newest(run)
    assert (planned.code, customers(run)) == (0, {})
    assert "New        1" in planned.out
    assert "email_invalid: 1" in planned.out
    assert f"Nothing is changed yet: run `clientela --local imports start demo {job_id}`." in planned.err
    plan = run("imports", "plan", "demo", job_id, "--map", "Colour=company", "--map", "name=none", "--json").json()
    assert [column["field"] for column in plan["columns"]] == ["email", None, "company"]
    started = run("imports", "start", "demo", job_id, "--json")
    assert (started.code, started.json()["created"]) == (3, 1)
    assert customers(run) == {"ana@example.com": None}
    undone = run("imports", "undo", "demo", job_id, "--json")
    assert (undone.code, undone.json()["undo"]["removed"], customers(run)) == (0, 1, {})
    assert run("imports", "kept", "demo", job_id).out.splitlines() == ["\ufeffline,customer_id,code,message"]
    assert "Undo       succeeded: 1 removed, 0 restored, 0 kept\n" in run("imports", "show", "demo", job_id).out


def test_the_notes_of_an_import_are_sentences_one_after_another(run: Run, file: Path) -> None:
    file.write_bytes("email,Name,Fecha de alta\nana@example.com,Peña,03/04/2024\n".encode("cp1252"))
    run("imports", "upload", "demo", file, "--plan")
    assert "was read as 3 February. The " in run("imports", "show", "demo", newest(run)).out


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ";")]
)
def test_a_corrected_report_is_imported_as_a_spreadsheet_saves_it(
    run: Run, file: Path, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    file.write_text("email,Name\nana@example.com,Ana\nnobody,Peña Núñez\n", "utf-8")
    run("imports", "upload", "demo", file)
    rejects = run("imports", "rejects", "demo", newest(run)).out.removeprefix("\ufeff")
    header, row = rejects.replace("nobody", "somebody@example.com").splitlines()
    lines = (delimiter.join(cells) for cells in csv.reader((header, row)))
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\r\n".join(lines) + "\r\n", encoding)
    retried = run("imports", "retry", "demo", newest(run), corrected, "--json")
    assert (retried.code, retried.json()["created"]) == (0, 1)
    assert customers(run)["somebody@example.com"] == "Peña Núñez"


def test_an_empty_corrected_report_is_refused(run: Run, file: Path, tmp_path: Path) -> None:
    run("imports", "upload", "demo", file)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\n")
    code, _, err = run("imports", "retry", "demo", newest(run), corrected)
    assert (code, err) == (1, "clientela: Send at least one row that is not empty.\n")


def test_a_report_of_more_rows_than_the_api_takes_at_once_is_imported(run: Run, file: Path, tmp_path: Path) -> None:
    run("imports", "upload", "demo", file)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("email,Name\n" + "".join(f"p{number}@example.com,{'x' * 190}\n" for number in range(20)))
    first, size = newest(run), import_retries.MAX_CHARACTERS
    assert corrected.stat().st_size < size
    corrected.write_text(corrected.read_text() + f"big@example.com,{'x' * size}\n")
    retried = run("imports", "retry", "demo", first, corrected, "--json")
    assert (retried.code, retried.json()["created"], retried.json()["rejected"]) == (3, 20, 1)


def test_corrected_rows_are_imported(run: Run, file: Path, tmp_path: Path) -> None:
    run("imports", "upload", "demo", file)
    rejects = run("imports", "rejects", "demo", newest(run)).out
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(rejects.replace("nobody", "somebody@example.com"))
    retried = run("imports", "retry", "demo", newest(run), corrected, "--json")
    assert (retried.code, retried.json()["created"]) == (0, 1)
    assert set(customers(run)) == {"ana@example.com", "somebody@example.com"}


def test_a_planned_import_is_watched_and_cancelled(run: Run, file: Path) -> None:
    run("imports", "upload", "demo", file, "--plan")
    watched = run("imports", "watch", "demo", newest(run))
    assert (watched.code, "planned" in watched.out) == (0, True)
    cancelled = run("imports", "cancel", "demo", newest(run), "--json")
    assert (cancelled.code, cancelled.json()["status"], customers(run)) == (0, "cancelled", {})
    code, _, err = run("imports", "start", "demo", newest(run))
    assert (code, err) == (1, "clientela: The import has ended.\n")


def test_without_a_terminal_the_progress_is_plain_lines(run: Run, file: Path) -> None:
    err = run("imports", "upload", "demo", file, "--plan").err
    assert "\x1b" not in err
    assert "\r" not in err


@pytest.mark.parametrize("mapping", ["Colour", "=company"])
def test_a_mapping_names_a_header_and_a_field(run: Run, file: Path, mapping: str) -> None:
    run("imports", "upload", "demo", file, "--plan")
    code, _, err = run("imports", "plan", "demo", newest(run), "--map", mapping)
    assert (code, "HEADER=FIELD" in err) == (2, True)
