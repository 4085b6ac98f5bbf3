"""The demo's Chinook shop: its data, its API calls, and the expected results."""

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

from local import aws, storefront_server
from local.outputs import Outputs
from local.paths import ROOT

STORE = storefront_server.STORE
CUSTOMERS = ROOT / "tests" / "data" / "chinook" / "customers.csv"
ORDERS = ROOT / "tests" / "data" / "chinook" / "orders.jsonl"

# Facts about the Chinook data: tests/data/chinook/README.md.
CUSTOMER_COUNT, ORDER_COUNT, ORDER_TOTAL = 59, 412, Decimal("2328.60")
BEST_CUSTOMER = "hholy@gmail.com"
BEST_ORDERS, BEST_TOTAL = 7, Decimal("49.62")

_TIMEOUT_SECONDS = 300  # a busy machine processes a few orders per second


class DemoFailedError(Exception):
    """A step of the demo did not give the expected result."""


class Totals(NamedTuple):
    """Sums of the customers' statistics."""

    orders: int
    spent: dict[str, Decimal]  # by currency


class Shop:
    """The shop in a running local cloud.

    `key` is the merchant's API key, empty before it is created.
    """

    def __init__(self, outputs: Outputs, state: Path) -> None:
        self.outputs = outputs
        self.state = state
        self.key = ""
        self.http = httpx.Client(base_url=f"{outputs.api_url}/v1/stores/{STORE}", timeout=60, trust_env=False)

    def command(self, *arguments: str | Path, quiet: bool = False) -> str:
        """Run `clientela --local`.

        Print its output, or return it if `quiet`. DemoFailedError if it fails.
        """
        program = Path(sys.executable).with_name("clientela")
        environment = {**os.environ, "CLIENTELA_LOCAL_DIR": str(self.state)}
        result = subprocess.run(
            [program, "--local", *arguments],
            env=environment,
            stdout=subprocess.PIPE if quiet else None,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise DemoFailedError(f"clientela {arguments[0]} {arguments[1]} failed with exit code {result.returncode}.")
        return result.stdout or ""

    def json(self, *arguments: str | Path) -> Any:
        """Return the output of `clientela --local … --json`."""
        return json.loads(self.command(*arguments, "--json", quiet=True))

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """Call the API with the merchant's key, or with `token`; an empty token sends none."""
        token = self.key if token is None else token
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, path, json=body, headers=authorization | headers)

    def answer(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Any:
        """Call the API and return its JSON answer.

        DemoFailedError with the problem if it is an error.
        """
        response = self.call(method, path, body, token=token, **headers)
        if response.is_error:
            raise DemoFailedError(f"{method} {path} answered {response.status_code}: {response.text}")
        return response.json()

    def best_customers(self) -> list[dict[str, Any]]:
        """Return the customers with orders, highest spending first."""
        customers: list[dict[str, Any]] = self.answer("GET", "/customers?sort=-spent&limit=100")["items"]
        return customers

    def totals(self) -> Totals:
        """Return the number of orders and the spending of all customers."""
        spent: dict[str, Decimal] = {}
        customers = self.best_customers()
        for spend in (spend for customer in customers for spend in customer["total_spent"]):
            spent[spend["currency"]] = spent.get(spend["currency"], Decimal(0)) + Decimal(spend["amount"])
        return Totals(sum(customer["orders_count"] for customer in customers), spent)

    def waiting_orders(self) -> int:
        """Return the number of order messages that are not processed yet."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = aws.client("sqs", self.outputs.endpoint_url)
        answer = sqs.get_queue_attributes(QueueUrl=self.outputs.orders_queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def newest_mail(self, to: str) -> dict[str, Any] | None:
        """Return the newest mail to an address from the mailbox, or None."""
        with urllib.request.urlopen(f"{self.outputs.mailbox_url}/messages.json", timeout=10) as answer:  # noqa: S310
            return next((mail for mail in json.load(answer) if to in mail["to"]), None)


def orders_twice_and_shuffled(folder: Path) -> Path:
    """Write a file with every order message twice, shuffled the same way in every run."""
    lines = ORDERS.read_text().splitlines() * 2
    random.Random(412).shuffle(lines)  # noqa: S311
    file = folder / "orders-twice.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def wait_for[T](name: str, poll: Callable[[], T | None]) -> T:
    """Return the first result of `poll` that is not None. DemoFailedError after five minutes."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while (result := poll()) is None:
        if time.monotonic() > deadline:
            raise DemoFailedError(f"{name} did not arrive within {_TIMEOUT_SECONDS} s.")
        time.sleep(0.3)
    return result
