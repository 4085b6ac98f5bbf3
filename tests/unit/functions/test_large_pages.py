"""Pages of large documents: each response stays below Lambda's limit, and nothing is left out or repeated."""

import json
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.orders import NOW, holder, take

import customers_api
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.lifecycle import customer_data
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import pagination

LIMIT = 6 * 1024 * 1024  # bytes of a response, as the runtime writes it
QUOTED = '"' * 200  # each is four characters in the response: \\\\\\"


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), NOW).key


def pages(key: str, path: str) -> list[Any]:
    """Return all pages of a list, whose responses Lambda would accept."""
    found, cursor = [], ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        response = customers_api.handler(http_event("GET", path, key=key, limit=100, **more), None)
        assert response["statusCode"] == 200
        assert len(json.dumps(response, ensure_ascii=False).encode()) < LIMIT
        found.append(answered(response))
        cursor = found[-1]["next_cursor"]
    return found


def test_a_list_of_the_largest_customers_is_cut(store: Store, key: str) -> None:
    book = [{"street": QUOTED, "street2": QUOTED, "city": QUOTED, "name": f"{n}"} for n in range(50)]
    made = [
        customers.create(store, NewCustomer(email=f"ana{n}@example.com", shipping_addresses=book), NOW).id
        for n in range(50)
    ]
    found = pages(key, "demo/customers")
    assert len(found) > 1
    assert sorted(each["id"] for page in found for each in page["items"]) == sorted(made)


def test_lists_of_the_largest_orders_are_cut(store: Store, key: str) -> None:
    items = [{"name": "x"}] * 2000
    for number in range(50):
        take(store, id=f"{number}", items=items, placed_at=f"2026-01-01T00:00:{number:02}Z")
    ana = holder(store)
    found = pages(key, f"demo/customers/{ana.id}/orders")
    assert len(found) > 1
    assert [each["id"] for page in found for each in page["items"]] == [f"{n}" for n in reversed(range(50))]

    told, cursor = list[str](), None
    while True:
        data = customer_data.own_page(store, ana, NOW, cursor)
        assert len(json.dumps({"body": data.model_dump_json()}, ensure_ascii=False).encode()) < LIMIT
        told, cursor = told + [each.id for each in data.orders], data.next_cursor
        if cursor is None:
            break
    assert told == [f"{n}" for n in range(50)]


def test_a_document_that_alone_is_too_large_has_a_page_of_its_own() -> None:
    assert pagination.count_fitting([b"x" * 10, b"y"], max_bytes=5) == 1
    assert pagination.count_fitting([b"xx", b"xx", b"y"], max_bytes=5) == 3
    assert pagination.count_fitting([], max_bytes=5) == 0
