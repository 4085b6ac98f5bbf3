"""Stores on the command line."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from tests.support.cli import Run, deploy, runner

from clientela import clock
from clientela.customers import store_settings
from clientela.lifecycle import store_deletions, store_sweep
from clientela.migrations import migration_runs, store_growth
from clientela.stores import stores


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


def test_a_store_grows_and_says_how_many_customers_moved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_runs, "SEGMENTS", 1)  # moto ignores segments
    monkeypatch.setattr(store_growth, "STORE_KNOWN_AFTER", 0.001)
    run("stores", "create", "demo", "--name", "Demo")
    for number in range(12):
        run("customers", "create", "demo", f"p{number}@example.com")
    moved = run("stores", "grow", "demo", "8", "--rate", "1000000", "--json").json()
    assert (moved["status"], moved["read"]) == ("complete", 12)
    assert stores.read("demo").directory.buckets == 8
    code, _, error = run("stores", "grow", "demo", "12")
    assert (code, "Use one of these values: 16, 32, 64, 128, 256." in error) == (1, True)


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
    assert (code, out, err) == (1, "", "clientela: The store “demo” exists already.\n")


def test_a_bad_setting_is_a_usage_error_that_names_it(run: Run) -> None:
    code, _, err = run("stores", "create", "demo", "--name", "Demo", "--currency", "euro")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("clientela: currency: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Demo!"], "id: Use 3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends."),
        (["demo", "--storefront-url", "ftp://x"], "storefront_url: Use an address such as https://shop.example.com"),
        (
            ["demo", "--allowed-origin", "https://x/"],
            "allowed_origins.0: Use an origin such as https://shop.example.com, without",
        ),
        (["demo", "--sign-in-path", "login"], "sign_in_path: Use a path of letters, digits, dots, dashes and"),
        (["demo", "--currency", "euro"], "currency: Use the three capital letters of ISO 4217, such as EUR."),
    ],
)
def test_patterns_are_described_in_words(run: Run, arguments: list[str], said: str) -> None:
    code, _, err = run("stores", "create", *arguments, "--name", "Demo")
    assert (code, err.startswith(f"clientela: {said}"), "pattern" in err) == (2, True, False)


def verify(identity: str) -> None:
    """Let moto's SES know an identity as verified."""
    boto3.client("sesv2").create_email_identity(EmailIdentity=identity)
    for regions in get_backend("sesv2").values():
        for backend in regions.values():
            if stored := backend.core_backend.email_identities.get(identity):
                stored.verified_for_sending_status = True


@pytest.mark.parametrize("identity", ["shop@mail.example.org", "mail.example.org", "example.org"])
def test_a_sender_is_allowed_once_ses_has_verified_it_or_its_domain(run: Run, identity: str) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    boto3.client("sesv2").create_email_identity(EmailIdentity="shop@mail.example.org")  # not verified yet
    refused = run("stores", "allow-sender", "demo", "shop@mail.example.org")
    assert (refused.code, stores.read("demo").allowed_senders) == (1, [])
    assert refused.err.startswith("clientela: sender: “shop@mail.example.org” is not verified by SES")
    boto3.client("sesv2").delete_email_identity(EmailIdentity="shop@mail.example.org")
    verify(identity)
    assert run("stores", "allow-sender", "demo", "shop@mail.example.org").code == 0
    assert stores.read("demo").allowed_senders == ["shop@mail.example.org"]


def test_a_store_is_not_created_with_a_sender_that_ses_has_not_verified(run: Run) -> None:
    new = ["stores", "create", "demo", "--name", "Demo", "--sender", "shop@example.com"]
    assert (run(*new).code, list(stores.list_ids())) == (1, [])
    verify("example.com")
    assert (run(*new).code, stores.read("demo").allowed_senders) == (0, ["shop@example.com"])


