"""Which deployment the command works on, and how it ends when there is none."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.unit.cli import Run, deploy, runner

from clientela_cli import entry
from clientela_cli.main import global_first


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    return runner(monkeypatch, capsys)


def test_without_a_local_cloud_it_says_how_to_start_one(run: Run) -> None:
    code, out, err = run("--local", "stores", "list")
    assert (code, out) == (1, "")
    assert err.startswith("clientela: No local cloud is running: start one with `make local`")
    assert err.count("\n") == 1


def test_a_local_cloud_that_was_killed_is_told_from_one_that_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text('{"endpoint_url": "http://127.0.0.1:1", "region": "us-east-1"}')
    code, _, err = run("--local", "stores", "list")
    assert (code, err) == (1, "clientela: The local cloud does not answer: start it anew with `make local`.\n")


def test_an_unknown_stack_is_named(aws: Any, run: Run) -> None:
    code, _, err = run("--stack", "nowhere", "stores", "list")
    assert (code, err) == (
        1,
        "clientela: There is no stack nowhere in us-east-1: name yours with --stack, or use --local.\n",
    )


def test_a_stack_of_something_else_is_refused(aws: Any, run: Run, tmp_path: Path) -> None:
    deploy(tmp_path, "website", Table=None)
    code, _, err = run("--stack", "website", "stores", "list")
    assert (code, err.count("\n")) == (1, 1)
    assert "no deployment of Clientela" in err


def test_without_credentials_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which would remember them
    code, _, err = run("stores", "list")
    assert (code, err) == (
        1,
        "clientela: No AWS credentials found: sign in as for the AWS command line, or use --local.\n",
    )


def test_without_a_region_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    code, _, err = run("stores", "list")
    assert (code, err) == (1, "clientela: No AWS region is set: name it with --region, or use --local.\n")


@pytest.mark.parametrize("option", ["--stack", "--profile", "--region"])
def test_the_local_cloud_is_in_no_account(run: Run, option: str) -> None:
    code, out, err = run("stores", "list", "--local", option, "x")
    assert (code, out, f"leave out {option}" in err) == (2, "", True)


def test_the_local_cloud_goes_before_the_environments_stack(
    aws: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    monkeypatch.setenv("CLIENTELA_STACK", "another")
    assert run("--local", "stores", "list", "--json").json() == []


def test_the_stack_is_taken_from_the_environment_too(
    aws: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path, "clientela-dev")
    monkeypatch.setenv("CLIENTELA_STACK", "clientela-dev")
    assert run("stores", "list", "--json").json() == []


def test_the_shell_settings_for_an_account_do_not_reach_the_local_cloud(
    aws: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "an-account")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    assert run("--local", "stores", "list", "--json").json() == []


def test_options_of_all_commands_stand_before_or_behind_the_command() -> None:
    assert global_first(["stores", "list", "--local", "--json"]) == ["--local", "stores", "list", "--json"]
    assert global_first(["keys", "list", "--stack", "dev", "demo"]) == ["--stack", "dev", "keys", "list", "demo"]
    assert global_first(["keys", "--region=eu-west-1", "list"]) == ["--region=eu-west-1", "keys", "list"]
    assert global_first(["orders", "send", "--", "--local"]) == ["orders", "send", "--", "--local"]


def test_options_alone_ask_for_the_help(run: Run) -> None:
    assert run("--local") == run()
    assert "Usage: clientela" in run("--local").out


@pytest.mark.parametrize(
    ("arguments", "default"),
    [(["stores", "create", "--help"], "[default: /account]"), (["keys", "create", "--help"], "[default: everything]")],
)
def test_the_help_tells_defaults(run: Run, arguments: list[str], default: str) -> None:
    assert default in run(*arguments).out


@pytest.mark.parametrize("arguments", [["--help"], ["stores", "create", "--help"], ["--version"]])
def test_help_and_version_need_no_deployment(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert out


@pytest.mark.parametrize(
    "arguments", [["stores", "create", "demo"], ["no-such"], ["customers", "list", "demo", "--sort", "size"]]
)
def test_a_wrong_command_line_is_a_usage_error(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "clientela" in err


def test_ctrl_c_while_the_command_is_loaded_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clientela_cli.main.main", interrupt)
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 130
