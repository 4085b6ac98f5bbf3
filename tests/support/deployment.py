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
from clientela.customers import tombstones
from clientela.stores import api_keys, stores
from clientela.table import dynamodb, records

IMPORTS, EXPORTS = "test-imports", "test-exports"


@contextmanager
def moto_server() -> Iterator[str]:
    """moto's server on a free port; yields its endpoint URL."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def create_resources(endpoint: str) -> dict[str, str]:
    """Forget all that moto holds, make buckets, queue, secret and sender anew; the functions' variables for them."""
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=IMPORTS)
    s3.put_bucket_versioning(Bucket=IMPORTS, VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket=EXPORTS)
    boto3.client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
    sqs = boto3.client("sqs")
    return {
        "IMPORTS_BUCKET": IMPORTS,
        "EXPORTS_BUCKET": EXPORTS,
        "SENDER_ADDRESS": "shop@example.com",
        "EMAIL_CONFIGURATION_SET": "clientela-test",
        "PUBLIC_URL": "https://api.example.com",
        "MAIL_QUEUE_URL": sqs.create_queue(QueueName="mail")["QueueUrl"],
        "FAILED_CALLS_QUEUE_URL": sqs.create_queue(QueueName="failed-calls")["QueueUrl"],
        "EVENT_BUS": boto3.client("events").create_event_bus(Name="clientela-test")["EventBusArn"].rpartition("/")[2],
        "EVENT_SOURCE": "clientela.test",
        "SIGNING_SECRET_ARN": boto3.client("secretsmanager").create_secret(Name="signing", SecretString="s" * 64)[
            "ARN"
        ],
        "ERASURE_SECRET_ARN": boto3.client("secretsmanager").create_secret(Name="erasure", SecretString="e" * 64)[
            "ARN"
        ],
        "REMOVAL_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="removals")["QueueUrl"],
        "EXPORT_FUNCTION_NAME": "customer-export",
        "BULK_FUNCTION_NAME": "bulk-changes",
        "REQUESTS_PER_SECOND": "1000000",
        "IMPORT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:imports",
    }


def forget_caches() -> None:
    """Forget clients, secrets and cached records: each test has its own world."""
    stores._cache.clear()
    api_keys._cache.clear()
    signing._cache.clear()
    for module in (clients, signing, dynamodb, sqs, records, tombstones):
        _forget(module)


def _forget(module: ModuleType) -> None:
    for value in vars(module).values():
        if isinstance(value, _lru_cache_wrapper):
            value.cache_clear()
