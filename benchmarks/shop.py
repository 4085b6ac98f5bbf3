"""The store that is measured: 50,000 customers made from the sample data, a third of them with orders."""

import csv
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from clientela import clock, ids
from clientela.csv import csv_headers
from clientela.customers import customer_history, customer_records
from clientela.customers.customer_fields import Customer, Spend
from clientela.customers.customer_history import OPERATOR
from clientela.imports import import_rows
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

CUSTOMERS = 50_000
SAMPLE = Path(__file__).parents[1] / "tests" / "data" / "chinook" / "customers.csv"
OPENED = datetime(2025, 1, 1, tzinfo=UTC)


def opened() -> Store:
    """An empty store. Without sign-in, so that an order sends no mail."""
    return stores.create("bench", StoreSettings(name="Benchmark"), OPENED)


def people(store: Store) -> Iterator[Customer]:
    """The store's customers, one a minute: the sample's people, each first name with each last one, numbered e-mails."""
    real = _sample()
    for number in range(CUSTOMERS):
        first, last = real[number % len(real)], real[number // len(real) % len(real)]
        at = OPENED + timedelta(minutes=number)
        ordered = {} if number % 3 else _statistics(number, at)
        yield first.model_copy(
            update={
                "id": ids.derived("cus", at, str(number)),
                "created_at": at,
                "updated_at": at,
                "email": f"{number:05d}@{first.email.partition('@')[2]}",
                "last_name": last.last_name,
                "name": f"{first.first_name} {last.last_name}",
                **ordered,
            }
        )


def filled(store: Store) -> list[str]:
    """Put everybody into the table; their ids, oldest first."""
    known: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        # Five items of three kinds for each customer stay below the 25 of one call.
        for block in itertools.batched(people(store), 2000, strict=False):
            known += [customer.id for customer in block]
            list(threads.map(lambda some: _put(store, some), itertools.batched(block, 8, strict=False)))
    return known


def _put(store: Store, some: tuple[Customer, ...]) -> None:
    made = (customer_records.claim, customer_records.record)
    dynamodb.put_all(
        [make(store, customer).item() for customer in some for make in made]
        + [customer_history.registered(store, customer, OPERATOR).item() for customer in some]
    )


def _sample() -> list[Customer]:
    with SAMPLE.open(newline="") as file:
        header, *rows = csv.reader(file)
    columns = csv_headers.recognise(header)
    read = [import_rows.parse_row(line, cells, columns) for line, cells in enumerate(rows, 2)]
    return [import_rows.create_customer(row, "cus_0", columns, clock.now()).customer for row in read]


def _statistics(number: int, at: datetime) -> dict[str, object]:
    spent = Spend(amount=Decimal(number % 977) + Decimal("0.99"), currency="USD", orders=number % 11 + 1)
    return {
        "orders_count": spent.orders,
        "total_spent": [spent],
        "first_order_at": at,
        "last_order_at": at + timedelta(days=number % 300),
        "last_order_status": "paid",
        "last_payment_method": "card",
    }
