"""Erasing a person: what goes, what stays, and who does not come back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support import erased_people
from tests.support.http_events import answered, http_event
from tests.support.removals import Waiting

import customers_api
import storefront_api
from clientela import clock
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_history import Actor
from clientela.errors import CustomerNotFoundError, OrderNotFoundError
from clientela.lifecycle import customer_removal, erasures, merges
from clientela.notifications import sign_in_mail
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderReference
from clientela.sign_in import link_sign_in, sessions
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.sign_in.visitors import Visitor
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import keys

NOW = clock.now()
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
MERCHANT = Actor("api_key", "key_1")


def order(order_id: str = "1001", version: int = 1, placed_at: datetime = BEFORE, **fields: Any) -> Order:
    plain = {
        "id": order_id,
        "version": version,
        "placed_at": clock.format_timestamp(placed_at),
        "email": "ana@example.com",
        "name": "Ana Pérez",
        "currency": "EUR",
        "total": "10.00",
        "payment_status": "paid",
        "fulfillment_status": "shipped",
        "shipping_address": {"street": "Gran Vía 1", "city": "Madrid", "country": "ES"},
        "payment_method": "card",
    }
    return Order.model_validate(plain | fields)


def erase(store: Store, customer: Customer, *more: str) -> erasures.Erasure:
    """Erase a customer, and walk through all that is stored for what it has, and for more values of the person."""
    values = erased_people.values_of(customer, *more)
    certificate = customer_removal.erase(store, customer.id, NOW, MERCHANT, lambda: False)
    assert certificate.status == "complete"
    assert erased_people.traces(values) == []
    return certificate


def holder(store: Store, email: str = "ana@example.com") -> Customer | None:
    return customers.find(store, email, clock.now())


def reference(store: Store, order_id: str = "1001") -> OrderReference:
    found = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
    assert found
    return found


@pytest.fixture
def ana(store: Store, waiting: Waiting) -> Customer:
    """Ana, with everything that a customer can have."""
    for number in range(3):
        orders.record_version(store, order(f"{1001 + number}"), NOW)
    made = holder(store)
    assert made
    customers.patch(store, made.id, {"note": "calls herself Anita", "phone": "+34911222333"}, NOW)
    return customers.patch(store, made.id, {"accepts_marketing": True, "tags": ["vip"]}, NOW)


@pytest.fixture
def signed_in(store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The headers of Ana, who has just signed in by a link."""
    sent: list[Any] = []

    def take(store: Store, outgoing: Any) -> str:
        sent.append(outgoing)
        return "sent"

    monkeypatch.setattr("clientela.mail.mail_delivery._send", take)
    visitor = Visitor("192.0.2.1", "Firefox")
    asked = link_sign_in.request_link(store, "ana@example.com", visitor, None, None, clock.now())
    sign_in_mail.deliver(store, asked.request_id, clock.now())
    token = sent[-1].mail.context["link"].partition("#token=")[2]
    opened = link_sign_in.verify(store, link_sign_in.parse_proof(token=token, nonce=asked.nonce), visitor, clock.now())
    return {"authorization": f"Bearer {opened.token}"}


def test_owner_deletes_the_account_and_the_table_knows_neither_address_name_nor_id(
    store: Store, ana: Customer, signed_in: dict[str, str]
) -> None:
    answer = storefront_api.handler(http_event("DELETE", "demo/account", headers=signed_in), None)
    certificate = answered(answer)
    assert (answer["statusCode"], certificate["status"]) == (200, "complete")
    assert "Max-Age=0" in answer["headers"]["Set-Cookie"]
    assert certificate["requested_by"] == {"kind": "customer", "id": None}
    counts = certificate["deleted"]
    assert (counts["profile"], counts["addresses"], counts["orders"], counts["sessions"]) == (1, 1, 3, 1)
    assert counts["history"] >= 3
    assert counts["sign_ins"] >= 3
    money = next(each for each in certificate["kept"] if each["what"] == "order_money_records")
    assert money["count"] == 3
    assert erased_people.traces(erased_people.values_of(ana, "ana pérez", "anita", "+34911222333", "gran vía")) == []
    assert storefront_api.handler(http_event("GET", "demo/account", headers=signed_in), None)["statusCode"] == 401


def test_deleting_the_own_account_takes_a_fresh_sign_in(store: Store, ana: Customer, signed_in: dict[str, str]) -> None:
    token = signed_in["authorization"].removeprefix("Bearer ")
    assert sessions.current(store, token, NOW)
    later = clock.now() + sessions.RECENT
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        answer = storefront_api.handler(http_event("DELETE", "demo/account", headers=signed_in), None)
    assert (answer["statusCode"], answered(answer)["code"]) == (403, "fresh_sign_in_needed")
    assert customers.get(store, ana.id)


