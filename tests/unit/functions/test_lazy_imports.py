"""What an API does not load when it starts, because only calls that read a number, an address or an ID need it."""

import subprocess
import sys

import pytest
from tests.support.template_file import PROJECT

LAZY = {"email_validator", "phonenumbers", "stdnum"}


@pytest.mark.parametrize("module", ["customers_api", "storefront_api"])
def test_an_api_starts_without_libraries_that_few_calls_need(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    environment = {"PYTHONPATH": str(PROJECT / "functions"), "POWERTOOLS_SERVICE_NAME": "clientela"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "clientela.schema.phones" in loaded
    assert loaded & LAZY == set()
