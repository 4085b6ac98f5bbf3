"""Processes of the local cloud cannot reach a real account."""

import pytest
from local.environment import bare_environment, clean_environment


def test_aws_settings_and_proxies_of_the_shell_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT"):
        monkeypatch.setenv(name, "mine")
    for name in ("https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    environment = clean_environment(GATEWAY_PORT="1")
    assert not {"mine", "http://proxy.example"} & set(environment.values())
    assert (environment["AWS_ACCESS_KEY_ID"], environment["GATEWAY_PORT"]) == ("test", "1")


def test_functions_do_not_inherit_the_shells_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "mine")
    monkeypatch.setenv("LANG", "xx")
    environment = bare_environment(LANG="C.UTF-8")
    assert "TABLE_NAME" not in environment
    assert environment["LANG"] == "C.UTF-8"
