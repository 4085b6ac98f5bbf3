"""The list of licences: a licence that nobody has permitted is noticed."""

from email.message import Message

import pytest
from tools import licences


def told(monkeypatch: pytest.MonkeyPatch, **fields: str) -> None:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    monkeypatch.setattr(licences, "metadata", lambda package: message)


def test_the_expression_wins_over_older_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, License_Expression="MIT", License="GPL")
    assert licences.licence("x") == "MIT"


def test_an_old_classifier_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, Classifier="License :: OSI Approved :: BSD License")
    assert licences.licence("x") == "BSD-3-Clause"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", ""])
def test_another_licence_is_refused(licence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, License=licence)
    with pytest.raises(licences.UnknownLicenceError, match="x"):
        licences.licence("x")


def test_the_page_lists_every_locked_package() -> None:
    assert "| python-stdnum | " in licences.page()
    assert licences.FILE.read_text("utf-8") == licences.page()
