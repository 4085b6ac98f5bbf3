"""The choice of the deployment, and the errors if there is none."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.cli import Run, deploy, runner

from clientela_cli import entry
from clientela_cli.main import global_first


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    return runner(monkeypatch, capsys)


def test_without_a_local_cloud_the_error_says_how_to_start_one(run: Run) -> None:
    code, out, err = run("--local", "stores", "list")
    assert (code, out) == (1, "")
    assert err.startswith("clientela: No local cloud is running: start one with `make local`")
    assert err.count("\n") == 1


def test_a_killed_local_cloud_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text('{"endpoint_url": "http://127.0.0.1:1", "region": "us-east-1"}')
    code, _, err = run("--local", "stores", "list")
    assert (code, err) == (1, "clientela: The local cloud does not answer: start it again with `make local`.\n")


def test_an_unknown_stack_is_named(aws: Any, run: Run) -> None:
    code, _, err = run("--stack", "nowhere", "stores", "list")
    assert (code, err) == (
        1,
        "clientela: Stack nowhere not found in us-east-1: name yours with --stack, or use --local.\n",
    )


def test_a_stack_of_something_else_is_refused(aws: Any, run: Run, tmp_path: Path) -> None:
    deploy(tmp_path, "website", Table=None)
    code, _, err = run("--stack", "website", "stores", "list")
    assert (code, err.count("\n")) == (1, 1)
    assert "is not a Clientela deployment" in err


def test_without_credentials_the_error_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which would remember them
    code, _, err = run("stores", "list")
    assert (code, err) == (
        1,
        "clientela: No AWS credentials found: sign in as for the AWS command line, or use --local.\n",
    )


def test_without_a_region_the_error_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    code, _, err = run("stores", "list")
    assert (code, err) == (1, "clientela: No AWS region is set: give one with --region, or use --local.\n")


@pytest.mark.parametrize("option", ["--stack", "--profile", "--region"])
def test_local_cannot_be_combined_with_an_account(run: Run, option: str) -> None:
    code, out, err = run("stores", "list", "--local", option, "x")
    assert (code, out, f"cannot be combined with {option}" in err) == (2, "", True)


def test_local_overrides_the_stack_in_the_environment(
    aws: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    monkeypatch.setenv("CLIENTELA_STACK", "another")
    assert run("--local", "stores", "list", "--json").json() == []


def test_the_environment_can_name_the_stack(
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


def test_global_options_may_follow_the_command() -> None:
    assert global_first(["stores", "list", "--local", "--json"]) == ["--local", "stores", "list", "--json"]
    assert global_first(["keys", "list", "--stack", "dev", "demo"]) == ["--stack", "dev", "keys", "list", "demo"]
    assert global_first(["keys", "--region=eu-west-1", "list"]) == ["--region=eu-west-1", "keys", "list"]
    assert global_first(["orders", "send", "--", "--local"]) == ["orders", "send", "--", "--local"]


def test_global_options_alone_print_the_help(run: Run) -> None:
    assert run("--local") == run()
    assert "Usage: clientela" in run("--local").out


@pytest.mark.parametrize(
    ("arguments", "default"),
    [(["stores", "create", "--help"], "[default: /account]"), (["keys", "create", "--help"], "[default: everything]")],
)
def test_the_help_shows_defaults(run: Run, arguments: list[str], default: str) -> None:
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
