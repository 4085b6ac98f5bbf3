"""The steps of the demo. Each shows what really came back, and fails when it is not what it must be."""

import json
import shlex
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table

from local import shop as data
from local.follower import Follower
from local.paths import ROOT
from local.shop import STORE, Shop, WrongError, awaited

console = Console()

_SHOWN = ("id", "email", "phone", "language", "orders_count", "total_spent", "average_order_value", "first_order_at")
_TOLD = 3  # events of a customer who comes, changes and goes
_FIELDS = ("name", "email", "company", "orders_count", "tags")
STORE_OPTIONS = ("--name", "Chinook", "--login-mode", "optional", "--storefront-url", "https://chinook.example")


def store_and_key(shop: Shop) -> None:
    """A store, and an API key for its merchant."""
    _run(shop, "stores", "create", STORE, *STORE_OPTIONS)
    _type("keys", "create", STORE, "--name", "demo", "--json")
    issued = shop.json("keys", "create", STORE, "--name", "demo")
    shop.key = issued["key"]
    console.print(f"{escape(issued['key'])}   [dim]good for {len(issued['scopes'])} scopes[/dim]", soft_wrap=True)


def customers_from_csv(shop: Shop) -> None:
    """A CSV file becomes customers."""
    _run(shop, "imports", "upload", STORE, data.CUSTOMERS)
    (job, *_) = _get(shop, "/imports")["items"]
    watched = _get(shop, f"/imports/{job['id']}")
    _check("the job, read over the API", watched["status"], "succeeded")
    _check("rows created", watched["created"], data.CUSTOMER_COUNT)
    _run(shop, "customers", "list", STORE, "--sort", "name", "--limit", "8")
    _check("customers", shop.answer("GET", "/customers?limit=1&count=true")["total"], data.CUSTOMER_COUNT)


def orders_from_queue(shop: Shop) -> None:
    """Order messages become totals, exact in whatever order and number they come."""
    _run(shop, "orders", "send", STORE, data.ORDERS)
    _await_orders(shop)
    _check_totals(shop)
    console.print("\nNow every message twice more, shuffled:")
    _run(shop, "orders", "send", STORE, data.orders_twice_and_shuffled(shop.state))
    _await_orders(shop)
    _check_totals(shop)
    _type_call("GET", "/customers?sort=-spent")
    best = shop.best_customers()
    rows = [
        (c["email"], c["name"], str(c["orders_count"]), _money(c["total_spent"]), c["last_order_at"][:10])
        for c in best[:5]
    ]
    _table(["E-mail", "Name", "Orders", "Spent", "Last order"], rows)
    found = (best[0]["email"], best[0]["orders_count"], Decimal(best[0]["total_spent"][0]["amount"]))
    _check("best customer", found, (data.BEST, data.BEST_COUNT, data.BEST_TOTAL))


def sign_in(shop: Shop) -> None:
    """A customer signs in by mail and sees their orders; the link is good once."""
    _type_call("POST", "/login-links", json.dumps({"email": data.BEST}))
    asked = shop.answer("POST", "/login-links", {"email": data.BEST}, token="")
    console.print(f"the browser keeps the nonce {escape(asked['nonce'][:8])}…; the link ends at {asked['expires_at']}")
    mail = awaited("The mail", lambda: shop.newest_mail(data.BEST))
    console.print(
        Panel(escape(mail["text"].strip()), title=escape(mail["subject"]), subtitle=f"to {data.BEST}", width=100)
    )
    proof = {"token": _token(mail), "nonce": asked["nonce"]}
    _type_call("POST", "/sessions", '{"token": "…", "nonce": "…"}')
    session = shop.answer("POST", "/sessions", proof, token="")
    console.print(f"a session for {escape(session['customer']['name'])}, until {session['expires_at']}")
    _type_call("GET", "/account/orders")
    orders = shop.answer("GET", "/account/orders", token=session["session_token"])["items"]
    rows = [
        (
            o["number"],
            o["placed_at"][:10],
            f"{o['total']} {o['currency']}",
            o["payment_status"],
            o["fulfillment_status"],
        )
        for o in orders
    ]
    _table(["Order", "Placed", "Total", "Payment", "Fulfilment"], rows)
    _check("orders of the account", len(orders), data.BEST_COUNT)
    _refused(shop, "the same link again", "POST", "/sessions", proof, status=410, code="link_used")


def merchant(shop: Shop) -> None:
    """The merchant reads and changes customers over the API; nobody else does."""
    found = _get(shop, "/customers?query=holy")["items"]
    _table(_FIELDS, [[_said(customer[name]) for name in _FIELDS] for customer in found])
    read = _get(shop, f"/customers/{found[0]['id']}")
    known = {name: value for name, value in read.items() if value not in (None, [], {})}
    console.print_json(data={name: known[name] for name in known if name in _SHOWN})
    _check("read as it was listed", read == found[0], True)
    new = {
        "email": "records@example.com",
        "company": "Example Records",
        "billing_address": {"city": "Vigo", "country": "ES"},
    }
    _type_call("POST", "/customers", json.dumps(new))
    created = shop.answer("POST", "/customers", new)
    changes = {"tags": ["wholesale"], "tax_exempt": True}
    _type_call("PATCH", f"/customers/{created['id']}", json.dumps(changes))
    changed = shop.answer("PATCH", f"/customers/{created['id']}", changes, **{"If-Match": f'"{created["version"]}"'})
    rows = [
        (name, str(created[name]), str(changed[name])) for name in ("email", "company", "tags", "tax_exempt", "version")
    ]
    _table(["Field", "Created", "Changed"], rows)
    _check("tags", changed["tags"], ["wholesale"])
    _refused(shop, "without the key", "GET", "/customers", status=401, code="api_key_invalid")


