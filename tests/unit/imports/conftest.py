"""An import in tests: Step Functions is a stand-in, `run` plays the state machine."""

from collections.abc import Callable

import pytest
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines, dropped, run_chunks

import csv_import
from clientela.csv import csv_survey
from clientela.imports import import_files, import_jobs, import_receive
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

type Import = Callable[..., ImportJob]


@pytest.fixture
def upload(store: Store, machines: StateMachines) -> Callable[..., str]:
    """Put a file and deliver its event: the job's id."""

    def put(content: bytes, name: str = "customers.csv", **metadata: str) -> str:
        event = dropped(store, content, name, metadata)
        csv_import.receive(event, None)
        found = import_files.find(IMPORTS, f"{store.id}/{name}", event["Records"][0]["s3"]["object"]["versionId"])
        assert found is not None
        return import_receive.job_id(found)

    return put


@pytest.fixture
def run(store: Store, machines: StateMachines, upload: Callable[..., str]) -> Import:
    """Import a file to its end, as the state machine does it."""

    def whole(content: bytes, name: str = "customers.csv", **metadata: str) -> ImportJob:
        job_id = upload(content, name, **metadata)
        if job_id in machines.started:
            run_chunks(store, machines, job_id)
            csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
        return import_jobs.get(store, job_id)

    return whole


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 10)
