"""Stores, keys and customers on the command line."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli import Run, deploy, runner

from clientela import api_keys, clock, customers, stores
from clientela.customer_fields import NewCustomer


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def test_a_store_is_created_with_its_settings_and_shown(run: Run) -> None:
    options = [
        "--name",
        "Demo [shop]",
        "--login-mode",
        "optional",
        "--storefront-url",
        "https://shop.example.com",
        "--currency",
        "EUR",
    ]
    created = run("stores", "create", "demo", *options, "--json").json()
    assert (created["id"], created["currency"], created["allowed_origins"]) == ("demo", "EUR", [])
    assert stores.read("demo").login_mode == "optional"
    code, out, _ = run("stores", "list")
    assert code == 0
    assert "Demo [shop]" in out
    shown = run("stores", "show", "demo")
    assert "https://shop.example.com" in shown.out
    assert run("stores", "show", "demo", "--json").json() == created


def test_a_taken_id_fails_in_one_line(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    code, out, err = run("stores", "create", "demo", "--name", "Demo")
    assert (code, out, err) == (1, "", "clientela: demo exists already.\n")


def test_a_bad_setting_is_a_usage_error_that_names_it(run: Run) -> None:
    code, _, err = run("stores", "create", "demo", "--name", "Demo", "--currency", "euro")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("clientela: currency: ")


def test_a_key_is_shown_once_and_opens_its_store(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    key = run(
        "keys", "create", "demo", "--name", "till", "--scope", "customers:read", "--scope", "imports:read", "--json"
    ).json()
    assert api_keys.authenticate("demo", key["key"], clock.now()).scopes == ["customers:read", "imports:read"]
    code, out, err = run("keys", "create", "demo", "--name", "back office")
    assert (code, "ck_" in out, "cannot be shown again" in err) == (0, True, True)
    code, out, _ = run("keys", "list", "demo")
    assert (code, "ck_" in out, "back office" in out, "everything" in out) == (0, False, True, True)
    assert [listed["name"] for listed in run("keys", "list", "demo", "--json").json()] == ["till", "back office"]


@pytest.mark.parametrize(
    "command",
    [["keys", "create", "nobody", "--name", "x"], ["keys", "list", "nobody"], ["customers", "list", "nobody"]],
)
def test_an_unknown_store_is_refused(run: Run, command: list[str]) -> None:
    assert run(*command) == (1, "", "clientela: There is no store 'nobody'.\n")


def test_customers_are_listed_as_asked_for(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    for name in ("Ana Pérez", "Bo Li", "Ana [bold] Gil"):
        email = f"{name.split()[0]}.{name.split()[-1]}@example.com".encode("ascii", "ignore").decode()
        customers.create(stores.read("demo"), NewCustomer(email=email, name=name), clock.now())
    code, out, _ = run("customers", "list", "demo", "--sort", "name", "--limit", "2")
    assert (code, out.index("Ana [bold] Gil") < out.index("Ana Pérez"), "2 of 3 customers" in out) == (0, True, True)
    found = run("customers", "list", "demo", "--query", "bo li", "--json").json()
    assert [customer["name"] for customer in found] == ["Bo Li"]
