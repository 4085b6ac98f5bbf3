"""A deployment's resources on moto, as a server of this process: the lean DynamoDB client is plain HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper
from types import ModuleType
from urllib.request import Request, urlopen

import boto3
from moto.server import ThreadedMotoServer

from clientela import signing
from clientela.aws import clients, sqs
from clientela.customers import change_log, tombstones
from clientela.mail import mail_words, sending_quota
from clientela.stores import api_keys, stores
from clientela.table import dynamodb, records

IMPORTS, IMPORT_JOBS, EXPORTS = "test-imports", "test-import-jobs", "test-exports"


@contextmanager
def moto_server() -> Iterator[str]:
    """moto's server on a free port; yields its endpoint URL."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def reset(endpoint: str) -> None:
    """Forget all that moto holds."""
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()


def create_resources() -> dict[str, str]:
    """Create buckets, queues, secrets, bus and sender; return the functions' variables."""
    variables = dict(VARIABLES)
    for create in RESOURCES.values():
        variables |= create()
    return variables


def _buckets() -> dict[str, str]:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=IMPORTS)
    s3.put_bucket_versioning(Bucket=IMPORTS, VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket=IMPORT_JOBS)
    s3.create_bucket(Bucket=EXPORTS)
    return {"IMPORTS_BUCKET": IMPORTS, "IMPORT_JOBS_BUCKET": IMPORT_JOBS, "EXPORTS_BUCKET": EXPORTS}


def _sender() -> dict[str, str]:
    boto3.client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
    return {"SENDER_ADDRESS": "shop@example.com"}


def _queues() -> dict[str, str]:
    names = {
        "MAIL_QUEUE_URL": "mail",
        "BULK_MAIL_QUEUE_URL": "bulk-mail",
        "FAILED_CALLS_QUEUE_URL": "failed-calls",
        "REMOVAL_QUEUE_URL": "removals",
        "EXPORT_QUEUE_URL": "exports",
        "REPORT_QUEUE_URL": "reports",
        "REPORT_CHECK_QUEUE_URL": "report-checks",
    }
    sqs = boto3.client("sqs")
    return {variable: sqs.create_queue(QueueName=name)["QueueUrl"] for variable, name in names.items()}


def _bus() -> dict[str, str]:
    arn = boto3.client("events").create_event_bus(Name="clientela-test")["EventBusArn"]
    return {"EVENT_BUS": arn.rpartition("/")[2]}


def _schedules() -> dict[str, str]:
    boto3.client("scheduler").create_schedule_group(Name="clientela-test-exports")
    return {"EXPORT_SCHEDULE_GROUP": "clientela-test-exports"}


def _secrets() -> dict[str, str]:
    create = boto3.client("secretsmanager").create_secret
    return {
        "SIGNING_SECRET_ARN": create(Name="signing", SecretString="s" * 64)["ARN"],
        "ERASURE_SECRET_ARN": create(Name="erasure", SecretString="e" * 64)["ARN"],
    }


VARIABLES = {
    "IMPORT_CONCURRENCY": "3",
    "IMPORT_WRITE_UNITS_PER_SECOND": "0",
    "EMAIL_CONFIGURATION_SET": "clientela-test",
    "PUBLIC_URL": "https://api.example.com",
    "EVENT_SOURCE": "clientela.test",
    "EXPORT_QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:exports",
    "EXPORT_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/exports",
    "FAILED_CALLS_QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:failed-calls",
    "EXPORT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:exports",
    "EXPORT_PART_ROWS": "250000",
    "EXPORT_RETENTION_DAYS": "60",
    "EXPORT_PART_CONCURRENCY": "5",
    "BULK_FUNCTION_NAME": "bulk-changes",
    "IMPORT_FUNCTION_NAME": "csv-import-receive",
    "REQUESTS_PER_SECOND": "1000000",
    "NETWORK_LINKS_PER_HOUR": "50",
    "NETWORK_ATTEMPTS_PER_TEN_MINUTES": "300",
    "STORE_LINKS_PER_DAY": "10000",
    "LINKS_PER_DAY": "40000",
    "STORE_BULK_MAILS_PER_DAY": "10000",
    "BULK_MAIL_CONCURRENCY": "2",
    "TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address",
    "MAX_IMPORT_MEGABYTES": "4000",
    "IMPORT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:imports",
}
# By the service that holds them, as it is named in signatures.
RESOURCES = {
    "s3": _buckets,
    "ses": _sender,
    "sqs": _queues,
    "events": _bus,
    "scheduler": _schedules,
    "secretsmanager": _secrets,
}


def forget_caches() -> None:
    """Forget clients, secrets and cached records: each test has its own world."""
    stores._cache.clear()
    api_keys._cache.clear()
    change_log._cache.clear()
    mail_words._cache.clear()
    sending_quota._cache.clear()
    signing._cache.clear()
    for module in (clients, signing, dynamodb, sqs, records, tombstones):
        _forget(module)


def _forget(module: ModuleType) -> None:
    for value in vars(module).values():
        if isinstance(value, _lru_cache_wrapper):
            value.cache_clear()
