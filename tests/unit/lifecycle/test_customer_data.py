"""Everything stored about a customer: all of it, page by page, and no secret in it."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.removals import Waiting
from tests.support.sign_ins import NOW, Mailbox, by_link, mailbox

from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.email_changes import email_changes
from clientela.lifecycle import customer_data, merges
from clientela.lifecycle.customer_data import CustomerData
from clientela.notifications import welcome_mail
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR, Actor
from clientela.sign_in import passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.visitors import Visitor
from clientela.signing import sha256_hex
from clientela.storefront import own_account
from clientela.stores.stores import Store
from clientela.table import dynamodb, job_keys, keys

ANA = "ana@example.com"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def opened(store: Store, box: Mailbox) -> SignedIn:
    """Ana, who has something of everything."""
    made = customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW)
    customers.patch(store, made.id, {"note": "pays late", "tags": ["vip"]}, NOW, by=Actor("api_key", "key_1"))
    signed_in = by_link(store, box.link(store))
    own_account.patch(store, made.id, {"accepts_marketing": True, "marketing_wording": "v1"}, NOW)
    passwords.change(store, customers.get(store, made.id), signed_in.session, "correct horse battery", NOW)
    email_changes.request(store, made, "new@example.org", None, Visitor("192.0.2.1"), NOW)
    welcome_mail.deliver(store, made.id, NOW)
    for number in range(3):
        orders.record_version(store, order(number), NOW)
    return signed_in


def order(number: int) -> Order:
    return Order(
        id=f"{number}",
        version=1,
        placed_at=NOW - timedelta(hours=number),
        email=ANA,
        currency="EUR",
        total=Decimal("9.90"),
        payment_status="paid",
    )


def pages(read: Any, store: Store, opened: SignedIn) -> list[CustomerData]:
    customer = customers.get(store, opened.customer.id)
    found = [read(store, customer, NOW)]
    while found[-1].next_cursor:
        found.append(read(store, customer, NOW, found[-1].next_cursor))
    return found


def test_all_that_is_stored_is_in_it(store: Store, opened: SignedIn) -> None:
    (data,) = pages(customer_data.page, store, opened)
    customer = customers.get(store, opened.customer.id)
    assert data.customer == customer
    assert customer.note == "pays late"
    assert [each.id for each in data.sessions] == [opened.session.id]
    assert {each.id for each in data.orders} == {"0", "1", "2"}
    assert [(each.state, each.wording) for each in data.consents] == [("subscribed", "v1")]
    assert {"registered", "note_updated", "password_updated"} <= {event.type for event in data.history}
    assert [each.email for each in data.email_changes] == ["new@example.org"]
    assert [(each.mail, each.outcome) for each in data.mails] == [("welcome", "sent")]
    assert data.password
    assert {"requested", "sent", "used"} <= {event.event for event in data.sign_ins}
    assert data.left_out == []


def test_every_kind_of_item_has_its_place(store: Store, opened: SignedIn) -> None:
    pk = {":pk": {"S": keys.customer(store.id, opened.customer.id)}}
    items = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=pk)["Items"]
    (data,) = pages(customer_data.page, store, opened)
    shown = [value for name, value in data if isinstance(value, list) and name not in ("sign_ins", "left_out")]
    assert (
        sum(map(len, shown)) == len(items) - 2 + 2
    )  # profile and password stand alone; the first and the newest entry of the history are part of the profile
    prefixes = {value for name, value in vars(keys).items() if name.endswith("_PREFIX")}
    of_stores = {
        keys.GROUP_PREFIX,
        keys.KEY_PREFIX,
        job_keys.IMPORT_PREFIX,
        job_keys.EXPORT_SCHEDULE_PREFIX,
        job_keys.EXPORT_SCHEDULE_STATE_PREFIX,
        job_keys.EXPORT_PREFIX,
        job_keys.BULK_PREFIX,
        keys.ERASURE_PREFIX,
        keys.AUDIT_PREFIX,
        keys.MAIL_WORDS_PREFIX,
        keys.MOVED_ORDER_PREFIX,  # with the alias of a merged customer
    }
    # An item of a merged customer is several addresses: the next test.
    assert prefixes - of_stores - {keys.SIGN_IN_PREFIX, keys.MERGED_PREFIX} == set(customer_data.SECTIONS)


def test_the_address_of_a_merged_customer_is_in_it(store: Store, opened: SignedIn, waiting: Waiting) -> None:
    old = customers.create(store, NewCustomer(email="old@example.com"), NOW)
    merges.merge(store, opened.customer.id, old.id, NOW, OPERATOR, lambda: False)
    assert "old@example.com" in [
        each.email for data in pages(customer_data.page, store, opened) for each in data.email_changes
    ]


def test_what_a_merged_customer_had_is_in_it_while_it_is_stored(
    store: Store, opened: SignedIn, box: Mailbox, waiting: Waiting
) -> None:
    old = by_link(store, box.link(store, "old@example.com")).customer
    customers.patch(store, old.id, {"company": "ACME"}, NOW, by=Actor("api_key", "key_1"))
    welcome_mail.deliver(store, old.id, NOW)
    oldest = customers.create(store, NewCustomer(email="oldest@example.com", accepts_marketing=True), NOW)
    customers.patch(store, oldest.id, {"company": "First"}, NOW)
    merges.merge(store, old.id, oldest.id, NOW, OPERATOR, lambda: False)
    merges.merge(store, opened.customer.id, old.id, NOW, OPERATOR, lambda: False)
    waiting.work()
    for read in (customer_data.page, customer_data.own_page):
        shown = pages(read, store, opened)
        changes = [change.after for data in shown for event in data.history for change in event.changes]
        assert changes.count("ACME") == 2  # once filled in by the merge
        assert changes.count("First") == 1
        assert sum(mail.mail == "welcome" for data in shown for mail in data.mails) == 2
        consents = [each.merged_from for data in shown for each in data.consents]
        assert consents.count(oldest.id) == 1
    own = "".join(data.model_dump_json() for data in pages(customer_data.own_page, store, opened))
    assert "key_1" not in own


def test_the_owner_gets_all_but_the_merchants_note(store: Store, opened: SignedIn) -> None:
    (data,) = pages(customer_data.own_page, store, opened)
    assert data.customer
    assert (data.customer.note, data.customer.tags, data.left_out) == (None, ["vip"], ["note"])
    text = data.model_dump_json()
    assert "pays late" not in text
    assert "key_1" not in text
    assert {event.type for event in data.history} >= {"registered", "detail_updated"}


def test_no_secret_is_in_it(store: Store, opened: SignedIn) -> None:
    text = "".join(page.model_dump_json() for page in pages(customer_data.page, store, opened))
    record = passwords.find(store, opened.customer.id)
    assert record
    assert record.hash not in text
    assert sha256_hex(opened.token) not in text
    assert "hash" not in text
    assert opened.token.split("_", 3)[3] not in text


def test_pages_hold_each_thing_once(store: Store, opened: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = pages(customer_data.page, store, opened)
    monkeypatch.setattr(customer_data, "ITEMS", 2)
    found = pages(customer_data.page, store, opened)
    assert len(found) > 4
    assert [page.customer is not None for page in found].count(True) == 1
    for name, value in whole:
        if isinstance(value, list):
            assert [each for page in found for each in getattr(page, name)] == value


def test_what_has_ended_is_not_shown(store: Store, opened: SignedIn) -> None:
    later = NOW + timedelta(days=40)
    assert sessions.list_active(store, opened.customer, later) == []
    assert customer_data.page(store, opened.customer, later).sessions == []


def test_a_page_of_the_largest_orders_is_an_answer_that_lambda_takes(store: Store, opened: SignedIn) -> None:
    items = [{"sku": f"{number}", "name": "x" * 190, "quantity": 1, "price": "1.00"} for number in range(200)]
    for number in range(10, 50):
        orders.record_version(
            store, Order.model_validate(json.loads(order(number).model_dump_json()) | {"items": items}), NOW
        )
    found = pages(customer_data.page, store, opened)
    assert max(len(page.model_dump_json()) for page in found) < 5_000_000
    assert sum(len(page.orders) for page in found) == 43