def test_the_shops_money_stays_and_nothing_else_of_an_order(store: Store, ana: Customer) -> None:
    erase(store, ana)
    kept = reference(store)
    assert kept.money.model_dump(mode="json") == {
        "currency": "EUR",
        "total": "10.00",
        "payment_status": "paid",
        "fulfillment_status": "shipped",
    }
    assert (kept.version, kept.placed_at, kept.customer_id, kept.email) == (
        1,
        clock.format_timestamp(BEFORE),
        None,
        None,
    )


def test_versions_of_an_erased_order_change_its_money_alone(store: Store, ana: Customer) -> None:
    erase(store, ana)
    assert not orders.record_version(store, order(version=1), NOW)
    assert orders.record_version(store, order(version=3, total="4.00", payment_status="partially_refunded"), NOW)
    assert not orders.record_version(store, order(version=2, total="9.00"), NOW)
    assert orders.record_version(store, order(version=4, total="3.00", email="other@example.com"), NOW)
    kept = reference(store)
    assert (kept.version, str(kept.money.total), kept.customer_id) == (4, "3.00", None)
    assert holder(store) is None
    assert holder(store, "other@example.com") is None


def test_an_order_placed_before_makes_no_account_and_one_placed_after_a_new_one(store: Store, ana: Customer) -> None:
    erase(store, ana)
    assert orders.record_version(store, order("late", placed_at=NOW - timedelta(milliseconds=1)), AFTER)
    assert holder(store) is None
    assert reference(store, "late").money.total == 10
    assert orders.record_version(store, order("new", placed_at=NOW), AFTER)
    again = holder(store)
    assert again
    assert (again.id != ana.id, again.orders_count) == (True, 1)
    assert [each.id for each in order_lists.of_customer(store, again.id).items] == ["new"]


def test_a_changed_email_takes_the_order_from_its_holder_into_the_money_alone(store: Store, ana: Customer) -> None:
    orders.record_version(store, order("7", email="ben@example.com", name="Ben", shipping_address=None), NOW)
    erase(store, ana)
    assert orders.record_version(store, order("7", version=2, email="ana@example.com"), NOW)
    ben = holder(store, "ben@example.com")
    assert ben
    assert (ben.orders_count, order_lists.of_customer(store, ben.id).items) == (0, [])
    with pytest.raises(OrderNotFoundError):
        orders.get(store, ben.id, "7")
    assert reference(store, "7").money


def test_an_address_that_the_person_had_before_is_buried_too(store: Store, ana: Customer) -> None:
    customers.patch(store, ana.id, {"email": "ana.perez@example.com"}, NOW)
    orders.record_version(store, order("1001", version=2), NOW)  # its e-mail is the old one, and stays with her
    erase(store, ana, "ana.perez@example.com")
    assert tombstones.erased_among(store, ["ana@example.com", "ana.perez@example.com", "ben@example.com"]) == {
        "ana@example.com",
        "ana.perez@example.com",
    }


def test_nothing_leads_from_a_customer_who_was_merged_into_the_person(store: Store, ana: Customer) -> None:
    old = customers.create(store, NewCustomer(email="old@example.com", name="Ana P."), NOW)
    orders.record_version(store, order("old", email="old@example.com"), NOW)
    merges.merge(store, ana.id, old.id, NOW, MERCHANT, lambda: False)
    erase(store, ana, old.id, "old@example.com", "ana p.")
    assert tombstones.is_erased(store, "old@example.com")
    assert reference(store, "old").money


