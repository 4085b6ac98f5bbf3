"""The whole stack deployed to a local cloud of the tests' own: `make local` may run at the same time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from local import aws
from local.cloud import local_cloud
from local.environment import ACCESS_KEY
from local.outputs import Outputs
from local.paths import CACHE
from playwright.sync_api import Browser
from tests.support import chromium
from tests.support.chromium import Mailbox, Shopper
from tests.support.deployment import forget_caches

from clientela import clock
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

STATE: Path = CACHE / "e2e"
SECONDS = 300  # for what happens in the background


class MakeClient(Protocol):
    """Makes a boto3 client of the deployed local cloud: `cloud_client("s3")`."""

    def __call__(self, service: str) -> Any: ...


@pytest.fixture(scope="session")
def cloud(no_aws_account: None) -> Iterator[Outputs]:
    """Where the deployed local cloud can be reached: `cloud.api_url`, `cloud.imports_bucket` and so on.

    Built, started and deployed once for all tests (half a minute), so tests use stores and addresses of their own.
    At the end no function may have lacked a right or a variable: also where a queue repeats the work, and nobody sees it.
    """
    with local_cloud(STATE) as running:
        yield running.outputs
        assert _lacking(running.outputs.endpoint_url) == []


def _lacking(endpoint: str) -> list[str]:
    """Lines of the functions' logs about a call that IAM denied, or about a missing variable."""
    logs = aws.client("logs", endpoint)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    return [
        f"{group}: {event['message']}"
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
        if "AccessDenied" in event["message"] or "SettingMissingError" in event["message"]
    ]


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as started:
        yield started


@pytest.fixture
def shopper(browser: Browser) -> Iterator[Shopper]:
    """Somebody with a fresh browser. No script of a page may fail under their hands."""
    someone = Shopper(browser)
    yield someone
    someone.context.close()
    assert not someone.errors


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Shopper]:
    """Somebody else, or the same person on another device."""
    someone = Shopper(browser, viewport={"width": 375, "height": 667})
    yield someone
    someone.context.close()
    assert not someone.errors


@pytest.fixture(scope="session")
def page_url(cloud: Outputs) -> str:
    """The hosted page of a store that has no storefront."""
    clientela("stores", "create", "hosted", "--name", "Olive & Oak", "--login-mode", "optional")
    key = clientela("keys", "create", "hosted", "--name", "e2e")["key"]
    branded = {"branding": {"colour": "#f2c14e"}, "country": "ES", "password_sign_in": True}
    patched = httpx.patch(
        f"{cloud.api_url}/v1/stores/hosted/settings",
        json=branded,
        trust_env=False,
        timeout=60,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert patched.status_code == 200, patched.text
    return f"{cloud.api_url}/v1/stores/hosted/sign-in"


@pytest.fixture(scope="module")
def mailbox(cloud: Outputs) -> Mailbox:
    return Mailbox(cloud)


def eventually[T](look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.3)
    return found


@contextmanager
def api_of(cloud: Outputs, store: Store) -> Iterator[httpx.Client]:
    """The merchant API of a store, with a new key."""
    key = api_keys.create(store.id, NewKey(name="e2e"), clock.now()).key
    url, headers = f"{cloud.api_url}/v1/stores/{store.id}", {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def clientela(*arguments: str) -> Any:
    """The JSON that `clientela --local` printed."""
    environment = {**os.environ, "CLIENTELA_LOCAL_DIR": str(STATE)}
    program = Path(sys.executable).with_name("clientela")
    done = subprocess.run(
        [program, "--local", *arguments, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
