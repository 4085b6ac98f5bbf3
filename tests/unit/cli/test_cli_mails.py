"""The words of mails on the command line."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.support.cli import Run, deploy, runner

from clientela.aws import sqs


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    command("--local", "stores", "create", "demo", "--name", "Demo")
    return lambda *arguments: command("--local", *arguments)


WELCOME = ["demo", "welcome", "es"]


def test_words_are_changed_listed_shown_and_reset(run: Run) -> None:
    code, out, _ = run("mails", "change", *WELCOME, "--set", "subject=Hola {name}", "--set", "sign_off=2026")
    assert (code, [line.split(maxsplit=1) for line in out.splitlines()]) == (
        0,
        [["subject:", "null → Hola {name}"], ["sign_off:", "null → 2026"]],
    )
    assert [(each["mail"], each["subject"]) for each in run("mails", "list", "demo", "--own", "--json").json()] == [
        ("welcome", "Hola {name}")
    ]
    assert "Hola {name}" in run("mails", "list", "demo").out
    shown = run("mails", "show", *WELCOME, "--json").json()
    assert (shown["subject"], shown["version"]) == ("Hola {name}", 1)
    assert "ours.subject" in run("mails", "show", *WELCOME).out
    assert run("mails", "reset", *WELCOME, "--json").json()["subject"] is None
    assert run("mails", "list", "demo", "--own", "--json").json() == []


def test_a_preview_is_printed_and_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mail.html"
    code, out, _ = run("mails", "preview", *WELCOME, "--set", "subject=Hola {name}", "--html", str(file))
    assert (code, out.splitlines()[0].split()) == (0, ["Subject", "Hola", "Ana"])
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert run("mails", "show", *WELCOME, "--json").json()["version"] == 0
    failed = run("mails", "preview", "demo", "import_result", "en", "--variant", "failed", "--json").json()
    assert "failed" in failed["subject"]


def test_a_test_is_queued_for_the_stores_address(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[dict[str, str]] = []
    monkeypatch.setattr(sqs, "send", lambda _, body: queued.append(orjson.loads(body)))
    code, _, err = run("mails", "test", *WELCOME)
    assert (code, "notification_email" in err) == (1, True)
    run("stores", "change", "demo", "--set", "notification_email=office@example.com")
    assert run("mails", "test", *WELCOME, "--json").json()["email"] == "office@example.com"
    assert [(each["mail"], each["tested"], each["language"]) for each in queued] == [("mail_test", "welcome", "es")]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "demo", "nothing", "es"], 1, "Mail “nothing” in “es” not found"),
        (["change", *WELCOME], 2, "Nothing to change"),
        (["change", *WELCOME, "--set", "subject={nobody}"], 1, "placeholders"),
        (["preview", "demo", "import_result", "es", "--variant", "x"], 1, "Unknown variant"),
    ],
)
def test_wrong_input_is_said(run: Run, arguments: list[str], code: int, said: str) -> None:
    result = run("mails", *arguments)
    assert (result.code, said in result.err) == (code, True)
