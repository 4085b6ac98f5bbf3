"""The whole stack deployed to a local cloud of the tests' own: `make local` may run at the same time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from local import aws
from local.cloud import local_cloud
from local.environment import ACCESS_KEY
from local.outputs import Outputs
from local.paths import CACHE
from tests.support.deployment import forget_caches

STATE: Path = CACHE / "e2e"


class MakeClient(Protocol):
    """Makes a boto3 client of the deployed local cloud: `cloud_client("s3")`."""

    def __call__(self, service: str) -> Any: ...


@pytest.fixture(scope="session")
def cloud(no_aws_account: None) -> Iterator[Outputs]:
    """Where the deployed local cloud can be reached: `cloud.api_url`, `cloud.imports_bucket` and so on.

    Built, started and deployed once for all tests (half a minute), so tests use stores and addresses of their own.
    """
    with local_cloud(STATE) as running:
        yield running.outputs


@pytest.fixture(scope="session")
def cloud_client(cloud: Outputs) -> MakeClient:
    """Clients of the local cloud with its root key, for what an operator would do."""
    return lambda service: aws.client(service, cloud.endpoint_url)


@pytest.fixture
def inside(cloud: Outputs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outputs]:
    """The domain, called from the tests, works on the deployed table as the operator."""
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", cloud.region)
    monkeypatch.setenv("TABLE_NAME", cloud.table)
    forget_caches()
    yield cloud
    forget_caches()


def clientela(*arguments: str) -> Any:
    """The JSON that `clientela --local` printed."""
    environment = {**os.environ, "CLIENTELA_LOCAL_DIR": str(STATE)}
    program = Path(sys.executable).with_name("clientela")
    done = subprocess.run(
        [program, "--local", *arguments, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
