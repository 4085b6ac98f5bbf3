"""A store on DynamoDB Local, with moto's server behind everything that is not DynamoDB."""

import math
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.deployment import create_resources, forget_caches, moto_server, reset
from tests.support.import_runs import StateMachines, state_machines
from tests.support.schema import create_table

from clientela import clock
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.web import http_app


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call gives up because the machine of the tests is slow (tests/unit/functions/test_overload.py)."""
    monkeypatch.setattr(http_app, "PATIENCE_SECONDS", math.inf)


@pytest.fixture(scope="session")
def moto_endpoint(no_aws_account: None) -> Iterator[str]:
    """The endpoint URL of moto's server."""
    with moto_server() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def with_stream() -> bool:
    """Whether the table has its stream: a module that reads it says so."""
    return False


@pytest.fixture(scope="module")
def deployed(dynamodb: Any, dynamodb_local: str, moto_endpoint: str, with_stream: bool) -> Iterator[None]:
    """A deployment's resources for one test module, empty at its start, with the functions' environment set."""
    name = f"test-{uuid.uuid4().hex}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local)
        forget_caches()
        create_table(dynamodb, name, with_stream=with_stream)
        reset(moto_endpoint)
        for variable, value in create_resources().items():
            patch.setenv(variable, value)
        patch.setenv("TABLE_NAME", name)
        yield
        dynamodb.delete_table(TableName=name)
    forget_caches()


@pytest.fixture
def store(deployed: None) -> Store:
    """A store with sign-in, of its own for each test."""
    settings = StoreSettings(
        name="Demo", login_mode="optional", storefront_url="https://shop.example.com", password_sign_in=True
    )
    return stores.create(f"store-{uuid.uuid4().hex[:12]}", settings, clock.now())


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> StateMachines:
    """Step Functions."""
    return state_machines(monkeypatch)
