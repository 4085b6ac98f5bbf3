"""API keys on the command line."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Run, deploy, runner

from clientela import clock
from clientela.errors import KeyMissingError
from clientela.stores import api_keys


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    command("--local", "stores", "create", "demo", "--name", "Demo")
    return lambda *arguments: command("--local", *arguments)


def test_a_key_is_shown_once_and_works_for_its_store(run: Run) -> None:
    key = run(
        "keys", "create", "demo", "--name", "till", "--scope", "customers:read", "--scope", "imports:read", "--json"
    ).json()
    assert api_keys.authenticate("demo", key["key"], clock.now()).scopes == ["customers:read", "imports:read"]
    code, out, err = run("keys", "create", "demo", "--name", "back office")
    assert (code, "ck_" in out, "cannot be shown again" in err) == (0, True, True)
    code, out, _ = run("keys", "list", "demo")
    assert (code, "ck_" in out, "back office" in out, "everything" in out) == (0, False, True, True)
    assert [listed["name"] for listed in run("keys", "list", "demo", "--json").json()] == ["till", "back office"]


def test_a_rotated_key_has_a_new_secret_and_keeps_the_old_one_for_a_day(run: Run) -> None:
    old = run("keys", "create", "demo", "--name", "till", "--json").json()
    new = run("keys", "rotate", "demo", old["id"], "--json").json()
    assert (new["id"], new["key"] != old["key"]) == (old["id"], True)
    for key in (old, new):
        assert api_keys.authenticate("demo", key["key"], clock.now()).id == old["id"]
    code, out, err = run("keys", "rotate", "demo", old["id"])
    assert (code, "ck_" in out, "cannot be shown again" in err) == (0, True, True)


def test_a_revoked_key_is_gone(run: Run) -> None:
    key = run("keys", "create", "demo", "--name", "till", "--json").json()
    revoked = run("keys", "revoke", "demo", key["id"], "--json").json()
    assert revoked == {"store_id": "demo", "id": key["id"], "status": "revoked"}
    with pytest.raises(KeyMissingError):
        api_keys.authenticate("demo", key["key"], clock.now())
    assert run("keys", "list", "demo", "--json").json() == []


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_an_unknown_key_is_an_error(run: Run, verb: str) -> None:
    assert run("keys", verb, "demo", "key_1") == (1, "", "clientela: API key “key_1” not found.\n")
