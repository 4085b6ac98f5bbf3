"""The measured store: 50,000 customers built from the sample data, a third of them with orders."""

import csv
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from clientela import clock, ids
from clientela.csv import csv_headers
from clientela.customers import customer_records
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import Spend
from clientela.imports import import_rows
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

CUSTOMERS = 50_000
SAMPLE = Path(__file__).parents[1] / "tests" / "data" / "chinook" / "customers.csv"
OPENED_AT = datetime(2025, 1, 1, tzinfo=UTC)


def create_store() -> Store:
    """Create an empty store, without sign-in, so that orders send no mails."""
    return stores.create("bench", StoreSettings(name="Benchmark"), OPENED_AT)


def unstored_store() -> Store:
    """Return the store without writing it to a table."""
    return Store(id="bench", created_at=OPENED_AT, updated_at=OPENED_AT, **dict(StoreSettings(name="Benchmark")))


def people(store: Store, count: int = CUSTOMERS) -> Iterator[Customer]:
    """Yield customers, one per minute: first and last names of the sample, numbered e-mails."""
    sample = _sample()
    for number in range(count):
        first, last = sample[number % len(sample)], sample[number // len(sample) % len(sample)]
        at = OPENED_AT + timedelta(minutes=number)
        statistics = {} if number % 3 else _statistics(number, at)
        yield first.model_copy(
            update={
                "id": ids.derived("cus", at, str(number)),
                "created_at": at,
                "updated_at": at,
                "email": f"{number:05d}@{first.email.partition('@')[2]}",
                "last_name": last.last_name,
                "name": f"{first.first_name} {last.last_name}",
                **statistics,
            }
        )


def fill(store: Store, count: int = CUSTOMERS) -> list[str]:
    """Write customers to the table, and return their ids, oldest first."""
    customer_ids: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        # 12 customers with 2 items each are below the limit of 25 items per call.
        for block in itertools.batched(people(store, count), 2000, strict=False):
            customer_ids += [customer.id for customer in block]
            list(threads.map(lambda customers: put(store, customers), itertools.batched(block, 12, strict=False)))
    return customer_ids


def put(store: Store, customers: tuple[Customer, ...]) -> None:
    builders = (customer_records.claim, customer_records.record)
    dynamodb.put_all([build(store, customer).item() for customer in customers for build in builders])


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
