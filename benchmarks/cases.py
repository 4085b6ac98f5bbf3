"""Cases of the merchant API through its Lambda handler, of order messages, and of rows in files."""

import csv
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from tests.support.http_events import answered, http_event

import customers_api
import order_intake
from benchmarks import sample_store
from benchmarks.measure import Call, Case
from clientela import clock
from clientela.csv import csv_headers
from clientela.customers import customer_search
from clientela.exports import export_rows
from clientela.exports.export_requests import ExportContents
from clientela.imports import import_load, import_rows, import_writes
from clientela.imports.import_customers import Rules
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

PAGE = 100
ROWS = 100  # of a file, per call
SEARCH_WORD = "4999"  # in fifteen e-mails of 50,000, and in a few phones


def all_cases(store: Store, customer_ids: list[str]) -> list[Case]:
    """Return the cases for a store with these customers, oldest first."""
    key = api_keys.create(store.id, NewKey(name="benchmarks"), clock.now()).key
    api = partial(_request, store, key)
    customers, sampled_ids = f"{store.id}/customers", itertools.cycle(customer_ids[::97])
    last = last_cursor(store, key, len(customer_ids))
    list_ = partial(_repeat, api, "GET", customers)
    return [
        Case("create", (api("POST", customers, body) for body in _new_customers()), 3.0, max_write=8),
        Case("read", (api("GET", f"{customers}/{one}") for one in sampled_ids), 1.2, max_read=1, block=50),
        Case("page of 100 newest", list_(limit=PAGE), 7.0, max_read=40, max_ratio=0.45),
        Case("page of 100, last", list_(limit=PAGE, cursor=last), 7.0, max_read=40, max_ratio=0.45),
        Case("page of 100 by name", list_(limit=PAGE, sort="name"), 7.0, max_read=40, max_ratio=0.45),
        Case("page of 100 by spend", list_(limit=PAGE, sort="-spent"), 7.0, max_read=40, max_ratio=0.45),
        Case("exact e-mail", (api("GET", customers, email=email) for email in _emails(store)), 1.5, block=50),
        Case("search in all", list_(limit=PAGE, query=SEARCH_WORD), 20.0, max_read=1600, block=4),
        Case("change", (api("PATCH", f"{customers}/{one}", {"note": f"{i}"}) for i, one in enumerate(sampled_ids))),
        Case("first order", (_order(store, "first", i, 0) for i in itertools.count()), 3.0, 2, 24),
        Case("second order", _later_orders(store, "second"), 3.0, 3, 18),
        Case("order paid", _later_orders(store, "paid", payment_status="awaiting_payment"), 3.0, 3, 12),
        Case("order shipped", _later_orders(store, "shipped", fulfillment_status="processing"), 3.0, 3, 1),
        Case("import, per row", _imports(store), max_write=12 * ROWS, block=1, rows=ROWS),
        Case("export, per row", _exports(store), block=1, rows=ROWS * 10),
    ]


def last_cursor(store: Store, key: str, customers: int) -> str:
    """Return the cursor of the last page.

    Read all pages, and check that they contain every customer once.
    """
    cursor, ids = "", set[str]()
    following: dict[str, Any] = {}
    while True:
        event = http_event("GET", f"{store.id}/customers", key=key, limit=PAGE, **following)
        page = answered(customers_api.handler(event, None))
        ids |= {customer["id"] for customer in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
        following = {"cursor": cursor}
    if len(ids) != customers:
        raise RuntimeError(f"the pages have {len(ids)} of {customers} customers")
    return cursor


def _request(store: Store, key: str, method: str, path: str, body: Any = None, **query: Any) -> Call:
    event = http_event(method, path, body, key=key, **query)
    return partial(_handle, event)


def _handle(event: dict[str, Any]) -> None:
    answer = customers_api.handler(event, None)
    if answer["statusCode"] >= 300:
        raise RuntimeError(f"{event['rawPath']}: {answer['statusCode']} {answer['body']}")


def _repeat(api: Callable[..., Call], *request: Any, **query: object) -> Iterator[Call]:
    while True:
        yield api(*request, **query)


def _new_customers() -> Iterator[dict[str, Any]]:
    for number in itertools.count():
        yield {
            "email": f"new{number}@example.com",
            "first_name": "Helena",
            "last_name": "Holý",
            "language": "cs",
            "phone": "+420 2 4177 0449",
            "company": "JetBrains s.r.o.",
            "accepts_marketing": True,
            "tags": ["vip"],
            "billing_address": {"street": "Rilská 3174/6", "city": "Prague", "postal_code": "14300", "country": "CZ"},
        }


def _emails(store: Store) -> Iterator[str]:
    emails = [customer.email for customer in itertools.islice(sample_store.people(store), 500)]
    return itertools.cycle(emails)


def _order(store: Store, prefix: str, buyer: int, number: int, version: int = 1, **statuses: str) -> Call:
    address = {
        "name": "Helena Holý",
        "street": "Rilská 3174/6",
        "city": "Prague",
        "postal_code": "14300",
        "country": "CZ",
    }
    order = {
        "id": f"{prefix}-{buyer}-{number}",
        "number": f"{number}",
        "version": version,
        "email": f"{prefix}{buyer}@example.com",
        "placed_at": clock.format_timestamp(sample_store.OPENED_AT + timedelta(days=number)),
        "currency": "USD",
        "total": "49.62",
        "payment_status": "paid",
        "payment_method": "card",
        "name": "Helena Holý",
        "language": "cs",
        "billing_address": address,
        "shipping_address": address,
        "items": [{"sku": f"TRACK-{i}", "name": "Balls to the Wall", "quantity": 1, "price": "0.99"} for i in range(4)],
    }
    message = SQSRecord({"body": json.dumps({"store_id": store.id, "order": order | statuses})})
    return partial(order_intake._record, message)


def _later_orders(store: Store, prefix: str, **earlier: str) -> Iterator[Call]:
    """Yield second orders, or, with `earlier` statuses, second versions of first orders."""
    for buyer in itertools.count():
        _order(store, prefix, buyer, 0, **earlier)()
        yield _order(store, prefix, buyer, 0, 2) if earlier else _order(store, prefix, buyer, 1)


def _imports(store: Store) -> Iterator[Call]:
    columns = csv_headers.recognise(
        ["email", "first name", "last name", "company", "phone", "billing city", "billing country"]
    )
    for number in itertools.count():
        lines = [
            f"row{number}-{i}@example.com,Helena,Holý,JetBrains s.r.o.,+420241770449,Prague,Czechia"
            for i in range(ROWS)
        ]
        rules = Rules(f"imp_{number}", "upsert", columns, sample_store.OPENED_AT, frozenset())
        yield partial(_import, store, lines, rules)


def _import(store: Store, lines: list[str], rules: Rules) -> None:
    rows = [import_rows.parse_row(line, cells, rules.columns) for line, cells in enumerate(csv.reader(lines), 2)]
    now = clock.now()
    import_writes.write(store, import_load.apply_chunk(store, rows, rules, now), rules, lambda: now)


def _exports(store: Store) -> Iterator[Call]:
    while True:
        yield partial(_export, store)


def _export(store: Store) -> None:
    items = itertools.islice(customer_search.all_profiles(store), ROWS * 10)
    export_rows.writer(store, ExportContents()).lines(items)
