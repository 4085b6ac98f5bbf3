"""Imports of files in several chunks: every row is counted once, and the last row of an e-mail wins."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.import_runs import StateMachines, downloaded, plan

import csv_import
from clientela import clock
from clientela.csv import csv_survey
from clientela.customers import customers
from clientela.imports import import_files, import_jobs
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

type Import = Callable[..., ImportJob]

NUMBERS = itertools.count(2)
PIECES = st.sampled_from([
    "row{n}@example.com,Ana,x\n", "row{n}@example.com,Bo\r\n", "row1@example.com,Again{n},y\r", "nobody,Bo,x\n", ",,\n", "\n",
    'row{n}@example.com,"Ana\nMaria",x\n', 'row{n}@example.com,Ana,"open\n', 'row{n}@example.com,"a"b,x\n',
    "row{n}@example.com,1,2,3\n", "row{n}@example.com,\0,x\n", 'x,"27"\n', "row{n}@example.com,\udcff,x\n",
])  # fmt: skip
# No line closes a quote properly: then a short row before it would be a line of the note, as RFC 4180 says.


def name(store: Store, email: str) -> str | None:
    found = customers.find(store, email, clock.now())
    return found.name if found else None


def report(store: Store, job: ImportJob, which: Any) -> list[dict[str, str]]:
    return downloaded(import_jobs.report_url(store, job.id, which))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(pieces=st.lists(PIECES, min_size=1, max_size=25))
def test_every_row_of_a_messy_file_is_counted_once(
    store: Store, run: Import, monkeypatch: pytest.MonkeyPatch, pieces: list[str]
) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 4)
    people = [f"{next(NUMBERS)}" for _ in pieces]  # nobody of an earlier example
    rows = "".join(piece.format(n=number) for number, piece in zip(people, pieces, strict=True))
    job = run(f"email,name,note\nfirst@example.com,,\n{rows}".encode("utf-8", "surrogateescape"))
    assert job.status == "succeeded"
    assert job.rows_total == job.rows_done == job.created + job.updated + job.unchanged + job.rejected
    rejected = report(store, job, "rejects")
    assert len(rejected) == job.rejected
    lines = [int(row["line"]) for row in rejected]
    assert len(set(lines)) == len(lines)
    for number, piece in zip(people, pieces, strict=True):
        if piece.startswith(("row{n}@example.com,Ana,x", "row{n}@example.com,Bo", 'row{n}@example.com,"Ana\n')):
            assert name(store, f"row{number}@example.com") is not None


def test_of_rows_with_one_email_in_different_chunks_the_last_wins_and_the_others_are_reported(
    store: Store, run: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 3)
    rows = ["dup@example.com,Old,911222333", *(f"u{n}@example.com,U," for n in range(7)), "DUP@example.com,New,"]
    rows += ["u8@example.com,U,", "b@xn--bcher-kva.example,Puny,", *(f"v{n}@example.com,V," for n in range(5))]
    rows.append("b@BÜCHER.example,Last,")
    job = run("\n".join(["email,name,company", *rows]).encode())
    assert (job.status, job.rows_total, job.created, job.updated, job.warnings) == ("succeeded", 17, 15, 2, 2)
    dup = customers.find(store, "dup@example.com", clock.now())
    assert dup is not None
    assert (dup.name, dup.company, name(store, "b@bücher.example")) == ("New", "911222333", "Last")
    found = report(store, job, "warnings")
    assert [(row["line"], row["code"]) for row in found] == [("2", "email_repeated"), ("12", "email_repeated")]
    assert "Line 10 " in found[0]["message"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_in_which_chunks_are_loaded_does_not_matter(
    store: Store, machines: StateMachines, upload: Callable[..., str], monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 2)
    rows = [f"{email}@example.com,{number}" for number, email in enumerate(["a", "b", "c", "a", "b", "d", "a", "e"])]
    job_id = upload("\n".join(["email,name", *rows]).encode())
    for chunk in plan(machines, job_id)[::order]:
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert [name(store, f"{email}@example.com") for email in "abcde"] == ["6", "4", "2", "5", "7"]
    assert import_jobs.get(store, job_id).rows_done == 8


def test_of_very_many_rows_with_one_email_only_the_last_have_an_effect(
    store: Store, run: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 5)
    monkeypatch.setattr(csv_survey, "MOVED_ROWS", 3)
    job = run(("email,name\n" + "".join(f"a@example.com,{n}\n" for n in range(22))).encode())
    assert (job.rows_total, job.rows_done, job.warnings, name(store, "a@example.com")) == (22, 22, 21, "21")


def test_rows_far_apart_are_read_with_few_requests(store: Store, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 5)
    monkeypatch.setattr(import_files, "RANGE_BYTES", 60)
    ranges: list[object] = []
    read = import_files._read_range
    monkeypatch.setattr(
        import_files, "_read_range", lambda source, rows: [ranges.append(rows), *read(source, rows)][1:]
    )
    firsts = [f"r{n}@example.com,First" for n in range(10)]
    job = run("\n".join(["email,name", *firsts, *(row.replace("First", "Last") for row in firsts)]).encode())
    assert (job.created, job.updated) == (10, 10)
    assert 2 < len(ranges) < 10
    assert {name(store, f"r{n}@example.com") for n in range(10)} == {"Last"}


def test_damaged_rows_of_a_file_with_passwords_are_rejected_with_their_reason(store: Store, run: Import) -> None:
    rows = 'b@example.com,B,x,Geheim-12345,more\n,C,x,Geheim-12345\na@example.com,Ana,"open,Geheim-12345\nd@example.com,,,\n'
    job = run(f"email,name,note,password\n{rows}".encode())
    found = report(store, job, "rejects")
    assert [row["code"] for row in found] == ["cells_too_many", "email_missing", "quote_not_closed"]
    assert [row["message"] for row in found] == [
        "The row has 5 cells, the header 4.",
        "The row has no e-mail.",
        "A quote of this row, or of a row just before it, is never closed.",
    ]
    assert "Geheim" not in str(found)
