"""Concurrent changes of one customer, on a database with real conditions."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.interleaving import before_first

from clientela import clock
from clientela.customers import customer_history, customer_input, customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import (
    BusyError,
    ClientelaError,
    CustomerNotFoundError,
    EmailTakenError,
    InvalidInputError,
    VersionConflictError,
)
from clientela.groups import groups
from clientela.lifecycle import customer_removal, removal_queue
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

NOW = clock.now()
THREADS = 16


def outcomes(work: Any, times: int) -> list[str]:
    """The result of each concurrent attempt: `done`, or the name of the error."""

    def one(number: int) -> str:
        try:
            work(number)
        except ClientelaError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(one, range(times)))


def test_of_changes_on_one_version_one_wins(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    ended = outcomes(lambda n: customers.patch(store, ana.id, {"note": str(n)}, NOW, version=1), 32)
    assert ended.count("done") == 1
    assert set(ended) <= {"done", VersionConflictError.__name__, BusyError.__name__}
    assert customers.get(store, ana.id).version == 2


def test_changes_without_a_version_are_merged_without_loss(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)

    def until_done(number: int) -> None:
        while True:
            try:
                customers.patch(store, ana.id, {"custom_fields": {f"field{number}": number}}, NOW)
            except BusyError:  # the API answers 503: try again
                continue
            return

    assert set(outcomes(until_done, 40)) == {"done"}
    after = customers.get(store, ana.id)
    assert (after.custom_fields, after.version) == ({f"field{n}": n for n in range(40)}, 41)
    assert len(customer_history.page(store, ana, clock.now(), 100).items) == 41


def test_an_entry_that_an_erasure_overtakes_is_deleted_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal_queue, "put_message", lambda *message: None)
    ana = customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)
    customers.patch(store, ana.id, {"name": "Anita"}, NOW)

    def erase() -> None:
        customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False)

    before_first(monkeypatch, dynamodb, "write", erase)
    with pytest.raises(CustomerNotFoundError):
        customers.patch(store, ana.id, {"name": "Ann"}, NOW)
    assert dynamodb.query(**collection_of(store, ana.id))["Items"] == []


def test_an_erasure_counts_the_newest_entries(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal_queue, "put_message", lambda *message: None)
    ana = customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)
    for name in ("Anita", "Ann"):
        customers.patch(store, ana.id, {"name": name}, NOW)
    assert customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False).deleted.history == 2


def collection_of(store: Store, customer_id: str) -> dict[str, Any]:
    values = {":pk": {"S": keys.customer(store.id, customer_id)}}
    return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values, "ConsistentRead": True}


def test_the_largest_customer_changes_into_another_one(store: Store) -> None:
    def fields(letter: str) -> dict[str, object]:
        line, count = letter * 200, 50
        names = ("name", "company", "street", "street2", "city", "region")
        book = [{**dict.fromkeys(names, line), "postal_code": str(number)} for number in range(count)]
        return {"shipping_addresses": book[:37], "note": letter * 200}  # a little less than the limit

    ana = customers.create(store, NewCustomer.model_validate({"email": "ana@example.com"} | fields("😀")), NOW)
    after = customers.patch(store, ana.id, fields("😁"), NOW)
    assert (after.version, len(after.model_dump_json().encode()) > customer_input.MAX_BYTES * 0.9) == (2, True)
    assert len(customer_history.page(store, ana, NOW, 100).items) == 4
    with pytest.raises(InvalidInputError, match="190 KB"):
        customers.patch(store, ana.id, {"custom_fields": {f"f{n}": "😀" * 1000 for n in range(10)}}, NOW)


@pytest.mark.parametrize("in_a_group", [False, True])
def test_of_many_creates_of_one_address_one_wins_and_nothing_else_is_left(store: Store, in_a_group: bool) -> None:

    fields: dict[str, Any] = {}
    if in_a_group:
        fields = {"groups": [groups.create(store, groups.NewGroup(name="Trade", code="trade"), NOW).id]}
    spelled = ("ana@example.com", "Ana@Example.com", "ANA@EXAMPLE.COM")
    ended = outcomes(
        lambda n: customers.create(store, NewCustomer.model_validate({"email": spelled[n % 3]} | fields), NOW), 128
    )
    assert ended.count("done") == 1
    assert set(ended) <= {"done", EmailTakenError.__name__, BusyError.__name__}
    assert customer_search.count(store) == 1
