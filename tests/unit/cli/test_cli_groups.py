"""Groups on the command line."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Run, deploy, runner

from clientela import clock
from clientela.aws import clients
from clientela.bulk import bulk_jobs
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.stores import stores


@pytest.fixture
def run(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    command("--local", "stores", "create", "demo", "--name", "Demo")
    return lambda *arguments: command("--local", *arguments)


DISCOUNT = ["--set", "discount.kind=percent", "--set", "discount.value=10"]


def test_a_group_is_created_listed_and_shown_by_id_and_by_code(run: Run) -> None:
    group = run("groups", "create", "demo", "vip", "--name", "Best [friends]", *DISCOUNT, "--json").json()
    assert (group["code"], group["discount"]["value"]) == ("vip", "10")
    assert run("groups", "list", "demo", "--json").json() == [group]
    assert all(text in run("groups", "list", "demo").out for text in ("vip", "Best [friends]", "10 %"))
    for name in (group["id"], "vip"):
        assert run("groups", "show", "demo", name, "--json").json() == group
    assert ["code", "vip"] in [line.split() for line in run("groups", "show", "demo", "vip").out.splitlines()]


def test_a_change_prints_each_field_before_and_after(run: Run) -> None:
    run("groups", "create", "demo", "vip", "--name", "VIP", *DISCOUNT)
    code, out, _ = run("groups", "change", "demo", "vip", "--set", "priority=5", "--set", "discount.value=15")
    assert (code, [line.split() for line in out.splitlines()]) == (
        0,
        [["discount.value:", "10", "→", "15"], ["priority:", "0", "→", "5"]],
    )
    changed = run("groups", "change", "demo", "vip", "--set", "discount=null", "--json").json()
    assert (changed["discount"], changed["version"]) == (None, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "demo", "VIP!", "--name", "x"], 2, "code: "),
        (["create", "demo", "vip", "--name", "x"], 1, "Another group has the code"),
        (["change", "demo", "vip", "--set", "priority=-1"], 1, "priority: "),
        (["change", "demo", "vip"], 2, "Nothing to change"),
        (["show", "demo", "nobody"], 1, "Group “nobody” not found"),
        (["delete", "demo", "nobody", "--yes"], 1, "Group “nobody” not found"),
    ],
)
def test_refusals_are_one_line(run: Run, arguments: list[str], code: int, said: str) -> None:
    run("groups", "create", "demo", "vip", "--name", "VIP")
    ended = run("groups", *arguments)
    assert (ended.code, ended.out, ended.err.startswith(f"clientela: {said}")) == (code, "", True)
    assert ended.err.count("\n") == 1


def test_a_deletion_is_confirmed_and_its_members_leave(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stores.read("demo")
    group = run("groups", "create", "demo", "vip", "--name", "VIP", "--json").json()
    ana = customers.create(store, NewCustomer(email="ana@example.com", groups=[group["id"]]), clock.now())
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "no")
    assert run("groups", "delete", "demo", "vip").code == 2
    assert run("groups", "list", "demo", "--json").json() == [group]

    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(clients.lambda_(), "invoke", lambda **call: calls.append(call))
    deleted = run("groups", "delete", "demo", "vip", "--yes", "--json").json()
    assert deleted == {"store_id": "demo", "id": group["id"], "status": "deleted"}
    (job,) = bulk_jobs.list_all(store).items
    assert len(calls) == 1
    bulk_jobs.run(store, job.id, clock.now, lambda: False)
    assert customers.get(store, ana.id).groups == []
