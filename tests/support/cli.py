"""Runs the `clientela` command in this process, with moto's server as the local cloud."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from clientela_cli.main import main


class Result(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Parse standard output, which must be JSON only."""
        return json.loads(self.out)


type Run = Callable[..., Result]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command with its arguments."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["clientela", *map(str, arguments)])
        capsys.readouterr()
        with environment_restored():
            try:
                main()
                code: Any = 0
            except SystemExit as end:
                code = end.code
        return Result(code or 0, *capsys.readouterr())

    return run


@contextmanager
def environment_restored() -> Iterator[None]:
    """Restore the environment, which the command changes in its process: the tests' own here."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def deploy(folder: Path, stack: str = "clientela-local", **changes: str | None) -> None:
    """Create a stack with the outputs of template.yaml, and the local cloud's outputs.json."""
    outputs = {
        "Table": os.environ["TABLE_NAME"],
        "ImportsBucket": os.environ["IMPORTS_BUCKET"],
        "ImportJobsBucket": os.environ["IMPORT_JOBS_BUCKET"],
        "ExportsBucket": os.environ["EXPORTS_BUCKET"],
        "ExportRetentionDays": os.environ["EXPORT_RETENTION_DAYS"],
        "MailQueueUrl": os.environ["MAIL_QUEUE_URL"],
        "SenderAddress": os.environ["SENDER_ADDRESS"],
        "BulkMailQueueUrl": os.environ["BULK_MAIL_QUEUE_URL"],
        "ImportStateMachineArn": os.environ["IMPORT_STATE_MACHINE_ARN"],
        "CsvImportReceiveFunctionName": os.environ["IMPORT_FUNCTION_NAME"],
        "MaxImportMegabytes": os.environ["MAX_IMPORT_MEGABYTES"],
        "BulkChangesFunctionName": os.environ["BULK_FUNCTION_NAME"],
        "RemovalQueueUrl": os.environ["REMOVAL_QUEUE_URL"],
        "SigningSecretArn": os.environ["SIGNING_SECRET_ARN"],
        "ErasureSecretArn": os.environ["ERASURE_SECRET_ARN"],
        "OrdersQueueUrl": boto3.client("sqs").create_queue(QueueName="orders")["QueueUrl"],
        "OrdersDeadLetterQueueUrl": boto3.client("sqs").create_queue(QueueName="orders-dead-letters")["QueueUrl"],
        **changes,
    }
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items() if value is not None},
    }
    boto3.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))
    local = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region": "us-east-1"}
    (folder / "outputs.json").write_text(json.dumps(local))
