"""Exports in tests: the job is run at once, its files are read from moto's S3."""

import csv
import io
from typing import Any

from tests.support.deployment import EXPORTS

import customer_export
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_jobs, export_runs
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_starts import ExportStart
from clientela.schema.documents import Model
from clientela.stores.stores import Store

NOW = clock.now()


def add(store: Store, email: str, **fields: object) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": email} | fields), NOW)


class Context:
    """Lambda's context of the export function."""

    function_name, memory_limit_in_mb, aws_request_id = "customer-export", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:customer-export"


def handle(message: Model, message_id: str = "message") -> bool:
    """Let the function work on a message of its queue; whether it succeeded, so that the queue deletes it."""
    record = {"messageId": message_id, "body": message.model_dump_json(), "eventSource": "aws:sqs"}
    return not customer_export.handler({"Records": [record]}, Context())["batchItemFailures"]


def start_of(job: ExportJob, store_id: str = "demo") -> ExportStart:
    """The message that follows from a new job."""
    return ExportStart(store_id=store_id, job_id=job.id)


def export(store: Store, wanted: CustomerFilter | None = None) -> ExportJob:
    return export_runs.run(store, export_jobs.start(store, NOW, wanted or CustomerFilter()).id, NOW)


def content(aws: Any, key: str | None) -> bytes:
    body: bytes = aws("s3").get_object(Bucket=EXPORTS, Key=key)["Body"].read()
    return body


def rows(aws: Any, job: ExportJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(aws, job.file).decode("utf-8-sig"), newline=""), strict=True))


def objects(aws: Any) -> list[str]:
    return [item["Key"] for item in aws("s3").list_objects_v2(Bucket=EXPORTS).get("Contents", [])]
