"""The unit tests' AWS: moto as a server of this process, because the lean DynamoDB client is plain HTTP."""

from collections.abc import Iterator
from functools import _lru_cache_wrapper
from types import ModuleType
from typing import Any

import boto3
import pytest
from clientela import api_keys, clients, clock, dynamodb, signing, stores
from clientela.stores import Store, StoreSettings
from moto.server import ThreadedMotoServer
from tests.schema import create_table

IMPORTS, EXPORTS = "test-imports", "test-exports"


@pytest.fixture(scope="session")
def moto_endpoint(no_aws_account: None) -> Iterator[str]:
    """The endpoint URL of moto's server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A deployment's resources, empty, with the functions' environment set. Yields `boto3.client` for looking behind."""
    reset(moto_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    forget_caches()
    name = f"table-{abs(hash(request.node.nodeid))}"
    create_table(boto3.client("dynamodb"), name)
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.create_bucket(Bucket=IMPORTS)
    s3.put_bucket_versioning(Bucket=IMPORTS, VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket=EXPORTS)
    secret = boto3.client("secretsmanager").create_secret(Name="signing", SecretString="s" * 64)
    boto3.client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
    environment = {
        "TABLE_NAME": name, "IMPORTS_BUCKET": IMPORTS, "EXPORTS_BUCKET": EXPORTS, "SENDER_ADDRESS": "shop@example.com",
        "MAIL_QUEUE_URL": sqs.create_queue(QueueName="mail")["QueueUrl"], "SIGNING_SECRET_ARN": secret["ARN"],
        "EXPORT_FUNCTION_NAME": "customer-export",
        "IMPORT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:imports",
    }  # fmt: skip
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    yield boto3.client
    forget_caches()


@pytest.fixture
def store(aws: Any) -> Store:
    """A store with sign-in, `demo`."""
    return stores.create(
        "demo", StoreSettings(name="Demo", login_mode="optional", storefront_url="https://shop.example.com"), clock.now()
    )


def reset(endpoint: str) -> None:
    """Forget everything that moto holds."""
    from urllib.request import Request, urlopen

    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()


def forget_caches() -> None:
    """Forget clients, secrets and cached records: each test has its own world."""
    stores._cache.clear()
    api_keys._cache.clear()
    for module in (clients, signing, dynamodb):
        forget(module)


def forget(module: ModuleType) -> None:
    """Clear every functools cache of a module."""
    for value in vars(module).values():
        if isinstance(value, _lru_cache_wrapper):
            value.cache_clear()
