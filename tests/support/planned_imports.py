"""Imports over the API in tests: Lambda and Step Functions are stand-ins, `work` plays both."""

import itertools
import json
from collections import deque
from typing import Any
from urllib.parse import quote_plus
from urllib.request import Request, urlopen

import boto3
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines

import csv_import
from clientela import clock
from clientela.imports import import_jobs, import_plans, import_states
from clientela.imports.import_choices import ImportChanges, ImportChoices, NewImport
from clientela.imports.import_jobs import ImportJob
from clientela.imports.import_plans import ImportPlan
from clientela.imports.import_uploads import RequestedImport
from clientela.lifecycle import import_undo
from clientela.schema.actors import Actor
from clientela.stores.stores import Store

KEY = Actor("api_key", "key_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6")
_SEQUENCERS = itertools.count(0x65AED6DCD90281E5)


class Functions:
    """Lambda as far as the API uses it: remembers the calls."""

    def __init__(self) -> None:
        self.called: deque[dict[str, Any]] = deque()

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("csv-import-receive", "Event")
        self.called.append(json.loads(Payload))


class Imports:
    """A store's imports over the API, with what runs behind them."""

    def __init__(self, store: Store, machines: StateMachines, functions: Functions) -> None:
        self.store, self.machines, self.functions = store, machines, functions
        self._done: set[str] = set()

    def request(self, content: bytes, name: str = "customers.csv", **options: Any) -> RequestedImport:
        new = NewImport(file_name=name, size=len(content), options=ImportChoices(**options))
        return import_states.request(self.store, new, clock.now(), KEY)

    def upload(self, requested: RequestedImport, content: bytes) -> dict[str, Any]:
        """PUT the file to its signed URL, and deliver the bucket's event, which is returned."""
        put(requested, content)
        key = f"{self.store.id}/{requested.job.id}/{requested.job.file}"
        event = arrival(key)
        csv_import.receive(event, None)
        return event

    def planned(self, content: bytes, name: str = "customers.csv", **options: Any) -> ImportJob:
        """Request, upload and plan an import."""
        requested = self.request(content, name, **options)
        self.upload(requested, content)
        self.work()
        return self.job(requested.job.id)

    def work(self) -> None:
        """Do what Lambda and Step Functions have been asked for since, to its end."""
        while self.functions.called or self.machines.started.keys() - self._done:
            while self.functions.called:
                csv_import.receive(self.functions.called.popleft(), None)
            for name in [name for name in self.machines.started if name not in self._done]:
                self.execute(name)

    def execute(self, name: str) -> None:
        """Run an execution of the state machine."""
        self._done.add(name)
        work = self.machines.started[name]
        event: dict[str, Any] = {"store_id": work["store_id"], "job_id": work["job_id"], "run": work["run"]}
        for step in [csv_import.load, *([csv_import.store_passwords] if work["passwords"] else [])]:
            for chunk in self.chunks(name):
                step(event | {"chunk": chunk}, None)
        csv_import.finish(event, None)
        self.machines.aborted.add(name)  # it has ended

    def chunks(self, name: str) -> list[dict[str, Any]]:
        work = self.machines.started[name]
        body = boto3.client("s3").get_object(Bucket=work["bucket"], Key=work["plan_key"])["Body"].read()
        return list(json.loads(body))

    def job(self, job_id: str) -> ImportJob:
        return import_jobs.get(self.store, job_id)

    def plan(self, job_id: str) -> ImportPlan:
        return import_plans.get(self.store, job_id)

    def start(self, job_id: str, plan: int | None = None) -> ImportJob:
        """Start a planned import, and run it to its end."""
        import_states.start(self.store, job_id, clock.now(), KEY, plan)
        self.work()
        return self.job(job_id)

    def change(self, job_id: str, **changes: Any) -> ImportJob:
        """Change a planned import; it is planned anew."""
        import_states.change(self.store, job_id, ImportChanges(**changes), clock.now(), KEY)
        self.work()
        return self.job(job_id)

    def undo(self, job_id: str) -> ImportJob:
        """Undo an import to its end."""
        import_undo.undo(self.store, job_id, clock.now(), KEY)
        self.work()
        return self.job(job_id)

    def cancel(self, job_id: str) -> ImportJob:
        return import_states.cancel(self.store, job_id, clock.now(), KEY)


def put(requested: RequestedImport, content: bytes) -> None:
    """PUT the file to its signed URL."""
    assert requested.upload.url
    request = Request(requested.upload.url, content, headers=requested.upload.headers, method="PUT")
    with urlopen(request) as answer:
        assert answer.status == 200


def arrival(key: str) -> dict[str, Any]:
    """The event of the newest version of a file."""
    version = boto3.client("s3").head_object(Bucket=IMPORTS, Key=key)["VersionId"]
    stored = {"key": quote_plus(key), "versionId": version, "sequencer": f"{next(_SEQUENCERS):016X}"}
    return {"Records": [{"s3": {"bucket": {"name": IMPORTS}, "object": stored}}]}
