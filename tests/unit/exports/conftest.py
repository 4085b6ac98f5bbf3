"""Lambda in the tests of exports."""

from typing import Any

import pytest
from tests.support.exports import Functions

from clientela.aws import clients


@pytest.fixture(autouse=True)
def functions(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Functions:
    calls = Functions()
    monkeypatch.setattr(clients, "lambda_", lambda: calls)
    return calls
