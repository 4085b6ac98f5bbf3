"""Exports on the command line. The job runs while the command waits."""

import csv
import json
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from tests.support.cli import Run, deploy, runner
from tests.support.deployment import EXPORTS

from clientela import clock
from clientela.aws import clients
from clientela.customers import customers, directory_walks
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_columns, export_jobs, export_runs, export_schedules
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.stores import audit_trail
from clientela.stores.stores import Store


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    waiting(monkeypatch, lambda: export_runs.run(store, export_jobs.list_all(store).items[0].id, clock.now()))
    customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), clock.now())
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def waiting(monkeypatch: pytest.MonkeyPatch, then: Any, clock: Any = time.monotonic) -> None:
    """Call `then` instead of waiting."""
    fake_time = SimpleNamespace(sleep=lambda _seconds: then(), monotonic=clock)
    monkeypatch.setattr("clientela_cli.commands.exports.time", fake_time)


def test_an_export_is_run_downloaded_and_shown_with_its_manifest(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "customers.csv"
    done = run("exports", "run", "demo", "--out", out, "--json").json()
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["ana@example.com"]
    assert (done["export"]["status"], done["manifest"]["rows"]) == ("succeeded", 1)
    code, text, err = run("exports", "run", "demo")
    assert (code, err) == (0, "")
    assert f"s3://{EXPORTS}/demo/customers-" in text
    assert run("exports", "list", "demo", "--json").json()[1] == done["export"]
    assert run("exports", "show", "demo", done["export"]["id"], "--json").json() == done["export"]
    assert "succeeded" in run("exports", "show", "demo", done["export"]["id"]).out
    assert done["export"]["id"] in run("exports", "list", "demo").out


def test_a_missing_folder_fails_before_the_export_starts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    code, out, err = run("exports", "run", "demo", "--out", folder / "x.csv")
    assert (code, out, err) == (2, "", f"clientela: Folder {folder} not found: create it first.\n")
    assert run("exports", "list", "demo", "--json").json() == []


def test_a_failed_export_fails_the_command(run: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        read, nobody = directory_walks.profiles, [iter([])]
        monkeypatch.setattr(directory_walks, "profiles", lambda *these: nobody.pop() if nobody else read(*these))
        with pytest.raises(ExportIncompleteError):
            export_runs.run(store, export_jobs.list_all(store).items[0].id, clock.now() + timedelta(minutes=16))

    waiting(monkeypatch, fail)
    code, out, err = run("exports", "run", "demo")
    assert (code, out, "0 customers were read, but at least 1 were there all the time." in err) == (1, "", True)


def test_waiting_for_an_export_times_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter(range(0, 36000, 3600))
    waiting(monkeypatch, lambda: None, lambda: next(hours))
    code, _, err = run("exports", "run", "demo")
    assert (code, "has made no progress for 16 minutes" in err) == (1, True)


def test_an_export_in_parts_is_waited_for_as_long_as_it_makes_progress(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part takes a quarter of an hour at most, all of them may take hours."""
    minutes, done = iter(range(0, 36000, 600)), iter(range(1, 9))
    real = export_jobs.get

    def get(store: Store, job_id: str) -> export_jobs.ExportJob:
        job = real(store, job_id)
        if (parts_done := next(done, None)) is None:
            return export_runs.run(store, job_id, clock.now())
        return job.model_copy(update={"status": "running", "parts": 8, "parts_done": parts_done})

    monkeypatch.setattr(export_jobs, "get", get)
    waiting(monkeypatch, lambda: None, lambda: next(minutes))
    assert run("exports", "run", "demo").code == 0


def test_a_damaged_download_fails(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    download = clients.s3().download_file

    def damage(bucket: str, key: str, name: str) -> None:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"something else")
        download(bucket, key, name)

    monkeypatch.setattr(clients.s3(), "download_file", damage)
    code, _, err = run("exports", "run", "demo", "--out", tmp_path / "customers.csv")
    assert (code, "does not match the manifest's checksum" in err) == (1, True)


def test_ctrl_c_stops_only_the_waiting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    waiting(monkeypatch, interrupt)
    code, _, err = run("exports", "run", "demo")
    assert (code, err.startswith("clientela: The export continues: ")) == (130, True)


def test_an_export_has_the_filters_columns_and_format_that_are_asked_for(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "some.csv"
    chosen = ("--columns", "email, name", "--format", "delimiter=tab", "--format", "bom=no")
    run("exports", "run", "demo", *chosen, "--out", out)
    assert out.read_text("utf-8").splitlines() == ["email\tname", "ana@example.com\tAna"]
    run("exports", "run", "demo", "--columns", "importable", "--format", "header_language=en", "--out", out)
    assert tuple(out.read_text("utf-8-sig").splitlines()[0].split(",")) == export_columns.IMPORTABLE
    done = run("exports", "run", "demo", "--email", "nobody@example.com", "--spreadsheet", "es", "--json").json()
    assert (done["manifest"]["rows"], done["export"]["filter"]["email"]) == (0, "nobody@example.com")


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        (("--columns", "e-mail"), "perhaps you mean “email”"),
        (("--columns", "email,email"), "This column is named twice."),
        (("--columns", " , "), "Name at least one column."),
        (("--format", "bom=perhaps"), "Use one of yes, no."),
        (("--format", "colour=red"), "Unknown: use one of delimiter"),
        (("--spreadsheet", "es", "--format", "delimiter=comma"), "The spreadsheet es has another one"),
    ],
)
def test_wrong_columns_and_formats_are_refused_and_nothing_starts(
    run: Run, chosen: tuple[str, ...], complaint: str
) -> None:
    refused = run("exports", "run", "demo", *chosen)
    assert (refused.code, complaint in refused.err) == (1, True), refused.err
    assert run("exports", "list", "demo", "--json").json() == []


def test_a_finished_export_is_downloaded_and_the_download_recorded(run: Run, store: Store, tmp_path: Path) -> None:
    job, out = run("exports", "run", "demo", "--json").json()["export"], tmp_path / "again.csv"
    assert "ana@example.com" not in run("exports", "download", "demo", job["id"], "--out", out).out
    assert "ana@example.com" in out.read_text("utf-8-sig")
    (entry,) = audit_trail.page(store, clock.now(), action="export.downloaded").items
    assert (entry.target, entry.actor.kind) == (job["id"], "operator")
    unfinished = export_jobs.start(store, clock.now()).id
    assert "queued" in run("exports", "download", "demo", unfinished, "--out", out).err
    assert run("exports", "download", "demo", job["id"], "--out", tmp_path / "none" / "x.csv").code == 2


def test_a_file_that_is_not_kept_any_more_fails_the_command_with_a_sentence(run: Run, tmp_path: Path) -> None:
    job = run("exports", "run", "demo", "--json").json()["export"]
    for name in ("file", "manifest"):
        boto3.client("s3").delete_object(Bucket=EXPORTS, Key=job[name])
    code, _, err = run("exports", "download", "demo", job["id"], "--out", tmp_path / "late.csv")
    assert (code, "Start the export again." in err) == (1, True)


def test_the_list_of_removed_customers_is_written_beside_the_file(run: Run, store: Store, tmp_path: Path) -> None:
    job = export_jobs.get(store, run("exports", "run", "demo", "--json").json()["export"]["id"])
    s3, key = boto3.client("s3"), f"{job.file}.removed"
    s3.put_object(Bucket=EXPORTS, Key=key, Body=b"id,reason\r\n")
    manifest = json.loads(s3.get_object(Bucket=EXPORTS, Key=job.manifest)["Body"].read()) | {"removed_file": key}
    s3.put_object(Bucket=EXPORTS, Key=job.manifest, Body=json.dumps(manifest).encode())
    run("exports", "download", "demo", job.id, "--out", tmp_path / "changes.csv")
    assert (tmp_path / "changes.removed.csv").read_bytes() == b"id,reason\r\n"


def test_a_schedule_of_changes_is_created(run: Run) -> None:
    when = ("--name", "Changes", "--cron", "0 6 * * *", "--columns", "id,email")
    made = run("exports", "schedules", "create", "demo", *when, "--changed-since-last", "--json").json()
    assert (made["changed_since_last"], made["columns"]) == (True, ["id", "email"])


def test_schedules_are_created_listed_paused_run_and_deleted(run: Run, store: Store) -> None:
    what = ("--what", "orders", "--country", "ES", "--notify", "a@example.com", "--notify", "b@example.com")
    when = ("--cron", "0 6 * * 1", "--timezone", "Europe/Madrid")
    made = run("exports", "schedules", "create", "demo", "--name", "Mondays", *when, *what, "--json").json()
    assert (made["cron"], made["what"], made["filter"]["country"]) == ("0 6 ? * MON *", "orders", "ES")
    assert made["notify"] == ["a@example.com", "b@example.com"]
    assert len(made["next_runs"]) == 3
    id_ = made["id"]
    assert "Mondays" in run("exports", "schedules", "list", "demo").out
    assert run("exports", "schedules", "pause", "demo", id_, "--json").json()["next_runs"] == []
    assert "paused" in run("exports", "schedules", "list", "demo").out
    assert run("exports", "schedules", "resume", "demo", id_, "--json").json()["paused"] is False
    started = run("exports", "schedules", "run", "demo", id_, "--json").json()
    assert export_jobs.get(store, started["id"]).schedule_id == id_
    assert "0 6 ? * MON *" in run("exports", "schedules", "show", "demo", id_).out
    assert run("exports", "schedules", "delete", "demo", id_).code == 0
    assert run("exports", "schedules", "list", "demo", "--json").json() == []
    assert run("exports", "schedules", "show", "demo", id_).code == 1


def new_schedule(run: Run, *more: str) -> str:
    when = ("--name", "Mondays", "--cron", "0 6 * * 1", "--country", "ES", "--notify", "a@example.com")
    return str(run("exports", "schedules", "create", "demo", *when, *more, "--json").json()["id"])


def test_a_schedule_is_changed_in_all_that_it_has(run: Run, store: Store) -> None:
    id_ = new_schedule(run, "--spreadsheet", "es")
    when = ("--name", "Nights", "--cron", "30 2 * * *", "--timezone", "Europe/Rome", "--changed-since-last")
    what = ("--min-orders", "2", "--columns", "id,email", "--spreadsheet", "de", "--format", "times=iso")
    who = ("--notify", "b@example.com", "--notify", "c@example.com")
    assert run("exports", "schedules", "change", "demo", id_, *when, *what, *who, "--json").json()["version"] == 2
    changed = export_schedules.get(store, id_)
    assert (changed.name, changed.cron, changed.timezone) == ("Nights", "30 2 * * ? *", "Europe/Rome")
    assert (changed.filter.country, changed.filter.min_orders) == ("ES", 2)
    assert (changed.columns, changed.spreadsheet, changed.changed_since_last) == (["id", "email"], "de", True)
    assert changed.format
    assert changed.format.times == "iso"
    assert changed.notify == ["b@example.com", "c@example.com"]


def test_a_change_prints_what_changed_and_leaves_the_rest(run: Run, store: Store) -> None:
    id_ = new_schedule(run)
    before = export_schedules.get(store, id_)
    out = run("exports", "schedules", "change", "demo", id_, "--cron", "0 7 * * 1").out
    assert out.split() == ["cron:", *["0", "6", "?", "*", "MON", "*"], "→", *["0", "7", "?", "*", "MON", "*"]]
    after = export_schedules.get(store, id_)
    assert after == before.model_copy(update={name: getattr(after, name) for name in ("cron", "updated_at", "version")})


def test_a_change_empties_a_field(run: Run, store: Store) -> None:
    id_ = new_schedule(run, "--changed-since-last", "--columns", "id")
    empty = ("--set", "filter=null", "--set", "notify=[]", "--set", "columns=null", "--no-changed-since-last")
    assert run("exports", "schedules", "change", "demo", id_, *empty).code == 0
    changed = export_schedules.get(store, id_)
    assert (changed.filter, changed.notify, changed.columns) == (CustomerFilter(), [], None)
    assert changed.changed_since_last is False


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((), "Nothing to change"),
        (("--cron", "61 * * * *"), "cron"),
        (("--columns", "emial"), "email"),
        (("--what", "orders", "--columns", "tags"), "tags"),
        (("--timezone", "Factory"), "IANA"),
        (("--set", "id=exs_2"), "id"),
    ],
)
def test_a_change_that_is_wrong_changes_nothing(run: Run, store: Store, given: tuple[str, ...], reason: str) -> None:
    id_ = new_schedule(run)
    before = export_schedules.get(store, id_)
    code, _, err = run("exports", "schedules", "change", "demo", id_, *given)
    assert (code != 0, reason in err) == (True, True)
    assert export_schedules.get(store, id_) == before


def test_an_export_and_a_schedule_show_their_filter_and_format(run: Run, store: Store) -> None:
    id_ = new_schedule(run, "--format", "delimiter=pipe", "--min-orders", "2")
    started = run("exports", "schedules", "run", "demo", id_, "--json").json()["id"]
    for out in (run("exports", "schedules", "show", "demo", id_).out, run("exports", "show", "demo", started).out):
        assert "country=ES, min_orders=2" in out
        assert "delimiter=|" in out


def test_a_schedule_that_is_wrong_is_refused_with_the_reason(run: Run) -> None:
    code, _, err = run("exports", "schedules", "create", "demo", "--name", "Often", "--cron", "* * * * *")
    assert (code != 0, "at least an hour apart" in err) == (True, True)
