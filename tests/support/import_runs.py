"""An import's surroundings in tests: files dropped into moto's S3, their events, and a stand-in for Step Functions."""

import csv
import io
import itertools
import json
from typing import Any
from urllib.parse import quote_plus
from urllib.request import urlopen

import boto3
import pytest
from tests.support.deployment import IMPORTS
from tests.support.template_file import PROJECT

import csv_import
from clientela.aws import clients
from clientela.imports import import_jobs
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

_SEQUENCERS = itertools.count(0x55AED6DCD90281E5)  # S3's grow with each version of a key


class StateMachines:
    """Step Functions as far as receive uses it: remembers the executions and refuses none of the same name."""

    class exceptions:  # noqa: N801 - botocore's name
        class ExecutionAlreadyExists(Exception): ...  # noqa: N818 - botocore's name

        class ExecutionDoesNotExist(Exception): ...  # noqa: N818 - botocore's name

    def __init__(self) -> None:
        self.started: dict[str, dict[str, str]] = {}
        self.aborted: set[str] = set()

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803, A002
        self.started[name] = json.loads(input)

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        name = executionArn.rpartition(":")[2]
        if name not in self.started:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": "ABORTED" if name in self.aborted else "RUNNING"}


def state_machines(monkeypatch: pytest.MonkeyPatch) -> StateMachines:
    """A stand-in in place of Step Functions."""
    stand_in = StateMachines()
    monkeypatch.setattr(clients, "step_functions", lambda: stand_in)
    return stand_in


def dropped(store: Store, content: bytes, name: str, metadata: dict[str, str] | None = None) -> dict[str, Any]:
    """Put an object, and the event that S3 makes of it."""
    key = f"{store.id}/{name}"
    answer = boto3.client("s3").put_object(Bucket=IMPORTS, Key=key, Body=content, Metadata=metadata or {})
    event = json.loads((PROJECT / "events/s3_object_created.json").read_text("utf-8"))
    sequencer = f"{next(_SEQUENCERS):016X}"
    event["Records"][0]["s3"]["object"] |= {
        "key": quote_plus(key),
        "versionId": answer["VersionId"],
        "sequencer": sequencer,
    }
    return event


def plan(machines: StateMachines, job_id: str) -> list[dict[str, Any]]:
    work = machines.started[job_id]
    return json.loads(boto3.client("s3").get_object(Bucket=work["bucket"], Key=work["plan_key"])["Body"].read())


def run_chunks(store: Store, machines: StateMachines, job_id: str) -> None:
    """Load the rows of all chunks, then store their passwords, as the state machine does it."""
    steps = [csv_import.load, *([csv_import.store_passwords] if machines.started[job_id]["passwords"] else [])]
    for step in steps:
        for chunk in plan(machines, job_id):
            step({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)


def imported(
    store: Store, machines: StateMachines, content: bytes, name: str = "customers.csv", **metadata: str
) -> ImportJob:
    """Import a file to its end, as the state machine does it."""
    known = set(machines.started)
    csv_import.receive(dropped(store, content, name, metadata), None)
    (job_id,) = machines.started.keys() - known
    run_chunks(store, machines, job_id)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    return import_jobs.get(store, job_id)


def downloaded(url: str) -> list[dict[str, str]]:
    """The rows of a report."""
    with urlopen(url) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig"), newline="")))
