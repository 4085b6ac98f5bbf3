"""The Chinook shop of the demo: its data, its merchant's and its customers' calls, and what must come of them."""

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from local import aws
from local.outputs import Outputs
from local.paths import ROOT

STORE = "chinook"
CUSTOMERS = ROOT / "tests" / "data" / "chinook" / "customers.csv"
ORDERS = ROOT / "tests" / "data" / "chinook" / "orders.jsonl"

# True of the Chinook data: tests/data/chinook/README.md.
CUSTOMER_COUNT, ORDER_COUNT, ORDER_TOTAL = 59, 412, Decimal("2328.60")
BEST = "hholy@gmail.com"
BEST_COUNT, BEST_TOTAL = 7, Decimal("49.62")

_PATIENCE_SECONDS = 300  # a busy machine takes a few orders a second


class WrongError(Exception):
    """Something did not come out as it must."""


class Totals(NamedTuple):
    """What the customers' statistics come to."""

    orders: int
    spent: dict[str, Decimal]  # by currency


class Shop:
    """The shop in a running local cloud. `key` is the merchant's API key, once there is one."""

    def __init__(self, outputs: Outputs, state: Path) -> None:
        self.outputs = outputs
        self.state = state
        self.key = ""
        self.http = httpx.Client(base_url=f"{outputs.api_url}/v1/stores/{STORE}", timeout=60, trust_env=False)

    def command(self, *arguments: str | Path, quiet: bool = False) -> str:
        """Run `clientela --local`; what it printed where `quiet`, else the terminal has it. WrongError if it fails."""
        program = Path(sys.executable).with_name("clientela")
        environment = {**os.environ, "CLIENTELA_LOCAL_DIR": str(self.state)}
        done = subprocess.run(
            [program, "--local", *arguments],
            env=environment,
            stdout=subprocess.PIPE if quiet else None,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise WrongError(f"clientela {arguments[0]} {arguments[1]} ended with exit code {done.returncode}.")
        return done.stdout or ""

    def json(self, *arguments: str | Path) -> Any:
        """The answer of `clientela --local … --json`."""
        return json.loads(self.command(*arguments, "--json", quiet=True))

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """Call the API, with the merchant's key unless another token (or an empty one) is given."""
        token = self.key if token is None else token
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        return self.http.request(method, path, json=body, headers=sent)

    def answer(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Any:
        """The JSON answer to a call. WrongError, with the problem's words, if it is refused."""
        response = self.call(method, path, body, token=token, **headers)
        if response.is_error:
            raise WrongError(f"{method} {path} answered {response.status_code}: {response.text}")
        return response.json()

    def best_customers(self) -> list[dict[str, Any]]:
        """All who have ordered, those who spent most first."""
        found: list[dict[str, Any]] = self.answer("GET", "/customers?sort=-spent&limit=100")["items"]
        return found

    def totals(self) -> Totals:
        """Orders and money over all customers."""
        spent: dict[str, Decimal] = {}
        customers = self.best_customers()
        for spend in (spend for customer in customers for spend in customer["total_spent"]):
            spent[spend["currency"]] = spent.get(spend["currency"], Decimal(0)) + Decimal(spend["amount"])
        return Totals(sum(customer["orders_count"] for customer in customers), spent)

    def waiting_orders(self) -> int:
        """How many order messages are not dealt with yet."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = aws.client("sqs", self.outputs.endpoint_url)
        found = sqs.get_queue_attributes(QueueUrl=self.outputs.orders_queue_url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def newest_mail(self, to: str) -> dict[str, Any] | None:
        """The newest mail to an address, as the mailbox has it."""
        with urllib.request.urlopen(f"{self.outputs.mailbox_url}/messages.json", timeout=10) as answer:  # noqa: S310
            return next((mail for mail in json.load(answer) if to in mail["to"]), None)


def orders_twice_and_shuffled(folder: Path) -> Path:
    """A file with every order message twice, in an order that is the same at every run."""
    lines = ORDERS.read_text().splitlines() * 2
    random.Random(412).shuffle(lines)  # noqa: S311
    file = folder / "orders-twice.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def awaited[T](what: str, look: Callable[[], T | None]) -> T:
    """What `look` finds, once it finds something. WrongError after five minutes."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise WrongError(f"{what} did not come within {_PATIENCE_SECONDS} s.")
        time.sleep(0.3)
    return found