def export(shop: Shop) -> None:
    """All customers as a CSV file, with a manifest."""
    file = shop.state / "customers.csv"
    _run(shop, "exports", "run", STORE, "--out", file)
    first = file.read_text(encoding="utf-8-sig").splitlines()[:4]
    for line in first:
        console.print(f"  {escape(line)}", overflow="ellipsis", no_wrap=True, highlight=False)
    (job, *_) = _get(shop, "/exports")["items"]
    _check("rows exported", job["rows"], data.CUSTOMER_COUNT + 1)


def events(shop: Shop) -> None:
    """Another system follows what happens, over an event bus."""
    follower = Follower(shop.outputs, STORE)
    new = {"email": "passing@example.com", "name": "Passing By"}
    _type_call("POST", "/customers", json.dumps(new))
    customer = shop.answer("POST", "/customers", new)["id"]
    path = f"/customers/{customer}"
    _type_call("PATCH", path, '{"tags": ["seen"]}')
    shop.answer("PATCH", path, {"tags": ["seen"]})
    _type_call("DELETE", path)
    shop.call("DELETE", path)

    def all_told() -> list[Any] | None:  # older events may still come
        told = [each["detail"] for each in follower.look() if each["detail"].get("customer_id") == customer]
        return sorted(told, key=lambda detail: int(detail["sequence"])) if len(told) == _TOLD else None

    told = awaited("The events", all_told)
    rows = [[t["type"], str(t["sequence"]), t["id"][:12] + "…", _said(t["data"].get("changed", []))] for t in told]
    _table(["Event", "Sequence", "Id", "Changed"], rows)
    _check("in their order", [row[0] for row in rows], ["customer.created", "customer.updated", "customer.deleted"])


STEPS = (store_and_key, customers_from_csv, orders_from_queue, sign_in, merchant, export, events)


def _run(shop: Shop, *arguments: str | Path) -> None:
    _type(*arguments)
    shop.command(*arguments)


def _type(*arguments: str | Path) -> None:
    shown = [_shown(argument) for argument in arguments]
    console.print(f"\n[bold cyan]$ clientela --local {escape(shlex.join(shown))}[/]", soft_wrap=True, highlight=False)


def _shown(argument: str | Path) -> str:
    is_ours = isinstance(argument, Path) and argument.is_relative_to(ROOT)
    return str(Path(argument).relative_to(ROOT)) if is_ours else str(argument)


def _type_call(method: str, path: str, body: str = "") -> None:
    console.print(
        f"\n[bold cyan]{method} /v1/stores/{STORE}{escape(path)}[/] {escape(body)}", soft_wrap=True, highlight=False
    )


def _get(shop: Shop, path: str) -> Any:
    _type_call("GET", path)
    return shop.answer("GET", path)


def _refused(shop: Shop, what: str, method: str, path: str, body: Any = None, *, status: int, code: str) -> None:
    _type_call(method, path)
    response = shop.call(method, path, body, token="")
    console.print(f"{response.status_code} {escape(response.text)}", soft_wrap=True, highlight=False)
    _check(what, (response.status_code, response.json()["code"]), (status, code))


def _token(mail: dict[str, Any]) -> str:
    link = next((link for link in mail["links"] if "#" in link), "")
    return urlsplit(link).fragment.removeprefix("token=")


def _await_orders(shop: Shop) -> None:
    with Progress(console=console, transient=True) as progress:
        sent = shop.waiting_orders()
        task = progress.add_task("Orders being taken", total=sent)

        def nothing_left() -> bool | None:
            left = shop.waiting_orders()
            progress.update(task, completed=sent - left)
            return left == 0 or None

        awaited("The last order", nothing_left)


def _check_totals(shop: Shop) -> None:
    totals = shop.totals()
    _check("orders counted", totals.orders, data.ORDER_COUNT)
    _check("spent in all", totals.spent, {"USD": data.ORDER_TOTAL})


def _check(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise WrongError(f"{what}: {_said(found)} instead of {_said(expected)}")
    console.print(f"[green]✓[/] {what}: {escape(_said(found))}", highlight=False)


def _said(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{amount:,} {currency}" for currency, amount in value.items())
        case tuple() | list():
            return ", ".join(map(_said, value))
        case _:
            return str(value)


def _money(spends: list[dict[str, Any]]) -> str:
    return ", ".join(f"{spend['amount']} {spend['currency']}" for spend in spends)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        grid.add_column(column, justify="right" if column in {"Orders", "Spent", "Total"} else "left")
    for row in rows:
        grid.add_row(*map(escape, row))
    console.print(grid)
