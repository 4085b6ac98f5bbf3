"""Customers on the command line."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Run, deploy, runner

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.stores import stores
from clientela.table import keys
from clientela.table.records import Record


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    command("--local", "stores", "create", "demo", "--name", "Demo")
    return lambda *arguments: command("--local", *arguments)


@pytest.mark.parametrize(
    "command",
    [
        ["keys", "create", "nobody", "--name", "x"],
        ["keys", "list", "nobody"],
        ["keys", "rotate", "nobody", "key_1"],
        ["keys", "revoke", "nobody", "key_1"],
        ["customers", "list", "nobody"],
        ["customers", "show", "nobody", "ana@example.com"],
        ["customers", "create", "nobody", "ana@example.com"],
        ["customers", "change", "nobody", "ana@example.com", "--set", "name=Ana"],
        ["customers", "invite", "nobody", "ana@example.com"],
        ["customers", "erase", "nobody", "ana@example.com"],
        ["groups", "list", "nobody"],
        ["groups", "show", "nobody", "vip"],
        ["groups", "create", "nobody", "vip", "--name", "VIP"],
        ["groups", "change", "nobody", "vip", "--set", "name=Vip"],
        ["groups", "delete", "nobody", "vip"],
    ],
)
def test_an_unknown_store_is_refused(run: Run, command: list[str]) -> None:
    assert run(*command) == (1, "", "clientela: Store “nobody” not found.\n")


def test_customers_are_listed_sorted_and_searched(run: Run) -> None:
    for name in ("Ana Pérez", "Bo Li", "Ana [bold] Gil"):
        email = f"{name.split()[0]}.{name.split()[-1]}@example.com".encode("ascii", "ignore").decode()
        customers.create(stores.read("demo"), NewCustomer(email=email, name=name), clock.now())
    code, out, _ = run("customers", "list", "demo", "--sort", "name", "--limit", "2")
    assert (code, out.index("Ana [bold] Gil") < out.index("Ana Pérez"), "2 of 3 customers" in out) == (0, True, True)
    found = run("customers", "list", "demo", "--query", "bo li", "--json").json()
    assert [customer["name"] for customer in found] == ["Bo Li"]


def test_every_filter_of_the_api_is_an_option(run: Run) -> None:
    shown = run("customers", "list", "--help").out
    missing = [name for name in CustomerFilter.model_fields if f"--{name.replace('_', '-')[:12]}" not in shown]
    assert missing == ["ids"]
    assert "--id " in shown
    assert "Customers who" in shown


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "disabled"], ["bo"]),
        (["--tax-exempt"], ["bo"]),
        (["--no-tax-exempt", "--country", "ES"], ["ana"]),
        (["--group", "GROUP"], ["ana"]),
        (["--group", "g"], ["ana"]),
        (["--tag", "vip", "--email", "ana@example.com"], ["ana"]),
        (["--created-from", "2099-01-01T00:00:00Z"], []),
        (["--max-orders", "0", "--sort", "email"], ["ana", "bo"]),
        (["--id", "ANA", "--id", "BO", "--sort", "-email"], ["bo", "ana"]),
    ],
)
def test_filters_select_customers(run: Run, options: list[str], found: list[str]) -> None:
    store = stores.read("demo")
    group = groups.create(store, NewGroup(name="G", code="g"), clock.now())
    ana = {"email": "ana@example.com", "groups": [group.id], "tags": ["vip"], "billing_address": {"country": "ES"}}
    bo = {"email": "bo@example.com", "status": "disabled", "tax_exempt": True}
    ids = {"GROUP": group.id}
    for name, fields in (("ANA", ana), ("BO", bo)):
        ids[name] = customers.create(store, NewCustomer.model_validate(fields), clock.now()).id
    listed = run("customers", "list", "demo", *[ids.get(option, option) for option in options], "--json").json()
    assert [customer["email"].split("@")[0] for customer in listed] == found


def test_an_unknown_group_is_refused(run: Run) -> None:
    code, out, err = run("customers", "list", "demo", "--group", "nobody")
    assert (code, out, err) == (1, "", "clientela: group: No group of this store has this id or code.\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--min-orders", "many"], "min_orders: "),
        (["--email", "nonsense"], "email: "),
        (["--created-from", "soon"], "created_from: "),
    ],
)
def test_an_invalid_filter_is_a_usage_error_that_names_it(run: Run, options: list[str], said: str) -> None:
    code, out, err = run("customers", "list", "demo", *options)
    assert (code, out, err.startswith(f"clientela: {said}"), err.count("\n")) == (2, "", True, 1)


def test_a_customer_is_created_and_shown_by_id_and_by_email(run: Run, tmp_path: Path) -> None:
    patch = tmp_path / "ana.json"
    patch.write_text('{"name": "Somebody", "billing_address": {"country": "ES", "city": "Vigo"}, "tags": ["vip"]}')
    created = run("customers", "create", "demo", "Ana@example.com", "--patch", patch, "--set", "name=Ana", "--json")
    ana = created.json()
    assert (ana["email"], ana["name"], ana["tags"]) == ("Ana@example.com", "Ana", ["vip"])
    for name in (ana["id"], "ana@EXAMPLE.com"):
        assert run("customers", "show", "demo", name, "--json").json() == ana
    code, out, _ = run("customers", "show", "demo", ana["id"])
    assert (code, ["billing_address.city", "Vigo"] in [line.split() for line in out.splitlines()]) == (0, True)


def test_digits_are_text_where_a_field_is_text(run: Run) -> None:
    fields = [
        "name=42",
        "phone=34911222333",
        "billing_address.postal_code=28001",
        "billing_address.country=ES",
        'note="7"',
    ]
    fields += ["tax_exemption.reason=true", "tax_exempt=true", "custom_fields.card=1001", "external_ids.shopify=6543"]
    options = [part for field in fields for part in ("--set", field)]
    made = run("customers", "create", "demo", "ana@example.com", *options, "--json").json()
    assert (made["name"], made["phone"], made["note"], made["tax_exempt"]) == ("42", "+34911222333", "7", True)
    assert made["billing_address"]["postal_code"] == "28001"
    assert (made["tax_exemption"]["reason"], made["external_ids"]) == ("true", {"shopify": "6543"})
    assert made["custom_fields"] == {"card": 1001}


def test_a_taken_email_and_an_invalid_field_are_refused(run: Run) -> None:
    run("customers", "create", "demo", "ana@example.com")
    code, out, err = run("customers", "create", "demo", "ana@example.com")
    assert (code, out, err.count("\n"), "has this e-mail" in err) == (1, "", 1, True)
    code, out, err = run("customers", "create", "demo", "bo@example.com", "--set", "colour=red")
    assert (code, out, err.startswith("clientela: colour: ")) == (1, "", True)


def test_a_change_prints_each_field_before_and_after(run: Run) -> None:
    run("customers", "create", "demo", "ana@example.com", "--set", "name=Ana")
    options = ["--set", "name=Ana Gil", "--set", "billing_address.country=ES", "--set", "name=Ana Gil"]
    code, out, _ = run("customers", "change", "demo", "ana@example.com", *options)
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 0
    assert lines == [["name:", "Ana → Ana Gil"], ["billing_address.country:", "null → ES"]]
    changed = run("customers", "change", "demo", "ana@example.com", "--set", 'tags=["vip"]', "--json").json()
    assert (changed["tags"], changed["version"]) == (["vip"], 3)
    code, out, err = run("customers", "change", "demo", "ana@example.com", "--set", "name=Ana Gil")
    assert (code, out, "Nothing has changed" in err) == (0, "", True)


def test_a_change_applies_to_the_newest_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = run("customers", "create", "demo", "ana@example.com", "--json").json()
    patch = customers.patch

    def late(*arguments: Any) -> Any:
        monkeypatch.undo()
        patch(stores.read("demo"), ana["id"], {"company": "Acme"}, clock.now())
        return patch(*arguments)

    with monkeypatch.context() as context:
        context.setattr(customers, "patch", late)
        monkeypatch = context
        out = run("customers", "change", "demo", ana["id"], "--set", "name=Ana").out
    after = customers.get(stores.read("demo"), ana["id"])
    assert (after.company, after.name, out.split()) == ("Acme", "Ana", ["name:", "null", "→", "Ana"])


def test_a_customer_is_invited_once_an_hour_if_the_store_has_sign_in(run: Run) -> None:
    ana = run("customers", "create", "demo", "ana@example.com", "--json").json()
    code, out, err = run("customers", "invite", "demo", "ana@example.com")
    assert (code, out, err.count("\n")) == (1, "", 1)
    run("stores", "change", "demo", "--set", "login_mode=optional", "--set", "storefront_url=https://shop.example.com")
    for _ in range(2):
        invited = run("customers", "invite", "demo", "ana@example.com", "--json").json()
        assert invited == {"customer_id": ana["id"], "email": "ana@example.com"}
    assert "ana@example.com" in run("customers", "invite", "demo", ana["id"]).err
    assert len(Record.list_by_prefix(keys.customer("demo", ana["id"]), keys.INVITATION_PREFIX)) in (
        1,
        2,
    )  # the hour may end


def test_an_erasure_is_confirmed_by_the_customers_id(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = run("customers", "create", "demo", "ana@example.com", "--json").json()
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "yes")
    code, out, err = run("customers", "erase", "demo", "ana@example.com")
    assert (code, out, err) == (2, "", "clientela: Not confirmed: nothing was changed.\n")
    assert customers.get(stores.read("demo"), ana["id"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: ana["id"])
    code, out, _ = run("customers", "erase", "demo", "ana@example.com")
    assert (code, "complete" in out, "1 profile" in out) == (0, True, True)
    assert run("customers", "list", "demo", "--json").json() == []


def test_an_erasure_repeated_by_id_has_the_same_certificate(run: Run) -> None:
    ana = run("customers", "create", "demo", "ana@example.com", "--json").json()
    certificate = run("customers", "erase", "demo", ana["id"], "--yes", "--json").json()
    assert (certificate["status"], certificate["requested_by"]["kind"]) == ("complete", "operator")
    assert run("customers", "erase", "demo", ana["id"], "--yes", "--json").json() == certificate


@pytest.mark.parametrize("verb", [["show"], ["change", "--set", "name=Ana"], ["invite"], ["erase", "--yes"]])
def test_an_unknown_customer_is_an_error(run: Run, verb: list[str]) -> None:
    for name in ("cus_1", "ana@example.com"):
        code, out, err = run("customers", verb[0], "demo", name, *verb[1:])
        assert (code, out, err.count("\n"), name in err) == (1, "", 1, True)


@pytest.mark.parametrize(
    ("command", "option", "sentence"),
    [
        ("customers list demo --status gone", "--status", "Use one of these values: active, pending, disabled."),
        ("customers list demo --limit 0", "--limit", "Use a number of 1 or more."),
        ("customers list demo --limit x", "--limit", "Use a whole number."),
        ("imports upload demo pyproject.toml --mode x", "--mode", "Use one of these values: upsert, create, update."),
        ("exports run demo --what x", "--what", "Use one of these values: customers, orders, order_items."),
        ("audit list demo --since x", "--since", "Use a time such as 2026-11-21T10:00:00Z."),
        ("stores grow demo x", "buckets", "Use a whole number."),
        ("orders send demo pyproject.toml --backlog -1", "--backlog", "Use a number of 0 or more."),
    ],
)
def test_an_option_is_refused_with_the_sentence_of_the_api(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, option: str, sentence: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = run(*command.split())
    assert (code, out, f"Invalid value for '{option}': {sentence}" in err) == (2, "", True)
