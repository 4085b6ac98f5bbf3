"""Undoing a merge, on a database with real transactions: both customers are as they were, whatever dies."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.test_merges import KEY, NOW, made, never, order, pair
from tests.support.http_events import answered, http_event
from tests.support.people import everybody

import customers_api
from clientela import clock
from clientela.customers import consents, customer_history, customers
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError, MergeFinalError, MergeNotFoundError
from clientela.groups import groups
from clientela.lifecycle import (
    customer_removal,
    merge_undo,
    merged_emails,
    merges,
    removal_queue,
)
from clientela.orders import order_integrity, order_lists, orders
from clientela.orders.statistics_rebuild import rebuild
from clientela.schema.actors import Actor
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

__all__ = ["pair"]
LATER = NOW + timedelta(days=6)
MOVING = {"version", "updated_at", "access_version"}


def plain(customer: Customer) -> dict[str, Any]:
    return customer.model_dump(mode="json", exclude=MOVING)


def exact(store: Store) -> None:
    """Nothing is loose, and the statistics are those of the orders."""
    assert not list(order_integrity.find_orphans(store))
    assert not [checked for checked in rebuild(store, NOW, dry_run=True) if checked.drift]


@pytest.fixture
def before(store: Store, pair: tuple[str, str]) -> Iterator[tuple[Customer, Customer]]:
    """Both customers before they are merged."""
    into, gone = (customers.get(store, each) for each in pair)
    yield into, gone
    exact(store)


def items(store: Store, customer_id: str) -> dict[str, dynamodb.Item]:
    pk = {":pk": {"S": keys.customer(store.id, customer_id)}}
    found = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=pk)["Items"]
    return {item["sk"]["S"]: item for item in found if not item["sk"]["S"].startswith(("ORDER#", "PROFILE"))}


def test_after_an_undo_both_are_as_they_were(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    stored = items(store, gone.id)
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    done = merge_undo.undo(store, into.id, gone.id, LATER, KEY, never)
    assert (done.orders_moved, done.fields_left, done.orders_left) == (6, [], [])
    assert (done.restored, done.customer) == (customers.get(store, gone.id), customers.get(store, into.id))
    assert (plain(done.customer), plain(done.restored)) == (plain(into), plain(gone))
    assert (done.customer.created_by, done.restored.created_by) == (into.created_by, gone.created_by)
    for customer in before:
        assert len(order_lists.of_customer(store, customer.id, 100).items) == 6
        assert customers.find(store, customer.email, NOW) == customers.get(store, customer.id)
    restored = items(store, gone.id)
    assert {sk: restored.get(sk) for sk in stored} == stored  # no item has an end
    (consent,) = consents.page(store, gone.id).items
    assert (consent.state, consent.merged_from) == ("subscribed", None)
    ledger = consents.page(store, into.id).items  # newest first
    assert [(each.merged_from, each.state) for each in ledger] == [(None, "unknown"), (None, "subscribed")]
    assert merged_emails.list_all(store, into.id, LATER) == []
    for customer_id in (into.id, gone.id):
        newest = customer_history.page(store, customers.get(store, customer_id), LATER).items[0]
        assert (newest.type, newest.actor.id) == ("merge_undone", "key_1")
    # The history of the one has nothing of the other.
    assert "Acme" not in str([entry.model_dump() for entry in customer_history.page(store, into, LATER).items])


def test_repeated_it_returns_the_same_and_they_can_be_merged_again(
    store: Store, before: tuple[Customer, Customer]
) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    done = merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    assert merge_undo.undo(store, into.id, gone.id, LATER, KEY, never) == done
    merges.merge(store, into.id, gone.id, LATER, KEY, never)
    assert [each.id for each in everybody(store)] == [into.id]
    again = merge_undo.undo(store, into.id, gone.id, LATER, KEY, never)
    assert (again.orders_moved, plain(again.customer), plain(again.restored)) == (6, plain(into), plain(gone))


def test_what_was_touched_since_stays_and_is_listed(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merged = merges.merge(store, into.id, gone.id, NOW, KEY, never).customer
    ourense = next(address for address in merged.shipping_addresses if address.city == "Ourense")
    book = [
        address.model_dump(mode="json") | ({"street": "Rua 5"} if address.id == ourense.id else {})
        for address in merged.shipping_addresses
    ]
    changes = {
        "company": "Acme II",
        "note": "new note",
        "tags": ["a", "c"],
        "custom_fields": {"z": 3, "w": 1},
        "shipping_addresses": book,
    }
    customers.patch(store, into.id, changes, LATER)
    orders.record_version(store, order(1, "ana@work.example", version=2, total="101.50"), LATER)
    orders.record_version(store, order(13, "ana@work.example"), LATER)  # a new one at the old address
    orders.record_version(store, order(14, "ana@example.com"), LATER)
    orders.record_version(store, order(3, "bo@example.com", version=2), LATER)  # its e-mail was corrected
    done = merge_undo.undo(store, into.id, gone.id, LATER, KEY, never)
    assert set(done.fields_left) == {"note", f"shipping_addresses/{ourense.id}", "custom_fields/z", "company"}
    assert (done.orders_left, done.orders_moved) == (["3"], 6)
    stays = done.customer
    assert (stays.company, stays.note, stays.tags) == ("Acme II", "new note", ["a", "c"])
    assert stays.custom_fields == {"x": 1, "y": 1, "z": 3, "w": 1}
    assert [(address.city, address.street) for address in stays.shipping_addresses] == [
        ("Vigo", "Calle 1"),
        ("Ourense", "Rua 5"),
    ]
    assert (stays.groups, stays.vat_id, stays.vat_id_status, stays.tax_exempt) == (into.groups, None, "none", False)
    back = done.restored
    assert (back.company, back.note, back.tags, back.groups) == ("Acme", "pays late", ["b", "a"], gone.groups)
    assert {each.id for each in order_lists.of_customer(store, gone.id, 100).items} == {"1", "5", "7", "9", "11", "13"}
    assert str(back.total_spent[0].amount) == "143.50"


def test_who_unsubscribed_since_stays_unsubscribed_on_both(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    customers.patch(store, into.id, {"accepts_marketing": False}, LATER)
    done = merge_undo.undo(store, into.id, gone.id, LATER, KEY, never)
    assert (done.customer.accepts_marketing, done.restored.accepts_marketing) == (False, False)
    assert consents.page(store, gone.id).items[0].state == "unsubscribed"


def test_a_group_that_is_gone_stays_gone(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    assert gone.primary_group
    groups.delete(store, gone.primary_group, NOW, KEY)
    done = merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    assert (done.restored.groups, done.restored.primary_group) == (into.groups, None)


def test_who_signed_in_since_stays_registered(store: Store) -> None:
    orders.record_version(store, order(1, "guest@example.com"), NOW)
    (guest,) = everybody(store)
    other = made(store, "other@example.com")
    merges.merge(store, guest.id, other.id, NOW, KEY, never)

    def sign_in(customer: Customer) -> Customer:
        return customer.model_copy(update={"last_sign_in_at": LATER})

    customers.change(store, guest.id, sign_in, LATER)
    done = merge_undo.undo(store, guest.id, other.id, LATER, KEY, never)
    assert (done.customer.type, done.customer.last_sign_in_at) == ("registered", LATER)


def test_an_undo_comes_too_late_after_seven_days(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    (past,) = merged_emails.list_all(store, into.id, NOW)
    assert past.undo_until == NOW + timedelta(days=7)
    late = NOW + timedelta(days=7, seconds=1)
    with pytest.raises(MergeFinalError):
        merge_undo.undo(store, into.id, gone.id, late, KEY, never)
    assert merged_emails.list_all(store, into.id, late)[0].undo_until is None
    with pytest.raises(MergeNotFoundError):
        merge_undo.undo(store, into.id, "cus_nobody", NOW, KEY, never)


def test_the_later_of_two_merges_is_undone_first(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    last = made(store, "last@example.com")
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    merges.merge(store, last.id, into.id, NOW, KEY, never)
    with pytest.raises(MergeFinalError, match=into.id):
        merge_undo.undo(store, last.id, gone.id, NOW, KEY, never)
    merge_undo.undo(store, last.id, into.id, NOW, KEY, never)
    assert plain(customers.get(store, last.id)) == plain(last)
    found = customers.find(store, gone.email, NOW)
    assert found
    assert found.id == into.id
    assert merged_emails.list_all(store, last.id, NOW) == []
    done = merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    assert (plain(done.customer), plain(done.restored)) == (plain(into), plain(gone))


def test_an_address_that_is_anothers_by_now_forbids_the_undo(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merged = merges.merge(store, into.id, gone.id, NOW, KEY, never).customer
    merged_emails.release(store, into.id, gone.id, NOW, KEY)
    newcomer = made(store, gone.email)
    with pytest.raises(EmailTakenError):
        merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    assert customers.get(store, into.id) == merged
    customer_removal.remove(store, newcomer.id, NOW, KEY)
    assert merge_undo.undo(store, into.id, gone.id, NOW, KEY, never).restored.email == gone.email


def test_an_erased_customer_is_not_divided_again(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    customer_removal.erase(store, into.id, LATER, KEY, never)
    with pytest.raises(CustomerNotFoundError):
        merge_undo.undo(store, into.id, gone.id, LATER, KEY, never)
    for pk in (keys.customer(store.id, gone.id), keys.merged(store.id, gone.id), keys.email(store.id, gone.email)):
        left = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}})
        assert left["Items"] == []


@pytest.mark.parametrize("erased", [0, 1])
def test_after_an_undo_an_erasure_takes_only_its_own_person(
    store: Store, before: tuple[Customer, Customer], erased: int
) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    stays = (gone, into)[erased]
    kept = items(store, stays.id)
    customer_removal.erase(store, before[erased].id, LATER, KEY, never)
    assert plain(customers.get(store, stays.id)) == plain(stays)
    assert items(store, stays.id) == kept
    assert len(order_lists.of_customer(store, stays.id, 100).items) == 6
    assert customers.find(store, stays.email, NOW) is not None


class DeathError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("takes_effect", [False, True])
def test_an_undo_that_dies_at_any_write_is_finished_by_asking_again_or_by_the_queue(
    store: Store, before: tuple[Customer, Customer], monkeypatch: pytest.MonkeyPatch, *, takes_effect: bool
) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    queued: list[str] = []
    monkeypatch.setattr(removal_queue, "put", lambda _store, customer_id, delay=0: queued.append(customer_id))
    transact, died = dynamodb.transact, 0

    def dies(writes: list[dict[str, Any]]) -> list[str] | None:
        if takes_effect:
            transact(writes)
        raise DeathError

    def once_then_dies(writes: list[dict[str, Any]]) -> list[str] | None:
        monkeypatch.setattr(dynamodb, "transact", dies)
        return transact(writes)

    for number in range(100):
        monkeypatch.setattr(dynamodb, "transact", dies if number == 0 or takes_effect else once_then_dies)
        try:
            if number % 2 and queued:  # the queue goes on
                customer_removal.finish(store, gone.id, NOW, never)
            else:
                merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
                break
        except DeathError:
            died += 1
        monkeypatch.setattr(dynamodb, "transact", transact)
        exact(store)
        assert sum(each.orders_count for each in everybody(store)) == 10
    monkeypatch.setattr(dynamodb, "transact", transact)
    assert died > 3
    done = merge_undo.undo(store, into.id, gone.id, NOW, KEY, never)
    assert (done.orders_moved, plain(done.customer), plain(done.restored)) == (6, plain(into), plain(gone))
    assert queued[0] == gone.id


def test_short_time_moves_a_part_and_the_next_call_goes_on(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    merges.merge(store, into.id, gone.id, NOW, KEY, never)
    looks = iter([False, False, True])
    with pytest.raises(BusyError, match="again to continue"):
        merge_undo.undo(store, into.id, gone.id, NOW, KEY, lambda: next(looks))
    assert len(order_lists.of_customer(store, gone.id, 100).items) == 2
    assert merge_undo.undo(store, into.id, gone.id, NOW, KEY, never).orders_moved == 6


def test_the_api_lists_releases_and_undoes(store: Store, before: tuple[Customer, Customer]) -> None:
    into, gone = before
    key = api_keys.create(store.id, NewKey(name="test"), clock.now()).key
    reader = api_keys.create(store.id, NewKey(name="reader", scopes=["customers:read"]), clock.now()).key

    def call(method: str, path: str, by: str = key) -> tuple[int, Any]:
        answer = customers_api.handler(http_event(method, f"{store.id}/customers/{path}", key=by), None)
        return answer["statusCode"], answered(answer) if answer["body"] else None

    merges.merge(store, into.id, gone.id, clock.now(), Actor("api_key", "key_1"), never)
    status, listed = call("GET", f"{into.id}/merges", reader)
    assert (status, [(each["from_id"], each["email"]) for each in listed["items"]]) == (
        200,
        [(gone.id, "ana@work.example")],
    )
    for method, path in (("DELETE", f"{into.id}/merges/{gone.id}/email"), ("POST", f"{into.id}/merges/{gone.id}/undo")):
        assert call(method, path, reader)[0] == 403
    assert call("DELETE", f"{into.id}/merges/cus_x/email")[1]["code"] == "merge_not_found"
    assert call("DELETE", f"{into.id}/merges/{gone.id}/email") == (204, None)
    assert call("GET", f"{into.id}/merges")[1]["items"][0]["released_at"]
    assert call("POST", f"{gone.id}/merges/x/undo")[0] == 308
    status, done = call("POST", f"{into.id}/merges/{gone.id}/undo")
    assert (status, done["from_id"], done["orders_moved"], done["restored"]["id"]) == (200, gone.id, 6, gone.id)
    assert call("POST", f"{into.id}/merges/{gone.id}/undo") == (status, done)
    assert call("POST", f"{into.id}/merges/cus_x/undo")[1]["code"] == "merge_not_found"
