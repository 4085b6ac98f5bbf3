"""Exports in tests: the job is run at once, its files are read from moto's S3."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from tests.support.deployment import EXPORTS

import customer_export
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_jobs, export_runs
from clientela.exports.export_jobs import ExportJob, ExportRecord
from clientela.exports.export_requests import ExportRequest
from clientela.exports.export_starts import ExportStart
from clientela.schema.documents import Model
from clientela.stores.stores import Store
from clientela.table import job_keys, keys

NOW = clock.now()


class Machine:
    """Step Functions' client: remembers the executions, and runs the last one's steps when it is told to."""

    class exceptions:  # noqa: N801 - as botocore names it
        """The errors that the client raises."""

        class ExecutionAlreadyExists(Exception):  # noqa: N818
            """An execution has this name."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []
        self._names: set[str] = set()

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn.endswith(":exports")
        if name in self._names:
            raise self.exceptions.ExecutionAlreadyExists
        self._names.add(name)
        self.inputs.append(json.loads(input))

    def steps(self) -> list[Callable[[], str | None]]:
        """Return the steps of the last execution: its parts, and its end."""
        execution = self.inputs[-1]
        return [*(partial(_part, execution, each) for each in execution["parts"]), partial(_finish, execution)]

    def run(self, after_part: Callable[[], object] = lambda: None, skip: int | None = None) -> str | None:
        """Run the last execution without what goes wrong; `skip` leaves out a part, and the end."""
        execution = self.inputs[-1]
        for each in execution["parts"]:
            if each["number"] != skip:
                _part(execution, each)
                after_part()
        return self.finish() if skip is None else None

    def finish(self) -> str | None:
        return _finish(self.inputs[-1])

    def finish_failed(self, error: str) -> str | None:
        return _finish(self.inputs[-1], failed=error)


def _shared(execution: dict[str, Any]) -> dict[str, Any]:
    return {name: execution[name] for name in ("store_id", "job_id", "run")}


def _part(execution: dict[str, Any], part: dict[str, Any]) -> None:
    customer_export.part(_shared(execution) | {"part": part}, None)


def _finish(execution: dict[str, Any], **failed: str) -> str | None:
    customer_export.finish(_shared(execution) | {"parts": len(execution["parts"])} | failed, None)
    store_id, job_id = execution["store_id"], execution["job_id"]
    record = ExportRecord.find(keys.store(store_id), job_keys.export_job(job_id))
    return record and record.status


def add(store: Store, email: str, at: datetime | None = None, **fields: object) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": email} | fields), at or NOW)


class Context:
    """Lambda's context of the export function."""

    function_name, memory_limit_in_mb, aws_request_id = "customer-export", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:customer-export"
    left = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left


def handle(message: Model, message_id: str = "message", receives: int = 1, receipt_handle: str = "handle") -> bool:
    """Let the function work on a message of its queue; whether it succeeded, so that the queue deletes it."""
    record = {
        "messageId": message_id,
        "receiptHandle": receipt_handle,
        "body": message.model_dump_json(),
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
    }
    return not customer_export.handler({"Records": [record]}, Context())["batchItemFailures"]


def start_of(job: ExportJob, store_id: str = "demo") -> ExportStart:
    """The message that follows from a new job."""
    return ExportStart(store_id=store_id, job_id=job.id)


def export(store: Store, wanted: CustomerFilter | None = None, created_at: datetime = NOW) -> ExportJob:
    started = export_jobs.start(store, created_at, ExportRequest(filter=wanted or CustomerFilter()))
    return export_runs.run(store, started.id, created_at)


def content(aws: Any, key: str | None) -> bytes:
    body: bytes = aws("s3").get_object(Bucket=EXPORTS, Key=key)["Body"].read()
    return body


def rows(aws: Any, job: ExportJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(aws, job.file).decode("utf-8-sig"), newline=""), strict=True))


def objects(aws: Any) -> list[str]:
    return [item["Key"] for item in aws("s3").list_objects_v2(Bucket=EXPORTS).get("Contents", [])]
