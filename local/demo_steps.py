"""The steps of the demo. Each prints the real answers, and fails if they are not as expected."""

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

from local import demo_shop as data
from local.demo_shop import STORE, DemoFailedError, Shop, wait_for
from local.follower import Follower
from local.paths import ROOT

console = Console()

_PROFILE_FIELDS = (
    "id",
    "email",
    "phone",
    "language",
    "orders_count",
    "total_spent",
    "average_order_value",
    "first_order_at",
)
_EVENT_COUNT = 3  # a customer is created, updated and deleted
_LIST_FIELDS = ("name", "email", "company", "orders_count", "tags")
STORE_OPTIONS = ("--name", "Chinook", "--login-mode", "optional")


def store_and_key(shop: Shop) -> None:
    """A store, and an API key for its merchant."""
    _run(shop, "stores", "create", STORE, *STORE_OPTIONS, "--storefront-url", shop.outputs.storefront_url)
    _print_command("keys", "create", STORE, "--name", "demo", "--json")
    issued = shop.json("keys", "create", STORE, "--name", "demo")
    shop.key = issued["key"]
    console.print(f"{escape(issued['key'])}   [dim]allows all {len(issued['scopes'])} scopes[/dim]", soft_wrap=True)


def customers_from_csv(shop: Shop) -> None:
    """Customers are imported from a CSV file."""
    _run(shop, "imports", "upload", STORE, data.CUSTOMERS)
    (job, *_) = _get(shop, "/imports")["items"]
    job = _get(shop, f"/imports/{job['id']}")
    _check("status of the import in the API", job["status"], "succeeded")
    _check("customers created", job["created"], data.CUSTOMER_COUNT)
    _run(shop, "customers", "list", STORE, "--sort", "name", "--limit", "8")
    _check("customers", shop.answer("GET", "/customers?limit=1&count=true")["total"], data.CUSTOMER_COUNT)


def orders_from_queue(shop: Shop) -> None:
    """Order messages become exact totals, even repeated and in any order."""
    _run(shop, "orders", "send", STORE, data.ORDERS)
    _wait_for_orders(shop)
    _check_totals(shop)
    console.print("\nNow the same messages again, each twice and in random order:")
    _run(shop, "orders", "send", STORE, data.orders_twice_and_shuffled(shop.state))
    _wait_for_orders(shop)
    _check_totals(shop)
    _print_call("GET", "/customers?sort=-spent")
    best = shop.best_customers()
    rows = [
        (c["email"], c["name"], str(c["orders_count"]), _money(c["total_spent"]), c["last_order_at"][:10])
        for c in best[:5]
    ]
    _table(["E-mail", "Name", "Orders", "Spent", "Last order"], rows)
    first = (best[0]["email"], best[0]["orders_count"], Decimal(best[0]["total_spent"][0]["amount"]))
    _check("best customer", first, (data.BEST_CUSTOMER, data.BEST_ORDERS, data.BEST_TOTAL))


def sign_in(shop: Shop) -> None:
    """A customer signs in by mail and sees their orders; the link works once."""
    _print_call("POST", "/login-links", json.dumps({"email": data.BEST_CUSTOMER}))
    request = shop.answer("POST", "/login-links", {"email": data.BEST_CUSTOMER}, token="")
    console.print(
        f"the browser stores the nonce {escape(request['nonce'][:8])}…; the link expires at {request['expires_at']}"
    )
    mail = wait_for("The mail", lambda: shop.newest_mail(data.BEST_CUSTOMER))
    console.print(
        Panel(
            escape(mail["text"].strip()), title=escape(mail["subject"]), subtitle=f"to {data.BEST_CUSTOMER}", width=100
        )
    )
    proof = {"token": _token(mail), "nonce": request["nonce"]}
    _print_call("POST", "/sessions", '{"token": "…", "nonce": "…"}')
    session = shop.answer("POST", "/sessions", proof, token="")
    console.print(f"a session for {escape(session['customer']['name'])}, until {session['expires_at']}")
    _print_call("GET", "/account/orders")
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
    _check("orders in the account", len(orders), data.BEST_ORDERS)
    _expect_refusal(shop, "the same link again", "POST", "/sessions", proof, status=410, code="link_used")


def merchant(shop: Shop) -> None:
    """The merchant reads and changes customers over the API, with a key."""
    customers = _get(shop, "/customers?query=holy")["items"]
    _table(_LIST_FIELDS, [[_format(customer[name]) for name in _LIST_FIELDS] for customer in customers])
    customer = _get(shop, f"/customers/{customers[0]['id']}")
    not_empty = {name: value for name, value in customer.items() if value not in (None, [], {})}
    console.print_json(data={name: not_empty[name] for name in not_empty if name in _PROFILE_FIELDS})
    _check("same as in the list", customer == customers[0], True)
    new = {
        "email": "records@example.com",
        "company": "Example Records",
        "billing_address": {"city": "Vigo", "country": "ES"},
    }
    _print_call("POST", "/customers", json.dumps(new))
    created = shop.answer("POST", "/customers", new)
    changes = {"tags": ["wholesale"], "tax_exempt": True}
    _print_call("PATCH", f"/customers/{created['id']}", json.dumps(changes))
    changed = shop.answer("PATCH", f"/customers/{created['id']}", changes, **{"If-Match": f'"{created["version"]}"'})
    rows = [
        (name, str(created[name]), str(changed[name])) for name in ("email", "company", "tags", "tax_exempt", "version")
    ]
    _table(["Field", "Created", "Changed"], rows)
    _check("tags", changed["tags"], ["wholesale"])
    _expect_refusal(shop, "without a key", "GET", "/customers", status=401, code="api_key_invalid")


