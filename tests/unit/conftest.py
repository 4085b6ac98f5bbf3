"""The unit tests' AWS: moto alone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.support.deployment import forget_caches, moto_server
from tests.support.import_runs import StateMachines, state_machines
from tests.support.moto_in_process import InProcessMoto, moto_in_process
from tests.support.planned_imports import Functions, Imports
from tests.support.removals import Waiting
from tests.support.schema import table_definition
from tests.support.vies_stand_in import StandIn, vies_stand_in

from clientela import clock, settings
from clientela.aws import clients
from clientela.imports import import_writes
from clientela.lifecycle import removal_queue
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.vat import vies


@pytest.fixture(scope="session")
def moto(no_aws_account: None) -> Iterator[InProcessMoto]:
    """moto, which answers without sockets."""
    with moto_server() as endpoint, moto_in_process(endpoint) as moto:
        yield moto


@pytest.fixture
def aws(moto: InProcessMoto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A deployment's resources, empty, with the functions' environment set. Yields `boto3.client` for looking behind."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    forget_caches()
    for variable, value in moto.empty_deployment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TABLE_NAME", f"table-{uuid4().hex}")
    boto3.client("dynamodb").create_table(TableName=settings.table_name(), **table_definition())
    yield boto3.client
    forget_caches()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """The removal queue."""
    queue = Waiting()
    monkeypatch.setattr(removal_queue, "put_message", queue.put)
    return queue


@pytest.fixture
def store(aws: Any) -> Store:
    """A store with sign-in, also by password: `demo`."""
    return stores.create(
        "demo",
        StoreSettings(
            name="Demo", login_mode="optional", storefront_url="https://shop.example.com", password_sign_in=True
        ),
        clock.now(),
    )


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A VIES on this machine, which the domain asks."""
    with vies_stand_in() as stand_in:
        monkeypatch.setenv("VIES_URL", stand_in.url)
        vies._pool.cache_clear()
        yield stand_in
    vies._pool().clear()
    vies._pool.cache_clear()


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> StateMachines:
    """Step Functions."""
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions are not thread-safe
    return state_machines(monkeypatch)


@pytest.fixture
def imports(store: Store, waiting: Waiting, machines: StateMachines, monkeypatch: pytest.MonkeyPatch) -> Imports:
    """The store's imports over the API."""
    functions = Functions()
    monkeypatch.setattr(clients, "lambda_", lambda: functions)
    return Imports(store, machines, functions)
