"""Merging customers, on a database with real transactions: whatever dies or comes at the same time, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.people import everybody

import customers_api
from clientela import clock
from clientela.customers import consents, customer_history, customer_input, customer_search, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import (
    BusyError,
    ClientelaError,
    CustomerMergedError,
    EmailTakenError,
    InvalidInputError,
    MergeNotFoundError,
)
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle import customer_removal, merged_emails, merges
from clientela.orders import order_integrity, order_lists, orders
from clientela.orders.order_fields import Order
from clientela.orders.statistics_rebuild import rebuild
from clientela.schema.actors import Actor
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

NOW = clock.now()
KEY = Actor("api_key", "key_1")


def order(number: int, email: str, **fields: object) -> Order:
    plain: dict[str, object] = {
        "id": str(number),
        "version": 1,
        "placed_at": f"2026-01-01T00:{number:02}:00Z",
        "email": email,
        "currency": "EUR",
        "total": f"{number}.50",
        "payment_status": "cancelled" if number % 5 == 0 else "paid",
        "payment_method": f"m{number}",
    }
    return Order.model_validate(plain | fields)


def made(store: Store, email: str, **fields: object) -> Customer:
    return customers.create(store, customer_input.parse_new(store, {"email": email} | fields), NOW)


@pytest.fixture
def pair(store: Store) -> tuple[str, str]:
    """Ana, who stays, and her other account; each with orders of every kind."""
    trade, vip = (groups.create(store, NewGroup(name=code, code=code), NOW).id for code in ("trade", "vip"))
    home, work = {"street": "Calle 1", "city": "Vigo"}, {"street": "Calle 2", "city": "Lugo"}
    ana = made(
        store,
        "ana@example.com",
        name="Ana",
        groups=[trade],
        tags=["a"],
        note="rings twice",
        custom_fields={"x": 1, "y": 1},
        shipping_addresses=[home],
        billing_address=work,
        accepts_marketing=None,
    )
    other = made(
        store,
        "ana@work.example",
        name="A. Pérez",
        company="Acme",
        groups=[vip, trade],
        tags=["b", "a"],
        note="pays late",
        custom_fields={"y": 2, "z": 2},
        shipping_addresses=[{**home, "city": "VIGO"}, {"city": "Ourense"}],
        vat_id="ESB12345674",
        tax_exempt=True,
        tax_exemption={"reason": "reseller"},
        accepts_marketing=True,
        primary_group=vip,
        billing_address={"city": "Porto", "country": "PT"},
    )
    for number in range(1, 13):
        orders.record_version(store, order(number, ("ana@example.com", "ana@work.example")[number % 2]), NOW)
    return ana.id, other.id


def never() -> bool:
    return False


def whole(store: Store, into: str) -> Customer:
    """Who stayed: one customer with all orders, their statistics exact and nothing loose."""
    (customer,) = everybody(store)
    assert (customer.id, customer.orders_count, str(customer.total_spent[0].amount)) == (into, 10, "68.00")
    assert customer.last_payment_method == "m12"
    assert len(order_lists.of_customer(store, into, 100).items) == 12
    assert not list(order_integrity.find_orphans(store))
    assert not [checked for checked in rebuild(store, NOW, dry_run=True) if checked.drift]
    return customer


def test_the_one_who_stays_has_what_both_had(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    expected = merges.plan(store, into, gone)
    assert len(everybody(store)) == 2
    done = merges.merge(store, into, gone, NOW, KEY, never)
    after = whole(store, into)
    assert (done.customer, done.orders_moved, expected.orders_moved) == (after, 6, 6)
    moving = {"version", "updated_at"}
    assert expected.customer.model_dump(exclude=moving) == after.model_dump(exclude=moving)
    assert expected.changes == done.changes
    assert (after.email, after.name, after.company, after.vat_id) == ("ana@example.com", "Ana", "Acme", "ESB12345674")
    assert (after.vat_id_status, after.tax_exempt, after.accepts_marketing) == ("pending", True, True)
    (consent, current) = consents.page(store, into).items[::-1]
    assert (consent.merged_from, consent.state, current.merged_from, current.state) == (
        gone,
        "subscribed",
        None,
        "subscribed",
    )
    assert (len(after.groups), after.primary_group, after.tags) == (2, after.groups[1], ["a", "b"])
    assert (after.note, after.custom_fields) == ("rings twice\n\npays late", {"x": 1, "y": 1, "z": 2})
    assert [address.city for address in after.shipping_addresses] == ["Vigo", "Ourense", "Porto"]
    assert [address.is_default for address in after.shipping_addresses] == [True, False, False]
    entry = customer_history.page(store, after, NOW).items[0]
    assert (entry.type, entry.actor.id, entry.changes[0].before, entry.changes[0].after) == (
        "merged",
        "key_1",
        gone,
        into,
    )


def test_asked_again_it_is_the_same_merge_and_the_old_id_leads_on(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    done = merges.merge(store, into, gone, NOW, KEY, never)
    again = merges.merge(store, into, gone, NOW, KEY, never)
    assert (again.customer, again.orders_moved, merges.plan(store, into, gone).customer) == (
        done.customer,
        0,
        done.customer,
    )
    key = api_keys.create(store.id, NewKey(name="test"), clock.now()).key
    for path, query in ((gone, {}), (f"{gone}/orders", {"limit": "2"})):
        answer = customers_api.handler(http_event("GET", f"{store.id}/customers/{path}", key=key, **query), None)
        place = f"/v1/stores/{store.id}/customers/{path.replace(gone, into)}" + ("?limit=2" if query else "")
        assert (answer["statusCode"], answer["headers"]["Location"]) == (308, place)
        assert answered(answer)["code"] == "customer_merged"
    with pytest.raises(CustomerMergedError):
        customers.patch(store, gone, {"note": "x"}, NOW)
    left = dynamodb.query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"STORE#{store.id}#CUSTOMER#{gone}"}},
    )
    assert all(int(item["ttl"]["N"]) > NOW.timestamp() for item in left["Items"])  # until it can no longer be undone
    # A new version of a moved order stays with who has it.
    orders.record_version(store, order(1, "ana@work.example", version=2, total="101.50"), NOW)
    assert [(each.id, str(each.total_spent[0].amount)) for each in everybody(store)] == [(into, "168.00")]


def test_the_old_address_leads_to_the_one_who_stays(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    merges.merge(store, into, gone, NOW, KEY, never)
    found = customers.find(store, "Ana@work.example", NOW)
    assert found
    assert found.id == into
    orders.record_version(store, order(13, "ana@work.example"), NOW)
    listed = customer_search.page(store, filter_=CustomerFilter(email="ana@work.example")).items
    assert [(each["id"], each["orders_count"]) for each in listed] == [(into, 11)]
    with pytest.raises(EmailTakenError):
        made(store, "ana@work.example")
    with pytest.raises(EmailTakenError):
        customers.patch(store, made(store, "bo@example.com").id, {"email": "ana@work.example"}, NOW)
    # It may become the own one again.
    customers.patch(store, into, {"email": "ana@work.example"}, NOW)
    assert customers.find(store, "ana@example.com", NOW) is None


def test_old_addresses_lead_on_over_several_merges(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    last = made(store, "last@example.com").id
    merges.merge(store, into, gone, NOW, KEY, never)
    merges.merge(store, last, into, NOW, KEY, never)
    for email in ("ana@work.example", "ana@example.com"):
        found = customers.find(store, email, NOW)
        assert found
        assert found.id == last
    orders.record_version(store, order(13, "ana@work.example"), NOW)
    assert customers.get(store, last).orders_count == 11
    assert {each.from_id for each in merged_emails.list_all(store, last, NOW)} == {gone, into}


def test_a_released_address_is_free(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    merges.merge(store, into, gone, NOW, KEY, never)
    (past,) = merged_emails.list_all(store, into, NOW)
    assert (past.from_id, past.email, past.released_at) == (gone, "ana@work.example", None)
    for _ in range(2):
        merged_emails.release(store, into, gone, NOW, KEY)
        assert customers.find(store, "ana@work.example", NOW) is None
    (past,) = merged_emails.list_all(store, into, NOW)
    assert past.released_at == NOW
    orders.record_version(store, order(13, "ana@work.example"), NOW)
    newcomer = customers.find(store, "ana@work.example", NOW)
    assert newcomer
    assert newcomer.id not in (into, gone)
    merged_emails.release(store, into, gone, NOW, KEY)  # which is somebody else's by now
    assert customers.find(store, "ana@work.example", NOW) == newcomer
    with pytest.raises(MergeNotFoundError):
        merged_emails.release(store, into, newcomer.id, NOW, KEY)


def test_who_is_deleted_leaves_no_former_address_and_no_archive(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    merges.merge(store, into, gone, NOW, KEY, never)
    customer_removal.remove(store, into, NOW, KEY)
    assert customers.find(store, "ana@work.example", NOW) is None
    assert made(store, "ana@work.example").orders_count == 0
    for pk in (keys.customer(store.id, gone), keys.merged(store.id, gone), keys.customer(store.id, into)):
        left = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}})
        assert left["Items"] == []


def test_who_cannot_be_merged_stays(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    third = made(store, "c@example.com", custom_fields={f"f{number}": number for number in range(49)})
    for target, source in ((into, into), (into, third.id)):
        with pytest.raises(InvalidInputError) as refused:
            merges.merge(store, target, source, NOW, KEY, never)
        assert refused.value.fields[0].pointer in {"/from_id", "/custom_fields"}
    merges.merge(store, into, gone, NOW, KEY, never)
    with pytest.raises(InvalidInputError):
        merges.merge(store, third.id, gone, NOW, KEY, never)
    assert customers.get(store, third.id) == third


def test_a_merge_that_dies_at_any_transaction_is_finished_by_asking_again(
    store: Store, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    into, gone = pair
    transact, died = dynamodb.transact, 0

    class DeathError(Exception):
        pass

    def dies_after(count: int) -> Any:
        left = [count]

        def once(writes: list[dict[str, Any]]) -> list[str] | None:
            if not left[0]:
                raise DeathError
            left[0] -= 1
            return transact(writes)

        return once

    while True:
        monkeypatch.setattr(dynamodb, "transact", dies_after(1))
        try:
            merges.merge(store, into, gone, NOW, KEY, never)
            break
        except DeathError:
            died += 1
            monkeypatch.setattr(dynamodb, "transact", transact)
            assert not [checked for checked in rebuild(store, NOW, dry_run=True) if checked.drift]
            assert sum(each.orders_count for each in everybody(store)) == 10
    assert died == 7  # once for each order, once for the merge itself
    whole(store, into)


def test_short_time_moves_a_part_and_the_next_call_goes_on(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair
    looks = iter([False, False, True])
    with pytest.raises(BusyError, match="again to continue"):
        merges.merge(store, into, gone, NOW, KEY, lambda: next(looks))
    assert len(order_lists.of_customer(store, into, 100).items) == 8
    merges.merge(store, into, gone, NOW, KEY, never)
    whole(store, into)


def test_merges_orders_and_changes_at_the_same_time_lose_nothing(store: Store, pair: tuple[str, str]) -> None:
    into, gone = pair

    def until_done(work: Any) -> None:
        for _ in range(100):
            try:
                return work()
            except BusyError:
                continue
            except ClientelaError:
                return None
        raise AssertionError

    def noted(number: int) -> None:
        customers.patch(store, into, {"custom_fields": {f"note{number}": number}}, NOW)

    work: list[Any] = [lambda: merges.merge(store, into, gone, NOW, KEY, never)] * 2
    for number in range(1, 13):
        email = ("ana@example.com", "ana@work.example")[number % 2]
        work.append(
            lambda number=number, email=email: orders.record_version(store, order(number, email, version=2), NOW)
        )
    work += [lambda number=number: noted(number) for number in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(until_done, work))
    after = whole(store, into)
    assert {f"note{number}" for number in range(4)} <= after.custom_fields.keys()