def test_who_signs_up_again_comes_back_with_nothing(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(store, ana)
    request = link_sign_in.request_link(store, "ana@example.com", Visitor("192.0.2.1", None), None, None, NOW)
    sent: list[Any] = []
    monkeypatch.setattr("clientela.mail.mail_delivery._send", lambda store, outgoing: sent.append(outgoing) or "sent")
    sign_in_mail.deliver(store, request.request_id, NOW)
    code = sent[-1].mail.context["code"].replace(" ", "")
    proof = link_sign_in.parse_proof(request_id=request.request_id, code=code)
    opened = link_sign_in.verify(store, proof, Visitor("192.0.2.1", None), NOW)
    assert opened.customer.id != ana.id
    assert order_lists.of_customer(store, opened.customer.id).items == []
    assert (opened.customer.name, opened.customer.orders_count) == (None, 0)


def test_sessions_and_the_address_are_free_from_the_first_write_on(
    store: Store, ana: Customer, signed_in: dict[str, str], waiting: Waiting
) -> None:
    begun = customer_removal.erase(store, ana.id, clock.now(), MERCHANT, lambda: True)
    assert (begun.status, begun.completed_at) == ("running", None)
    assert begun.requested_by.id == "key_1"
    with pytest.raises(SessionInvalidError):
        sessions.current(store, signed_in["authorization"].removeprefix("Bearer "), NOW)
    with pytest.raises(CustomerNotFoundError):
        customers.get(store, ana.id)
    assert orders.record_version(store, order(version=2, total="1.00"), NOW)  # an order of hers in the middle of it
    assert holder(store) is None
    waiting.work()
    done = erasures.get(store, begun.id)
    assert (done.status, done.deleted.orders) == ("complete", 3)
    assert done.kept[0].count == 3
    assert str(reference(store).money.total) == "1.00"
    assert erased_people.traces(erased_people.values_of(ana)) == []
    assert waiting.messages == []


def test_merchant_erases_over_http_once_and_finds_the_certificate_again(store: Store, ana: Customer) -> None:
    key = api_keys.create("demo", NewKey(name="office"), NOW).key
    path = f"demo/customers/{ana.id}/erase"
    first, again = (customers_api.handler(http_event("POST", path, key=key), None) for _ in range(2))
    certificate = answered(first)
    assert (first["statusCode"], again["statusCode"]) == (200, 200)
    assert answered(again) == certificate
    one = customers_api.handler(http_event("GET", f"demo/erasures/{certificate['id']}", key=key), None)
    assert answered(one) == certificate
    page = answered(customers_api.handler(http_event("GET", "demo/erasures", key=key), None))
    assert page["items"] == [certificate]
    assert {each["what"] for each in certificate["kept"]} == {
        "order_money_records",
        "keyed_hashes",
        "this_certificate",
        "files",
        "backups",
    }
    for method, unknown in (("POST", "customers/cus_x/erase"), ("GET", "erasures/ers_x")):
        assert customers_api.handler(http_event(method, f"demo/{unknown}", key=key), None)["statusCode"] == 404


def test_a_kept_answer_forgets_the_person_and_the_request_is_not_done_again(store: Store, waiting: Waiting) -> None:
    key = api_keys.create("demo", NewKey(name="office"), NOW).key
    create = http_event(
        "POST",
        "demo/customers",
        {"email": "eve@example.com", "name": "Eve Adams"},
        key=key,
        headers={"idempotency-key": "k"},
    )
    made = answered(customers_api.handler(create, None))
    certificate = erase(store, customers.get(store, made["id"]))
    assert certificate.deleted.answers == 1
    again = customers_api.handler(create, None)
    assert (again["statusCode"], answered(again)["code"]) == (404, "customer_not_found")
    assert holder(store, "eve@example.com") is None


def test_a_merchant_may_make_the_person_a_customer_by_hand(store: Store, ana: Customer) -> None:
    erase(store, ana)
    assert customers.create(store, NewCustomer(email="ana@example.com"), NOW).id != ana.id


def test_a_deleted_customer_is_no_erased_one(store: Store, ana: Customer) -> None:
    customer_removal.remove(store, ana.id)
    with pytest.raises(CustomerNotFoundError):
        erase(store, ana)
    assert orders.record_version(store, order(version=2), NOW)
    again = holder(store)
    assert again
    assert again.orders_count == 1


def test_orders_that_wait_for_their_account_are_erased_with_it_and_later_ones_stay(aws: Any, waiting: Waiting) -> None:
    closed = stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)
    orders.record_version(closed, order(), NOW)
    orders.record_version(closed, order("later", placed_at=AFTER), NOW)
    made = customers.create(closed, NewCustomer(email="ana@example.com"), NOW)
    certificate = customer_removal.erase(closed, made.id, NOW, MERCHANT, lambda: False)
    assert erased_people.traces([made.id]) == []  # the later order has the address and the name
    assert (certificate.deleted.orders, certificate.kept[0].count) == (1, 1)
    erased = reference(closed)
    assert erased.money
    assert (str(erased.money.total), erased.customer_id, erased.email) == ("10.00", None, None)
    assert reference(closed, "later").email == "ana@example.com"
    assert not orders.record_version(closed, order(), NOW)
    assert orders.record_version(closed, order(version=2, total="9.00"), NOW)
    money = reference(closed).money
    assert money
    assert str(money.total) == "9.00"
    assert orders.record_version(
        closed, order("late", placed_at=BEFORE), NOW
    )  # an order from before that comes only now
    assert reference(closed, "late").email is None
    again = customers.create(closed, NewCustomer(email="ana@example.com"), AFTER)
    assert unclaimed_orders.adopt(closed, again, AFTER).orders_count == 1
