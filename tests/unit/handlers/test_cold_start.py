"""What is ready before a function's first event."""

import subprocess
import sys
from typing import Any

import pytest
from tests.support.template_file import PROJECT, resources

from clientela.aws import clients, http_connections
from clientela.handlers import cold_start
from clientela.table import dynamodb

MODULES = {each["Properties"]["Handler"].partition(".")[0] for each in resources("AWS::Serverless::Function").values()}
READY = """
import os, sys
os.environ |= {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}
sys.path.insert(0, "functions")
__import__(sys.argv[1])
from clientela.aws import clients, http_connections
print(clients.dynamodb.cache_info().currsize, http_connections.tls_context.cache_info().currsize)
"""


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_function_prepares_itself_as_it_is_imported(module: str) -> None:
    assert "\ncold_start.prepare()\n" in (PROJECT / "functions" / f"{module}.py").read_text(encoding="utf-8")


def test_a_function_has_its_client_and_tls_context_before_its_first_event() -> None:
    command = [sys.executable, "-c", READY, "order_intake"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


def test_elsewhere_nothing_is_created_at_import(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clients.dynamodb.cache_clear()
    cold_start.prepare()
    assert clients.dynamodb.cache_info().currsize == 0
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "clientela-test-order-intake")
    monkeypatch.setattr(http_connections.Connections, "post", lambda *_: pytest.fail("something was sent"))
    cold_start.prepare()
    assert clients.dynamodb.cache_info().currsize == 1
    assert dynamodb.client._connections is not None
