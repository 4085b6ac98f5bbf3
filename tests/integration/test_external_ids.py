"""Ids of other systems, on a database with real transactions: unique in a store, and never without their customer."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.test_customers import outcomes
from tests.integration.test_erasures import _cut_calls, _CutError, waiting
from tests.support import table_checker, table_items

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BusyError, ExternalIdTakenError
from clientela.lifecycle import customer_removal, erasures, merge_undo, merges
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store

__all__ = ["waiting"]
NOW = clock.now()
WORKERS = 8
TAKEN = ExternalIdTakenError.__name__


@pytest.fixture(autouse=True)
def whole(store: Store) -> Iterator[None]:
    yield
    assert faults(store) == []


def faults(store: Store) -> list[str]:
    return [fault for fault in table_checker.faults(store.id) if fault.startswith("external ids")]


def made(store: Store, name: str, **external_ids: str) -> Customer:
    new = NewCustomer(email=f"{name}@example.com", external_ids=external_ids)
    return customers.create(store, new, NOW)


def owners(store: Store, external_id: str) -> list[str]:
    """The customers whom the filter finds."""
    page = customer_search.page(store, filter_=CustomerFilter(external_id=external_id))
    return [str(each["id"]) for each in page.items]


def merge(store: Store, into: Customer, source: Customer) -> Customer:
    return merges.merge(store, into.id, source.id, NOW, OPERATOR, lambda: False).customer


def undo(store: Store, into: Customer, source: Customer) -> merge_undo.UndoneMerge:
    return merge_undo.undo(store, into.id, source.id, NOW, OPERATOR, lambda: False)


def test_of_many_creates_with_one_id_one_wins_and_nothing_else_is_left(store: Store) -> None:
    ended = outcomes(lambda number: made(store, f"c{number}", shopify="6543"), WORKERS)
    assert sorted(ended) == sorted(["done"] + [TAKEN] * (WORKERS - 1))
    assert customer_search.count(store) == len(owners(store, "shopify:6543")) == 1


def test_of_many_changes_to_one_id_one_wins(store: Store) -> None:
    everybody = [made(store, f"c{number}") for number in range(WORKERS)]
    change = {"external_ids": {"shopify": "6543"}}
    ended = outcomes(lambda number: customers.patch(store, everybody[number].id, change, NOW), WORKERS)
    assert sorted(ended) == sorted(["done"] + [TAKEN] * (WORKERS - 1))
    assert len(owners(store, "shopify:6543")) == 1


def test_an_id_that_its_customer_gives_up_is_free(store: Store) -> None:
    ana, eva = made(store, "ana", shopify="1", pos="7"), made(store, "eva", pos="1")
    customers.patch(store, ana.id, {"external_ids": {"shopify": None}}, NOW)
    customers.patch(store, eva.id, {"external_ids": {"shopify": "1", "pos": "2"}}, NOW)
    customers.patch(store, ana.id, {"external_ids": {"pos": "1"}}, NOW)
    assert (owners(store, "shopify:1"), owners(store, "pos:1"), owners(store, "pos:7")) == ([eva.id], [ana.id], [])
    with pytest.raises(ExternalIdTakenError, match="“1” in “shopify”"):
        customers.patch(store, ana.id, {"external_ids": {"shopify": "1"}}, NOW)


def test_a_refused_create_leaves_its_email_free(store: Store) -> None:
    made(store, "ana", shopify="1")
    with pytest.raises(ExternalIdTakenError):
        made(store, "eva", shopify="1")
    assert made(store, "eva", shopify="2").email == "eva@example.com"


@pytest.mark.parametrize("end", [customer_removal.remove, erasures.begin])
def test_a_customer_who_is_gone_leaves_the_ids_free(store: Store, end: Callable[..., Any]) -> None:
    ana = made(store, "ana", shopify="1")
    end(store, ana.id, NOW, OPERATOR)
    eva = made(store, "eva", shopify="1")
    assert owners(store, "shopify:1") == [eva.id]


def test_an_erasure_deletes_and_counts_the_ids(store: Store) -> None:
    ana = made(store, "ana", shopify="canary-1", pos="canary-2")
    other = made(store, "other", till="canary-3", shopify="canary-4")
    merge(store, ana, other)
    certificate = customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False)
    assert (certificate.status, certificate.deleted.external_ids) == ("complete", 3)
    assert "canary" not in str([item for item in table_items.everything() if store.id in item["pk"]["S"]])


def test_a_merge_unites_the_ids_and_its_undo_returns_them(store: Store) -> None:
    ana, other = made(store, "ana", shopify="1", pos="1"), made(store, "other", shopify="2", till="3")
    assert merge(store, ana, other).external_ids == {"shopify": "1", "pos": "1", "till": "3"}
    assert (owners(store, "till:3"), owners(store, "shopify:2")) == ([ana.id], [])
    assert faults(store) == []
    undone = undo(store, ana, other)
    assert undone.customer.external_ids == {"shopify": "1", "pos": "1"}
    assert undone.restored.external_ids == {"shopify": "2", "till": "3"}
    assert (owners(store, "till:3"), owners(store, "shopify:2")) == ([other.id], [other.id])


def test_an_id_that_was_changed_since_the_merge_stays(store: Store) -> None:
    ana, other = made(store, "ana"), made(store, "other", till="3")
    merge(store, ana, other)
    customers.patch(store, ana.id, {"external_ids": {"till": "4"}}, NOW)
    undone = undo(store, ana, other)
    assert (undone.customer.external_ids, undone.restored.external_ids) == ({"till": "4"}, {"till": "3"})
    assert undone.fields_left == ["external_ids/till"]


@pytest.mark.parametrize("taker", ["eva", "ana"])
def test_an_undo_waits_until_the_ids_are_free(store: Store, taker: str) -> None:
    ana, eva = made(store, "ana", shopify="1"), made(store, "eva")
    other = made(store, "other", shopify="2")
    merge(store, ana, other)
    holder = {"ana": ana, "eva": eva}[taker]
    customers.patch(store, holder.id, {"external_ids": {"shopify": "2"}}, NOW)
    with pytest.raises(ExternalIdTakenError):
        undo(store, ana, other)
    assert owners(store, "shopify:2") == [holder.id]
    customers.patch(store, holder.id, {"external_ids": {"shopify": "9"}}, NOW)
    assert undo(store, ana, other).restored.external_ids == {"shopify": "2"}


def test_together_they_may_not_have_too_many(store: Store) -> None:
    ana = made(store, "ana", **{f"a{number}": "1" for number in range(20)})
    other = made(store, "other", **{f"a{number}": "2" for number in range(20)})
    assert merge(store, ana, other).external_ids == ana.external_ids
    assert undo(store, ana, other).restored.external_ids == other.external_ids


@pytest.mark.parametrize("landed", [False, True])
@pytest.mark.parametrize("verb", ["create", "change", "merge", "undo", "remove", "erase"])
def test_broken_off_at_any_call_ids_and_customers_agree(store: Store, verb: str, landed: bool) -> None:
    for at in itertools.count():
        ana = made(store, f"ana{at}", shopify=f"{at}")
        other = made(store, f"other{at}", shopify=f"o{at}", till=f"{at}")
        if verb == "undo":
            merge(store, ana, other)
        acts: dict[str, Callable[[], Any]] = {
            "create": lambda at=at: made(store, f"eva{at}", pos=f"{at}"),
            "change": lambda ana=ana, at=at: customers.patch(
                store, ana.id, {"external_ids": {"shopify": None, "pos": f"{at}"}}, NOW
            ),
            "merge": lambda ana=ana, other=other: merge(store, ana, other),
            "undo": lambda ana=ana, other=other: undo(store, ana, other),
            "remove": lambda ana=ana: customer_removal.remove(store, ana.id, NOW, OPERATOR),
            "erase": lambda ana=ana: customer_removal.erase(store, ana.id, NOW, OPERATOR, lambda: False),
        }
        with pytest.MonkeyPatch.context() as patch:
            _cut_calls(patch, at, landed=landed)
            try:
                acts[verb]()
            except (_CutError, BusyError):
                is_whole = False
            else:
                is_whole = True
        assert faults(store) == []
        if is_whole:
            break
    assert at >= 1