def test_an_allowed_sender_can_be_chosen_by_the_merchant(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    verify("example.com")
    allowed = run("stores", "allow-sender", "demo", "shop@EXAMPLE.com", "--json").json()
    assert allowed["allowed_senders"] == ["shop@example.com"]
    assert (
        store_settings.change_settings("demo", {"sender": "shop@example.com"}, clock.now()).sender == "shop@example.com"
    )
    assert "shop@example.com" in run("stores", "allow-sender", "demo", "shop@example.com").out


def test_settings_are_changed_by_name_and_by_a_patch(run: Run, tmp_path: Path) -> None:
    run("stores", "create", "demo", "--name", "Demo", "--currency", "EUR", "--country", "ES")
    patch = tmp_path / "patch.json"
    patch.write_text('{"name": "Other", "country": null, "branding": {"colour": "#aa0000"}}')
    options = ["--set", "login_mode=optional", "--set", "welcome_mail=false", "--set", "name=Shop = shop"]
    options += ["--set", 'allowed_origins=["https://a.example"]', "--set", "branding.logo_url=https://a.example/l.png"]
    changed = run("stores", "change", "demo", "--patch", patch, *options, "--json").json()
    assert (changed["login_mode"], changed["welcome_mail"], changed["name"]) == ("optional", False, "Shop = shop")
    assert (changed["country"], changed["currency"], changed["allowed_origins"]) == (None, "EUR", ["https://a.example"])
    assert changed["branding"]["logo_url"] == "https://a.example/l.png"
    assert changed["branding"]["colour"] == "#aa0000"
    assert stores.read("demo").version == 2


def test_a_change_prints_each_field_before_and_after(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo", "--currency", "EUR")
    fields = ["--set", "currency=USD", "--set", "country=ES", "--set", "branding.colour=#aa0000", "--set", "name=Demo"]
    code, out, err = run("stores", "change", "demo", *fields)
    assert (code, [line.split() for line in out.splitlines()]) == (
        0,
        [
            ["country:", "null", "→", "ES"],
            ["currency:", "EUR", "→", "USD"],
            ["branding.colour:", "#1f4f46", "→", "#aa0000"],
        ],
    )
    assert "`clientela --local statistics rebuild demo`" in err
    assert run("stores", "change", "demo", *fields) == (
        0,
        "",
        "Nothing has changed: the fields have these values already.\n",
    )


def test_every_setting_can_be_set_as_it_is_shown(run: Run) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    lines = [line.split(maxsplit=1) for line in run("stores", "show", "demo").out.splitlines()]
    fields = [f"{line[0]}={line[1]}" for line in lines if line[0].split(".")[0] in stores.StoreSettings.model_fields]
    assert len(fields) >= len(stores.StoreSettings.model_fields)
    assert run("stores", "change", "demo", *[part for field in fields for part in ("--set", field)]).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Nothing to change"),
        (["--set", "name"], 2, "name: use FIELD=VALUE"),
        (["--set", "colour=red"], 2, "colour: This request has no such field."),
        (["--set", "currency=euro"], 2, "currency: "),
        (
            ["--set", "branding=null", "--set", "branding.colour=#aa0000"],
            2,
            "branding.colour: branding is already set as a",
        ),
        (["--set", "sender=shop@example.com"], 1, "sender: The operator of Clientela must allow"),
    ],
)
def test_invalid_settings_are_refused_in_words(run: Run, arguments: list[str], code: int, said: str) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    ended = run("stores", "change", "demo", *arguments)
    assert (ended.code, ended.out, ended.err.startswith(f"clientela: {said}")) == (code, "", True)
    assert stores.read("demo").version == 1


@pytest.mark.parametrize(("content", "said"), [("{", "is not JSON"), ("[]", "must contain a JSON object")])
def test_an_invalid_patch_is_refused(run: Run, tmp_path: Path, content: str, said: str) -> None:
    patch = tmp_path / "patch.json"
    patch.write_text(content)
    code, _, err = run("stores", "change", "demo", "--patch", patch)
    assert (code, f"patch.json {said}" in err) == (2, True)


@pytest.mark.parametrize(("store_id", "address", "code"), [("demo", "nonsense", 2), ("nobody", "shop@example.com", 1)])
def test_an_invalid_sender_or_unknown_store_is_refused(run: Run, store_id: str, address: str, code: int) -> None:
    verify("example.com")
    run("stores", "create", "demo", "--name", "Demo")
    ended = run("stores", "allow-sender", store_id, address)
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for, and moto reads the whole table in each segment."""
    monkeypatch.setattr(store_deletions, "SETTLED_AFTER", timedelta(0))
    monkeypatch.setattr(store_sweep, "SEGMENTS", 1)


@pytest.mark.usefixtures("at_once")
def test_a_store_is_deleted_after_its_id_is_typed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    run("customers", "create", "demo", "ana@example.com")
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "Demo")
    assert run("stores", "delete", "demo") == (2, "", "clientela: Not confirmed: nothing was changed.\n")
    assert stores.read("demo").name == "Demo"
    asked: list[str] = []
    monkeypatch.setattr("typer.prompt", lambda text, **_: asked.append(text) or "demo")
    code, out, _ = run("stores", "delete", "demo")
    assert (code, "complete" in out, "1 customers" in out) == (0, True, True)
    assert "store Demo will be deleted" in asked[0]
    assert run("stores", "list", "--json").json() == []
    assert run("stores", "delete", "demo", "--yes") == (1, "", "clientela: Store “demo” not found.\n")


@pytest.mark.usefixtures("at_once")
def test_the_certificates_of_deleted_stores_are_listed(run: Run) -> None:
    for name in ("demo", "other"):
        run("stores", "create", name, "--name", "Demo")
        certificate = run("stores", "delete", name, "--yes", "--json").json()
        assert (certificate["store_id"], certificate["status"]) == (name, "complete")
    assert [each["store_id"] for each in run("stores", "deletions", "--json").json()] == ["demo", "other"]
    assert all(text in run("stores", "deletions").out for text in ("demo", "other", "complete"))


@pytest.mark.usefixtures("at_once")
def test_an_interrupted_deletion_says_how_to_continue_and_asks_no_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("stores", "create", "demo", "--name", "Demo")
    with monkeypatch.context() as context:
        context.setattr(store_sweep, "delete_files", interrupt)
        code, out, err = run("stores", "delete", "demo", "--yes")
    assert (code, out) == (130, "")
    assert (
        err
        == "clientela: Interrupted: the store is gone, and `clientela --local stores delete demo` deletes the rest.\n"
    )
    assert run("stores", "deletions", "--json").json()[0]["status"] == "running"
    code, out, err = run("stores", "create", "demo", "--name", "Demo")
    assert (code, err) == (1, "clientela: The store “demo” is being deleted.\n")
    assert run("stores", "delete", "demo", "--json").json()["status"] == "complete"


def interrupt(_store_id: str) -> int:
    raise KeyboardInterrupt
