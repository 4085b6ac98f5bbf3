"""The audit trail on the command line, and who it says used the command line."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoRegionError
from tests.support.cli import Run, deploy, runner

from clientela_cli import deployment


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def test_the_audit_trail_names_the_operator(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo", "--no-nightly")
    run("stores", "change", "demo", "--set", "login_mode=required")
    key = run("keys", "create", "demo", "--name", "till", "--json").json()
    run("keys", "rotate", "demo", key["id"])
    run("keys", "revoke", "demo", key["id"])
    entries = run("audit", "list", "demo", "--json").json()
    assert [entry["action"] for entry in entries] == [
        "api_key.revoked", "api_key.rotated", "api_key.created", "settings.changed", "store.created",
    ]  # fmt: skip
    assert {(entry["actor"]["kind"], entry["actor"]["id"]) for entry in entries} == {("operator", "user/moto")}
    shown = run("audit", "list", "demo", "--action", "settings.changed").out
    assert 'login_mode: "disabled" → "required"' in shown
    assert "api_key.created" not in shown
    assert len(run("audit", "list", "demo", "--limit", "2", "--json").json()) == 2
    assert run("audit", "list", "demo", "--since", "2100-01-01", "--json").json() == []
    assert run("audit", "list", "demo", "--action", "group.exploded").code == 2


def test_an_operator_without_a_name_is_still_an_operator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = deployment.boto3.client

    def without_sts(service: str, **options: Any) -> Any:
        if service == "sts":
            raise NoRegionError
        return plain(service, **options)

    monkeypatch.setattr(deployment.boto3, "client", without_sts)
    assert run("stores", "create", "demo", "--name", "Demo").code == 0
    assert run("audit", "list", "demo", "--json").json()[0]["actor"] == {"kind": "operator", "id": None}
