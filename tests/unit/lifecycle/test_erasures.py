"""Erasing a person: what goes, what stays, and who does not come back."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support import erased_people
from tests.support.erasures import MERCHANT, NOW, erase, holder, order, reference
from tests.support.http_events import answered, http_event
from tests.support.removals import Waiting
from tests.support.template_file import resources

import customers_api
import storefront_api
from clientela import clock
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import CustomerNotFoundError
from clientela.lifecycle import customer_removal, erasures, merges
from clientela.notifications import sign_in_mail
from clientela.orders import order_lists, orders
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_sign_in, sessions
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.sign_in.visitors import Visitor
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store


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
    later = NOW + timedelta(seconds=1)  # at the time of the erasure itself it is refused
    request = link_sign_in.request_link(store, "ana@example.com", Visitor("192.0.2.1", None), None, None, later)
    sent: list[Any] = []
    monkeypatch.setattr("clientela.mail.mail_delivery._send", lambda store, outgoing: sent.append(outgoing) or "sent")
    sign_in_mail.deliver(store, request.request_id, later)
    code = sent[-1].mail.context["code"].replace(" ", "")
    proof = link_sign_in.parse_proof(request_id=request.request_id, code=code)
    opened = link_sign_in.verify(store, proof, Visitor("192.0.2.1", None), later)
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
    german = erasures.get(store.model_copy(update={"language": "de"}), begun.id)
    assert german.kept[0].why.startswith("Für die Buchhaltung des Shops")
    assert all(each.why != other.why for each, other in zip(done.kept, german.kept, strict=True))
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
    assert {each["what"]: each["days"] for each in certificate["kept"]} == {
        "order_money_records": None,
        "keyed_hashes": None,
        "this_certificate": None,
        "export_files": 60,  # EXPORT_RETENTION_DAYS
        "import_files": 30,
        "dead_letters": resources("AWS::SQS::Queue")["OrdersDeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
        // 86400,
        "backups": 35,
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
    customer_removal.remove(store, ana.id, NOW, OPERATOR)
    with pytest.raises(CustomerNotFoundError):
        erase(store, ana)
    assert orders.record_version(store, order(version=2), NOW)
    again = holder(store)
    assert again
    assert again.orders_count == 1
