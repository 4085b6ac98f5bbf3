"""What every test gets: no network beyond this machine, no AWS account; and the database of the integration tests."""

import os
import uuid
from collections.abc import Iterator

import boto3
import pytest
import pytest_socket
from local import dynamodb_local as engine
from mypy_boto3_dynamodb import DynamoDBClient

from clientela.mail import sending_quota
from clientela.mail.sending_quota import SendingQuota

REGION = "us-east-1"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test that would call anything but this machine fails, naming the host."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture(scope="session", autouse=True)
def no_aws_account() -> Iterator[None]:
    """Nobody's profile, keys or endpoints reach a test, whatever the shell that started it holds."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(file, os.devnull)
        yield


@pytest.fixture(autouse=True)
def ample_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES lets every test send as much as it likes, and at once: moto does not know GetAccount."""
    monkeypatch.setattr(sending_quota, "_fetch", lambda: SendingQuota(per_second=1e9, per_day=1e9, sent=0))


@pytest.fixture(scope="session")
def dynamodb_local(no_aws_account: None) -> Iterator[str]:
    """The endpoint URL of a DynamoDB Local that lives as long as this test process."""
    with engine.dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb(dynamodb_local: str) -> DynamoDBClient:
    """A client of DynamoDB Local for what a test arranges or looks up behind the domain's back."""
    return boto3.client("dynamodb", endpoint_url=dynamodb_local)


@pytest.fixture
def table(dynamodb: DynamoDBClient, dynamodb_local: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an empty table made from template.yaml on DynamoDB Local, set in the functions' environment.

    Its name is random, so a test never meets what another one left.
    """
    from tests.support.schema import create_table  # the unit tests need no template

    name = f"test-{uuid.uuid4().hex}"
    create_table(dynamodb, name)
    monkeypatch.setenv("TABLE_NAME", name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local)
    yield name
    dynamodb.delete_table(TableName=name)
