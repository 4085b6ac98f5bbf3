"""Signing in by link and code: who is let in, who is not, and why."""

import json
import os
from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support import sign_ins, table_items
from tests.support.sign_ins import ANA, NOW, Mailbox, by_code, by_link, wrong

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import sign_in_mail
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_requests, link_sign_in, sessions
from clientela.sign_in.sign_in_errors import (
    AccountDisabledError,
    BrowserMismatchError,
    CodeLockedError,
    CodeWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.sign_in.visitors import Visitor
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


def queued() -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def dump() -> str:
    return json.dumps(table_items.everything())


def test_link_in_the_asking_browser_opens_a_session_of_the_account(store: Store, ana: Customer, box: Mailbox) -> None:
    opened = by_link(store, box.link(store))
    assert opened.customer.id == ana.id
    assert (opened.customer.email_status, opened.customer.last_sign_in_at) == ("proven", NOW)
    session, customer = sessions.current(store, opened.token, NOW)
    assert (session.device, customer) == ("Firefox on Windows", opened.customer)


def test_same_link_again_is_refused(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    by_link(store, sent)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)


def test_newcomer_gets_an_account_where_the_store_lets_people_sign_up(store: Store, box: Mailbox) -> None:
    customer = by_link(store, box.link(store, "New@Example.com")).customer
    assert (customer.source, customer.type, customer.email_status, customer.language) == (
        "sign_in",
        "registered",
        "proven",
        "es",
    )
    stored = customers.find(store, "new@example.com", clock.now())
    assert stored
    assert stored.model_dump() == customer.model_dump()


def test_guest_of_an_order_becomes_registered(store: Store, box: Mailbox) -> None:
    guest = customers.build(NewCustomer(email=ANA), NOW, "order")
    with Transaction() as write:
        customers.add(write, store, guest, OPERATOR)
    assert by_link(store, box.link(store)).customer.type == "registered"


def test_link_works_until_the_very_end_of_its_life(store: Store, box: Mailbox) -> None:
    early, late = box.link(store, "a@example.com"), box.link(store, "b@example.com")
    with pytest.raises(LinkExpiredError):
        by_link(store, late, NOW + timedelta(minutes=10))
    assert by_link(store, early, NOW + timedelta(minutes=10, seconds=-1))


def test_other_browser_needs_the_code(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    with pytest.raises(BrowserMismatchError):
        by_link(store, sent, nonce="another")
    opened = link_sign_in.verify(
        store, link_sign_in.parse_proof(token=sent.token, code=sent.code), Visitor("192.0.2.1"), NOW
    )
    assert opened.customer.email == ANA


def test_code_works_with_the_request_alone(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    assert by_code(store, sent, sent.code).customer.email == ANA


def test_five_wrong_codes_kill_the_code_but_not_the_bound_link(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    for _ in range(5):
        with pytest.raises(CodeWrongError):
            by_code(store, sent, wrong(sent.code))
    with pytest.raises(CodeLockedError):
        by_code(store, sent, sent.code)
    assert by_link(store, sent)


def test_mail_sent_again_after_a_crash_does_not_reset_the_tries(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    for _ in range(5):
        with pytest.raises(CodeWrongError):
            by_code(store, sent, wrong(sent.code))
    request = link_requests.find(store, sent.request.request_id)
    assert request
    link_requests.store_hashes(request, "another", "123456", None, NOW)
    with pytest.raises(CodeLockedError):
        by_code(store, sent, "123456")


@pytest.mark.parametrize("token", ["", "x", "a.b", "cs_01K_01K_secret", "." * 50])
def test_other_texts_are_no_link(store: Store, token: str) -> None:
    with pytest.raises(LinkUnknownError):
        link_sign_in.verify(store, link_sign_in.parse_proof(token=token, nonce="n"), Visitor("192.0.2.1"), NOW)


def test_changed_secret_is_unknown(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    with pytest.raises(LinkUnknownError):
        by_link(store, sent, token=sent.token + "x")


def test_link_of_another_store_is_unknown(store: Store, box: Mailbox) -> None:
    other = stores.create("other", stores.StoreSettings(name="Other", login_mode="optional"), NOW)
    with pytest.raises(LinkUnknownError):
        by_link(other, box.link(store))


def test_signing_in_kills_links_asked_for_before(store: Store, box: Mailbox) -> None:
    first = box.link(store)
    second = box.link(store, at=NOW + timedelta(minutes=2))
    by_link(store, second, NOW + timedelta(minutes=3))
    with pytest.raises(LinkUsedError):
        by_link(store, first, NOW + timedelta(minutes=4))
    with pytest.raises(LinkUsedError):
        by_code(store, first, first.code, NOW + timedelta(minutes=4))
    third = box.link(store, at=NOW + timedelta(minutes=5))
    assert by_link(store, third, NOW + timedelta(minutes=5))


def test_somebody_elses_request_leaves_a_pending_link_alive(store: Store, box: Mailbox) -> None:
    mine = box.link(store)
    box.link(store, at=NOW + timedelta(minutes=2))
    assert by_link(store, mine, NOW + timedelta(minutes=3))


def test_disabled_account_is_told_only_after_proof(store: Store, ana: Customer, box: Mailbox) -> None:
    sent = box.link(store)
    customers.patch(store, ana.id, {"status": "disabled"}, NOW)
    with pytest.raises(BrowserMismatchError):
        by_link(store, sent, nonce="another")
    with pytest.raises(AccountDisabledError):
        by_link(store, sent)
    with pytest.raises(LinkUsedError):  # enabling the account again does not bring the link back
        by_link(store, sent)


def test_what_was_shut_out_stays_out_when_the_account_is_enabled_again(
    store: Store, ana: Customer, box: Mailbox
) -> None:
    opened = by_link(store, box.link(store))
    pending = box.link(store, at=NOW + timedelta(minutes=2))
    later = NOW + timedelta(minutes=3)
    customers.patch(store, ana.id, {"status": "disabled"}, later)
    customers.patch(store, ana.id, {"status": "active"}, later)
    with pytest.raises(LinkUsedError):
        by_link(store, pending, later)
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, later)


def test_link_dies_with_a_change_of_the_accounts_email(store: Store, ana: Customer, box: Mailbox) -> None:
    sent = box.link(store)
    customers.patch(store, ana.id, {"email": "ana@example.org"}, NOW)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)
    assert customers.find(store, ANA, clock.now()) is None


def test_table_and_queue_hold_nothing_that_lets_anybody_in(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    opened = by_link(store, sent)
    everything = dump() + json.dumps(queued())
    secrets = [sent.token.partition(".")[2], sent.request.nonce, opened.token.split("_", 3)[3], opened.token]
    assert not [secret for secret in secrets if secret in everything]
    assert f'"{sent.code}"' not in everything


def test_store_without_sign_in_refuses(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    closed = store_settings.change_settings(store.id, {"login_mode": "disabled"}, NOW)
    with pytest.raises(LoginDisabledError):
        link_sign_in.request_link(closed, ANA, Visitor("192.0.2.1"), None, None, NOW)
    with pytest.raises(LoginDisabledError):
        by_link(closed, sent)
    assert sign_in_mail.deliver(closed, sent.request.request_id, NOW) == "repeated"


def test_lost_answer_can_be_asked_for_again_by_whoever_holds_the_key(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    first = by_link(store, sent, idempotency_key="a-key-of-the-client")
    again = by_link(store, sent, NOW + timedelta(seconds=59), idempotency_key="a-key-of-the-client")
    assert again.token == first.token
    assert len(sessions.list_active(store, first.customer, NOW)) == 1


@pytest.mark.parametrize(
    ("seconds", "changes"),
    [
        (1, {"idempotency_key": "another-key-altogether"}),
        (1, {"idempotency_key": None}),
        (60, {}),
        (1, {"nonce": "another"}),
    ],
)
def test_nobody_else_gets_the_session_again(store: Store, box: Mailbox, seconds: int, changes: dict[str, Any]) -> None:
    sent = box.link(store)
    by_link(store, sent, idempotency_key="a-key-of-the-client")
    with pytest.raises(LinkUsedError):
        by_link(store, sent, NOW + timedelta(seconds=seconds), **({"idempotency_key": "a-key-of-the-client"} | changes))


def test_ended_session_does_not_come_back(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    opened = by_link(store, sent, idempotency_key="a-key-of-the-client")
    sessions.end_all(store, opened.customer.id)
    with pytest.raises(LinkUsedError):
        by_link(store, sent, idempotency_key="a-key-of-the-client")
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, NOW)
