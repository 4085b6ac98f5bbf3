"""Asking for a sign-in link: the limits, the mail, and that nothing tells who has an account."""

import json
import os
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from tests.support import sign_ins
from tests.support.sign_ins import ANA, NOW, Mailbox, by_link

from clientela.aws.json_protocol import JsonClient
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError, InvalidInputError, TooManyRequestsError
from clientela.notifications import sign_in_mail
from clientela.schema.locale_formats import Country, Moment
from clientela.sign_in import link_requests, link_sign_in
from clientela.sign_in.sign_in_errors import CodeLockedError, LinkUsedError
from clientela.sign_in.visitors import Visitor
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, rate_limits, records
from clientela.table.rate_limits import Rule


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


def queued() -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_newcomer_gets_no_mail_where_accounts_are_by_invitation(store: Store, ana: Customer, box: Mailbox) -> None:
    closed = store_settings.change_settings(store.id, {"login_mode": "required"}, NOW)
    outcomes = []
    for email in ("nobody@example.com", ANA):
        request = link_sign_in.request_link(closed, email, Visitor("192.0.2.1"), None, None, NOW)
        outcomes.append(sign_in_mail.deliver(closed, request.request_id, NOW))
    assert outcomes == ["withheld", "sent"]


@pytest.mark.parametrize(
    "changes", [{"status": "disabled"}, {"email_status": "bounced"}, {"email_status": "complained"}]
)
def test_no_mail_to_disabled_and_suppressed_accounts(
    store: Store, ana: Customer, box: Mailbox, changes: dict[str, str]
) -> None:
    customers.change(store, ana.id, lambda before: before.model_copy(update=changes), NOW)
    request = link_sign_in.request_link(store, ANA, Visitor("192.0.2.1"), None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "withheld"
    assert box.mails == []


def test_account_with_a_non_ascii_local_part_gets_no_mail(store: Store, box: Mailbox) -> None:
    customers.create(store, NewCustomer(email="stanisław.wójcik@wp.pl"), NOW)
    request = link_sign_in.request_link(store, "stanisław.wójcik@wp.pl", Visitor("192.0.2.1"), None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "withheld"


def test_mail_goes_to_the_stored_address(store: Store, box: Mailbox) -> None:
    customers.create(store, NewCustomer(email="Ana@BÜCHER.example"), NOW)
    request = link_sign_in.request_link(store, "aNa@xn--bcher-kva.example", Visitor("192.0.2.1"), None, None, NOW)
    sign_in_mail.deliver(store, request.request_id, NOW)
    assert [address for address, _ in box.mails] == ["Ana@bücher.example"]


def test_redelivered_message_sends_no_second_mail(store: Store, box: Mailbox) -> None:
    sent = box.link(store)
    assert sign_in_mail.deliver(store, sent.request.request_id, NOW) == "repeated"
    assert len(box.mails) == 1
    assert by_link(store, sent)


def test_mail_is_sent_after_a_crash_of_the_sender(store: Store, box: Mailbox, monkeypatch: Any) -> None:
    request = link_sign_in.request_link(store, ANA, Visitor("192.0.2.1"), None, None, NOW)
    with monkeypatch.context() as patch:
        patch.setattr("clientela.mail.mail_delivery._send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sign_in_mail.deliver(store, request.request_id, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "sent"


def test_expired_request_sends_nothing(store: Store, box: Mailbox) -> None:
    request = link_sign_in.request_link(store, ANA, Visitor("192.0.2.1"), None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, request.expires_at) == "withheld"


def test_queue_is_asked_for_the_mail_without_an_address(store: Store) -> None:
    request = link_sign_in.request_link(store, ANA, Visitor("192.0.2.1"), None, None, NOW)
    assert queued() == [{"mail": "sign_in_link", "store_id": "demo", "request_id": request.request_id}]


def test_work_of_asking_does_not_depend_on_the_account(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    customers.create(store, NewCustomer(email="known@example.com"), NOW)
    customers.create(store, NewCustomer(email="disabled@example.com", status="disabled"), NOW)
    bounced = customers.create(store, NewCustomer(email="bounced@example.com"), NOW)
    customers.change(store, bounced.id, lambda before: before.model_copy(update={"email_status": "bounced"}), NOW)
    calls: list[str] = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return original(self, operation, arguments)

    send = JsonClient.send

    def recorded_lean(self: JsonClient, operation: str, body: bytes) -> Any:
        assert b"#EMAIL#" not in body, "the account was looked up"
        calls.append(operation)
        return send(self, operation, body)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    monkeypatch.setattr(JsonClient, "send", recorded_lean)
    works = []
    link_sign_in.request_link(
        store, "first@example.com", Visitor("192.0.2.1"), None, None, NOW
    )  # reads the signing secret
    for email in ("known@example.com", "unknown@example.com", "disabled@example.com", "bounced@example.com"):
        calls.clear()
        link_sign_in.request_link(store, email, Visitor("192.0.2.1"), None, None, NOW)
        works.append(list(calls))
    assert works[0] != []
    assert all(work == works[0] for work in works)


def test_one_mail_a_minute_and_five_an_hour_whatever_the_spelling(store: Store) -> None:
    def ask(email: str, seconds: int, ip: str) -> int | None:
        try:
            link_sign_in.request_link(store, email, Visitor(ip), None, None, NOW + timedelta(seconds=seconds))
        except TooManyRequestsError as error:
            return error.retry_after
        return None

    assert ask("ana@bücher.example", 0, "192.0.2.1") is None
    assert ask(" ANA@xn--bcher-kva.example", 20, "192.0.2.2") == 40
    assert [ask("Ana@BÜCHER.example", 60 * minute, "192.0.2.3") for minute in (1, 2, 3, 4)] == [None] * 4
    assert ask("ana@bücher.example", 300, "192.0.2.4") == 3300
    assert ask("ana@bücher.example", 3600, "192.0.2.5") is None


def test_fifty_an_hour_from_one_network(store: Store) -> None:
    for number in range(50):
        link_sign_in.request_link(store, f"p{number}@example.com", Visitor(f"2001:db8::{number:x}"), None, None, NOW)
    with pytest.raises(TooManyRequestsError):
        link_sign_in.request_link(store, "victim@example.com", Visitor("2001:db8::ffff"), None, None, NOW)
    assert link_sign_in.request_link(store, "victim@example.com", Visitor("2001:db8:0:1::1"), None, None, NOW)


def test_limit_recognises_its_own_write_whose_answer_was_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = dynamodb.client.send

    def twice(operation: str, body: bytes) -> Any:
        sent(operation, body)
        return sent(operation, body)

    monkeypatch.setattr(dynamodb.client, "send", twice)
    rate_limits.sliding_window("x", [Rule(1, 60)], NOW)


@pytest.mark.parametrize("page", ["/account?tab=orders", "https://shop.example.com/x", "https://m.example.com/"])
def test_shopper_returns_to_the_stores_own_pages(store: Store, box: Mailbox, page: str) -> None:
    store_settings.change_settings(store.id, {"allowed_origins": ["https://m.example.com"]}, NOW)
    own = stores.get(store.id)
    request = link_sign_in.request_link(own, ANA, Visitor("192.0.2.1"), None, page, NOW)
    stored = link_requests.find(own, request.request_id)
    assert stored
    assert stored.return_to == page


@pytest.mark.parametrize(
    "page",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/",
        "javascript:alert(1)",
        "/a\nb",
        "http://shop.example.com/",
        "account",
        "https://[",
        "https://[::1",
        "http://a[b]/",
    ],
)
def test_shopper_is_sent_to_no_other_page(store: Store, page: str) -> None:
    with pytest.raises(InvalidInputError):
        link_sign_in.request_link(store, ANA, Visitor("192.0.2.1"), None, page, NOW)


def test_a_deleted_request_is_not_brought_back(store: Store, box: Mailbox) -> None:
    box.link(store)
    request = link_requests.find(store, box.last.request_id)
    assert request
    records.delete(request)
    with pytest.raises(BusyError):
        link_requests.invalidate(request, NOW)
    with pytest.raises(CodeLockedError):
        link_requests.count_try(request, NOW)
    with pytest.raises(LinkUsedError):
        link_requests.store_hashes(request, "secret", "123456", None, NOW)
    assert link_requests.find(store, box.last.request_id) is None


def test_a_used_request_counts_no_code(store: Store, box: Mailbox) -> None:
    box.link(store)
    request = link_requests.find(store, box.last.request_id)
    assert request
    link_requests.invalidate(request, NOW)
    with pytest.raises(LinkUsedError):
        link_requests.count_try(request, NOW)
    used = link_requests.find(store, box.last.request_id)
    assert used
    assert (used.tries, bool(used.consumed_at)) == (0, True)


def test_mail_names_who_asked_and_has_the_code_first_for_a_browser_new_to_the_account(
    store: Store, ana: Customer, box: Mailbox
) -> None:
    phone = Visitor("192.0.2.1", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1", "ES")

    def asked(visitor: Visitor, minutes: int) -> tuple[bool, list[tuple[str, object]]]:
        at = NOW + timedelta(minutes=minutes)
        request = link_sign_in.request_link(store, ANA, visitor, None, None, at)
        assert sign_in_mail.deliver(store, request.request_id, at) == "sent"
        context = box.mails[-1][1].context
        assert context["asker"][0] == ("at", Moment(at, "UTC"))
        return context["is_code_first"], context["asker"][1:]

    # Before the first sign-in, every browser is new: that says nothing.
    assert asked(phone, 0) == (False, [("place", Country("ES")), ("device", "Safari · iPhone")])
    at = NOW + timedelta(minutes=2)
    by_link(store, box.link(store, at=at), at=at)  # from Firefox on Windows
    assert asked(phone, 4)[0] is True
    assert asked(sign_ins.HERE, 6) == (False, [("device", "Firefox · Windows")])
    assert asked(Visitor("192.0.2.1"), 8) == (True, [])
