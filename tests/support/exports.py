"""Exports in tests: the job is run at once, its files are read from moto's S3."""

import csv
import io
import json
from typing import Any

from tests.support.deployment import EXPORTS

import customer_export
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_jobs, export_runs
from clientela.exports.export_jobs import ExportJob
from clientela.stores.stores import Store

NOW = clock.now()


class Functions:
    """Lambda's client: remembers the calls."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("customer-export", "Event")
        self.calls.append(json.loads(Payload))


def add(store: Store, email: str, **fields: object) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": email} | fields), NOW)


def handle(event: dict[str, Any], request_id: str = "request") -> None:
    class Context:
        function_name, memory_limit_in_mb, aws_request_id = "customer-export", 512, request_id
        invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:customer-export"

    customer_export.handler(event, Context())


def export(store: Store, wanted: CustomerFilter | None = None) -> ExportJob:
    return export_runs.run(store, export_jobs.start(store, NOW, wanted or CustomerFilter()).id, NOW)


def content(aws: Any, key: str | None) -> bytes:
    body: bytes = aws("s3").get_object(Bucket=EXPORTS, Key=key)["Body"].read()
    return body


def rows(aws: Any, job: ExportJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(aws, job.file).decode("utf-8-sig"), newline=""), strict=True))


def objects(aws: Any) -> list[str]:
    return [item["Key"] for item in aws("s3").list_objects_v2(Bucket=EXPORTS).get("Contents", [])]