def export(shop: Shop) -> None:
    """All customers are exported to a CSV file with a manifest."""
    file = shop.state / "customers.csv"
    _run(shop, "exports", "run", STORE, "--out", file)
    for line in file.read_text(encoding="utf-8-sig").splitlines()[:4]:
        console.print(f"  {escape(line)}", overflow="ellipsis", no_wrap=True, highlight=False)
    (job, *_) = _get(shop, "/exports")["items"]
    _check("rows exported", job["rows"], data.CUSTOMER_COUNT + 1)


def events(shop: Shop) -> None:
    """Another system receives changes from an event bus."""
    follower = Follower(shop.outputs, STORE)
    new = {"email": "passing@example.com", "name": "Passing By"}
    _print_call("POST", "/customers", json.dumps(new))
    customer = shop.answer("POST", "/customers", new)["id"]
    path = f"/customers/{customer}"
    _print_call("PATCH", path, '{"tags": ["seen"]}')
    shop.answer("PATCH", path, {"tags": ["seen"]})
    _print_call("DELETE", path)
    shop.call("DELETE", path)

    def poll() -> list[Any] | None:  # ignores late events of the earlier steps
        details = [event["detail"] for event in follower.poll() if event["detail"].get("customer_id") == customer]
        return sorted(details, key=lambda detail: int(detail["sequence"])) if len(details) == _EVENT_COUNT else None

    rows = [
        [detail["type"], str(detail["sequence"]), detail["id"][:12] + "…", _format(detail["data"].get("changed", []))]
        for detail in wait_for("The last event", poll)
    ]
    _table(["Event", "Sequence", "Id", "Changed"], rows)
    _check("events in order", [row[0] for row in rows], ["customer.created", "customer.updated", "customer.deleted"])


STEPS = (store_and_key, customers_from_csv, orders_from_queue, sign_in, merchant, export, events)


def _run(shop: Shop, *arguments: str | Path) -> None:
    _print_command(*arguments)
    shop.command(*arguments)


def _print_command(*arguments: str | Path) -> None:
    words = [_shorten(argument) for argument in arguments]
    console.print(f"\n[bold cyan]$ clientela --local {escape(shlex.join(words))}[/]", soft_wrap=True, highlight=False)


def _shorten(argument: str | Path) -> str:
    is_in_checkout = isinstance(argument, Path) and argument.is_relative_to(ROOT)
    return str(Path(argument).relative_to(ROOT)) if is_in_checkout else str(argument)


def _print_call(method: str, path: str, body: str = "") -> None:
    console.print(
        f"\n[bold cyan]{method} /v1/stores/{STORE}{escape(path)}[/] {escape(body)}", soft_wrap=True, highlight=False
    )


def _get(shop: Shop, path: str) -> Any:
    _print_call("GET", path)
    return shop.answer("GET", path)


def _expect_refusal(shop: Shop, name: str, method: str, path: str, body: Any = None, *, status: int, code: str) -> None:
    _print_call(method, path)
    response = shop.call(method, path, body, token="")
    console.print(f"{response.status_code} {escape(response.text)}", soft_wrap=True, highlight=False)
    _check(name, (response.status_code, response.json()["code"]), (status, code))


def _token(mail: dict[str, Any]) -> str:
    link = next((link for link in mail["links"] if "#" in link), "")
    return urlsplit(link).fragment.removeprefix("token=")


def _wait_for_orders(shop: Shop) -> None:
    with Progress(console=console, transient=True) as progress:
        sent = shop.waiting_orders()
        task = progress.add_task("Processing orders", total=sent)

        def poll() -> bool | None:
            left = shop.waiting_orders()
            progress.update(task, completed=sent - left)
            return left == 0 or None

        wait_for("The last order", poll)


def _check_totals(shop: Shop) -> None:
    totals = shop.totals()
    _check("orders counted", totals.orders, data.ORDER_COUNT)
    _check("total spent", totals.spent, {"USD": data.ORDER_TOTAL})


def _check(name: str, actual: Any, expected: Any) -> None:
    if actual != expected:
        raise DemoFailedError(f"{name}: {_format(actual)}, expected {_format(expected)}")
    console.print(f"[green]✓[/] {name}: {escape(_format(actual))}", highlight=False)


def _format(value: Any) -> str:
    match value:
        case None:
            return ""
        case dict():
            return ", ".join(f"{amount:,} {currency}" for currency, amount in value.items())
        case tuple() | list():
            return ", ".join(map(_format, value))
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
