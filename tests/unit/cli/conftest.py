"""Functions that these tests call leave the output to the command line."""

import pytest


@pytest.fixture(autouse=True)
def without_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines with metrics, which a function writes for CloudWatch, are not in the output."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
