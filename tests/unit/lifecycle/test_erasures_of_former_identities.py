"""Erasing a person who had other ids and addresses before: all of them are followed, and nobody else's."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support import erased_people
from tests.support.erasures import order, reference
from tests.support.http_events import answered, http_event
from tests.support.removals import Waiting
from tests.support.sign_ins import HERE, Mailbox, by_link, mailbox

import customers_api
from clientela import clock
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.email_changes import email_changes
from clientela.lifecycle import customer_removal, erasures, merges
from clientela.orders import orders
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_requests, sessions
from clientela.sign_in.sign_in_errors import LinkUsedError, SessionInvalidError
from clientela.stores import api_keys, key_changes, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()
EARLIER = [NOW - timedelta(days=1, hours=-hour) for hour in range(20)]  # ascending
ANA, FORMER, OLDER = "ana@example.com", "ana.perez@example.org", "anita@example.net"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch, waiting: Waiting) -> Mailbox:
    return mailbox(monkeypatch)


def create(store: Store, email: str, at: datetime = EARLIER[0], **fields: Any) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": email} | fields), at)


def move(store: Store, customer: Customer, email: str, at: datetime) -> Customer:
    return customers.patch(store, customer.id, {"email": email}, at)


def merge(store: Store, into: Customer, source: Customer) -> None:
    merges.merge(store, into.id, source.id, NOW, OPERATOR, lambda: False)


def erase(store: Store, customer: Customer, *more: str, now: datetime = NOW) -> erasures.Erasure:
    certificate = customer_removal.erase(store, customer.id, now, OPERATOR, lambda: False)
    assert certificate.status == "complete"
    assert erased_people.traces(erased_people.values_of(customer, *more)) == []
    return certificate


def post(key: str, path: str, body: Any, name: str) -> dict[str, Any]:
    return customers_api.handler(http_event("POST", path, body, key=key, headers={"idempotency-key": name}), None)


def test_a_kept_answer_about_a_merged_customer_goes_too(store: Store, box: Mailbox) -> None:
    key = api_keys.create("demo", NewKey(name="office"), NOW).key
    old = answered(post(key, "demo/customers", {"email": FORMER, "name": "Anita Former"}, "k"))
    ana = create(store, ANA)
    post(key, f"demo/customers/{ana.id}/merge", {"from_id": old["id"]}, "m")
    certificate = erase(store, ana, old["id"], FORMER, "Anita Former")
    assert certificate.deleted.answers == 2
    assert post(key, "demo/customers", {"email": FORMER, "name": "Anita Former"}, "k")["statusCode"] == 404


def test_a_kept_answer_of_a_revoked_key_goes(store: Store, box: Mailbox) -> None:
    issued = api_keys.create("demo", NewKey(name="office"), NOW)
    answered(post(issued.key, "demo/customers", {"email": ANA, "name": "Ana Pérez"}, "k"))
    key_changes.revoke("demo", issued.id, NOW)
    ana = customers.find(store, ANA, NOW)
    assert ana
    erase(store, ana)


def test_sign_ins_at_a_former_address_go(store: Store, box: Mailbox) -> None:
    ana = create(store, OLDER, name="Ana Pérez")
    by_link(store, box.link(store, OLDER, EARLIER[1]), EARLIER[1])
    move(store, ana, FORMER, EARLIER[2])
    by_link(store, box.link(store, FORMER, EARLIER[3]), EARLIER[3])
    ana = move(store, ana, ANA, EARLIER[4])
    certificate = erase(store, ana, OLDER, FORMER)
    assert certificate.deleted.sign_ins == 6
    assert tombstones.erased_among(store, [OLDER, FORMER, ANA]) == {OLDER, FORMER, ANA}


def test_an_unclaimed_order_under_a_former_address_becomes_its_money(aws: Any, box: Mailbox) -> None:
    closed = stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)
    ana = create(closed, FORMER)
    ana = move(closed, ana, ANA, EARLIER[1])
    orders.record_version(closed, order(email=FORMER, placed_at=EARLIER[2]), NOW)
    assert reference(closed).email == FORMER
    certificate = erase(closed, ana, FORMER, "Ana Pérez", "Gran Vía 1")
    assert (certificate.deleted.orders, certificate.kept[0].count) == (1, 1)
    assert reference(closed).money


def test_a_customer_merged_twice_leaves_no_id_and_no_address(store: Store, box: Mailbox) -> None:
    first = move(store, create(store, OLDER), "anna@example.com", EARLIER[1])
    second, ana = create(store, FORMER), create(store, ANA)
    box.link(store, OLDER, EARLIER[2])
    merge(store, second, first)
    merge(store, ana, second)
    erase(store, customers.get(store, ana.id), first.id, second.id, OLDER, FORMER, "anna@example.com")


def test_what_an_unfinished_merge_left_of_the_other_customer_goes(
    store: Store, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, ana = create(store, FORMER, note="calls herself Anita"), create(store, ANA)
    with monkeypatch.context() as dying:
        dying.setattr(customer_removal, "finish", lambda *_: True)
        merge(store, ana, old)
    erase(store, customers.get(store, ana.id), old.id, FORMER, "Anita")


def test_the_next_holder_of_a_former_address_keeps_everything(store: Store, box: Mailbox) -> None:
    ana = create(store, FORMER)
    by_link(store, box.link(store, FORMER, EARLIER[1]), EARLIER[1])
    ana = move(store, ana, ANA, EARLIER[2])
    void = box.link(store, FORMER, EARLIER[3])
    at = EARLIER[3] + timedelta(minutes=2)
    ben = by_link(store, box.link(store, FORMER, at), at)
    orders.record_version(store, order("7", email=FORMER, name="Ben", placed_at=EARLIER[4]), NOW)
    certificate = erase(store, ana)
    assert certificate.deleted.sign_ins == 3
    assert sessions.current(store, ben.token, EARLIER[4])[1].orders_count == 1
    with pytest.raises(LinkUsedError):
        by_link(store, void, at)
    assert link_requests.find(store, void.request.request_id)
    assert not tombstones.is_erased(store, FORMER)


def test_a_strangers_address_that_was_asked_for_and_never_proven_is_left_alone(aws: Any, box: Mailbox) -> None:
    closed = stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)
    ana = create(closed, ANA)
    email_changes.request(closed, ana, "ben@example.com", None, HERE, EARLIER[1])
    orders.record_version(closed, order(email="ben@example.com", name="Ben", placed_at=EARLIER[2]), NOW)
    customer_removal.erase(closed, ana.id, NOW, OPERATOR, lambda: False)
    assert reference(closed).email == "ben@example.com"
    assert not tombstones.is_erased(closed, "ben@example.com")
    assert erased_people.traces([ana.id, ANA]) == []


def test_a_change_asked_for_during_the_erasure_is_refused(store: Store, box: Mailbox) -> None:
    ana = create(store, ANA)
    erase(store, ana)
    with pytest.raises(SessionInvalidError):
        email_changes.request(store, ana, FORMER, None, HERE, NOW)
    assert erased_people.traces(erased_people.values_of(ana, FORMER)) == []
