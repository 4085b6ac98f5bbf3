"""Sign-in by link and code: who is let in, who is not, and why."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from clientela import clock, customers, limits, sessions, sign_in, sign_in_mail, sign_in_requests, stores
from clientela.customer_fields import Customer, NewCustomer
from clientela.errors import (
    AccountDisabledError,
    BrowserMismatchError,
    CodeLockedError,
    CodeWrongError,
    InvalidInputError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
    LoginDisabledError,
    SessionInvalidError,
    TooManyRequestsError,
)
from clientela.limits import Rule
from clientela.mails import Mail
from clientela.sign_in import LinkRequest, SignedIn
from clientela.stores import Store
from clientela.table import Transaction

NOW = clock.now()
ANA = "ana@example.com"


@dataclass
class Sent:
    """What the mail of a request held."""

    request: LinkRequest
    token: str
    code: str


@pytest.fixture
def mailed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mail]]:
    """What SES was given, as recipient and mail."""
    taken: list[tuple[str, Mail]] = []

    def take(store: Store, outgoing: Any) -> str:
        taken.append((outgoing.address, outgoing.mail))
        return "sent"

    monkeypatch.setattr("clientela.mail_delivery._sent", take)
    return taken


@pytest.fixture
def link(store: Store, mailed: list[tuple[str, Mail]]) -> Callable[..., Sent]:
    """Ask for a link and read the mail."""

    def ask(email: str = ANA, at: Any = NOW, return_to: str | None = None) -> Sent:
        request = sign_in.request_link(store, email, "192.0.2.1", "es", return_to, at)
        assert sign_in_mail.deliver(store, request.request_id, at) == "sent"
        context = mailed[-1][1].context
        return Sent(request, context["link"].partition("#token=")[2], context["code"].replace(" ", ""))

    return ask


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


def by_link(store: Store, sent: Sent, at: Any = NOW, **changes: Any) -> SignedIn:
    given = {"token": sent.token, "nonce": sent.request.nonce} | changes
    return sign_in.verify(store, sign_in.proof(**given), "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", at)


def by_code(store: Store, sent: Sent, code: str, at: Any = NOW) -> SignedIn:
    return sign_in.verify(store, sign_in.proof(request_id=sent.request.request_id, code=code), None, at)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def queued(store: Store) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def dump() -> str:
    return json.dumps(boto3.client("dynamodb").scan(TableName=os.environ["TABLE_NAME"])["Items"])


def test_link_in_the_asking_browser_opens_a_session_of_the_account(store: Store, ana: Customer, link: Any) -> None:
    opened = by_link(store, link())
    assert opened.customer.id == ana.id
    assert (opened.customer.email_status, opened.customer.last_sign_in_at) == ("proven", NOW)
    session, customer = sessions.current(store, opened.token, NOW)
    assert (session.device, customer) == ("Firefox on Windows", opened.customer)


def test_same_link_again_is_refused(store: Store, link: Any) -> None:
    sent = link()
    by_link(store, sent)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)


def test_newcomer_gets_an_account_where_the_store_lets_people_sign_up(store: Store, link: Any) -> None:
    customer = by_link(store, link("New@Example.com")).customer
    assert (customer.source, customer.type, customer.email_status, customer.language) == (
        "sign_in", "registered", "proven", "es",
    )  # fmt: skip
    assert customers.find(store, "new@example.com") == customer


def test_newcomer_gets_no_mail_where_accounts_are_by_invitation(store: Store, ana: Customer, mailed: Any) -> None:
    closed = stores.patch(store.id, {"login_mode": "required"}, NOW)
    outcomes = []
    for email in ("nobody@example.com", ANA):
        request = sign_in.request_link(closed, email, "192.0.2.1", None, None, NOW)
        outcomes.append(sign_in_mail.deliver(closed, request.request_id, NOW))
    assert outcomes == ["withheld", "sent"]


def test_guest_of_an_order_becomes_registered(store: Store, link: Any) -> None:
    guest = customers.made(NewCustomer(email=ANA), NOW, "order")
    with Transaction() as write:
        customers.add(write, store, guest)
    assert by_link(store, link()).customer.type == "registered"


def test_link_works_until_the_very_end_of_its_life(store: Store, link: Any) -> None:
    early, late = link("a@example.com"), link("b@example.com")
    with pytest.raises(LinkExpiredError):
        by_link(store, late, NOW + timedelta(minutes=10))
    assert by_link(store, early, NOW + timedelta(minutes=10, seconds=-1))


def test_other_browser_needs_the_code(store: Store, link: Any) -> None:
    sent = link()
    with pytest.raises(BrowserMismatchError):
        by_link(store, sent, nonce="another")
    opened = sign_in.verify(store, sign_in.proof(token=sent.token, code=sent.code), None, NOW)
    assert opened.customer.email == ANA


def test_code_works_with_the_request_alone(store: Store, link: Any) -> None:
    sent = link()
    assert by_code(store, sent, sent.code).customer.email == ANA


def test_five_wrong_codes_kill_the_code_but_not_the_bound_link(store: Store, link: Any) -> None:
    sent = link()
    for _ in range(5):
        with pytest.raises(CodeWrongError):
            by_code(store, sent, wrong(sent.code))
    with pytest.raises(CodeLockedError):
        by_code(store, sent, sent.code)
    assert by_link(store, sent)


def test_mail_sent_again_after_a_crash_does_not_reset_the_tries(
    store: Store, link: Any, mailed: list[tuple[str, Mail]]
) -> None:
    sent = link()
    for _ in range(5):
        with pytest.raises(CodeWrongError):
            by_code(store, sent, wrong(sent.code))
    request = sign_in_requests.find(store, sent.request.request_id)
    assert request
    sign_in_requests.keep_secrets(request, "another", "123456", None, NOW)
    with pytest.raises(CodeLockedError):
        by_code(store, sent, "123456")


@pytest.mark.parametrize("token", ["", "x", "a.b", "cs_01K_01K_secret", "." * 50])
def test_other_texts_are_no_link(store: Store, token: str) -> None:
    with pytest.raises(LinkUnknownError):
        sign_in.verify(store, sign_in.proof(token=token, nonce="n"), None, NOW)


def test_changed_secret_is_unknown(store: Store, link: Any) -> None:
    sent = link()
    with pytest.raises(LinkUnknownError):
        by_link(store, sent, token=sent.token + "x")


def test_link_of_another_store_is_unknown(store: Store, link: Any) -> None:
    other = stores.create("other", stores.StoreSettings(name="Other", login_mode="optional"), NOW)
    with pytest.raises(LinkUnknownError):
        by_link(other, link())


def test_signing_in_kills_links_asked_for_before(store: Store, link: Any) -> None:
    first = link()
    second = link(at=NOW + timedelta(minutes=2))
    by_link(store, second, NOW + timedelta(minutes=3))
    with pytest.raises(LinkUsedError):
        by_link(store, first, NOW + timedelta(minutes=4))
    with pytest.raises(LinkUsedError):
        by_code(store, first, first.code, NOW + timedelta(minutes=4))
    third = link(at=NOW + timedelta(minutes=5))
    assert by_link(store, third, NOW + timedelta(minutes=5))


def test_somebody_elses_request_leaves_a_pending_link_alive(store: Store, link: Any) -> None:
    mine = link()
    link(at=NOW + timedelta(minutes=2))
    assert by_link(store, mine, NOW + timedelta(minutes=3))


def test_disabled_account_is_told_only_after_proof(store: Store, ana: Customer, link: Any) -> None:
    sent = link()
    customers.patch(store, ana.id, {"status": "disabled"}, NOW)
    with pytest.raises(BrowserMismatchError):
        by_link(store, sent, nonce="another")
    with pytest.raises(AccountDisabledError):
        by_link(store, sent)
    with pytest.raises(LinkUsedError):  # enabling the account again does not bring the link back
        by_link(store, sent)


def test_link_dies_with_a_change_of_the_accounts_email(store: Store, ana: Customer, link: Any) -> None:
    sent = link()
    customers.patch(store, ana.id, {"email": "ana@example.org"}, NOW)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)
    assert customers.find(store, ANA) is None


@pytest.mark.parametrize(
    "changes", [{"status": "disabled"}, {"email_status": "bounced"}, {"email_status": "complained"}]
)
def test_no_mail_to_disabled_and_suppressed_accounts(
    store: Store, ana: Customer, mailed: list[Any], changes: dict[str, str]
) -> None:
    customers.change(store, ana.id, lambda before: before.model_copy(update=changes), NOW)
    request = sign_in.request_link(store, ANA, "192.0.2.1", None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "withheld"
    assert mailed == []


def test_account_with_a_non_ascii_local_part_gets_no_mail(store: Store, mailed: list[Any]) -> None:
    customers.create(store, NewCustomer(email="stanisław.wójcik@wp.pl"), NOW)
    request = sign_in.request_link(store, "stanisław.wójcik@wp.pl", "192.0.2.1", None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "withheld"


def test_mail_goes_to_the_stored_address(store: Store, mailed: list[tuple[str, Mail]]) -> None:
    customers.create(store, NewCustomer(email="Ana@BÜCHER.example"), NOW)
    request = sign_in.request_link(store, "aNa@xn--bcher-kva.example", "192.0.2.1", None, None, NOW)
    sign_in_mail.deliver(store, request.request_id, NOW)
    assert [address for address, _ in mailed] == ["Ana@bücher.example"]


def test_redelivered_message_sends_no_second_mail(store: Store, link: Any, mailed: list[Any]) -> None:
    sent = link()
    assert sign_in_mail.deliver(store, sent.request.request_id, NOW) == "repeated"
    assert len(mailed) == 1
    assert by_link(store, sent)


def test_mail_is_sent_after_a_crash_of_the_sender(store: Store, mailed: list[Any], monkeypatch: Any) -> None:
    request = sign_in.request_link(store, ANA, "192.0.2.1", None, None, NOW)
    with monkeypatch.context() as patch:
        patch.setattr("clientela.mail_delivery._sent", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sign_in_mail.deliver(store, request.request_id, NOW)
    assert sign_in_mail.deliver(store, request.request_id, NOW) == "sent"


def test_expired_request_sends_nothing(store: Store, mailed: list[Any]) -> None:
    request = sign_in.request_link(store, ANA, "192.0.2.1", None, None, NOW)
    assert sign_in_mail.deliver(store, request.request_id, request.expires_at) == "withheld"


def test_table_and_queue_hold_nothing_that_lets_anybody_in(store: Store, link: Any) -> None:
    sent = link()
    opened = by_link(store, sent)
    everything = dump() + json.dumps(queued(store))
    secrets = [sent.token.partition(".")[2], sent.request.nonce, opened.token.rpartition("_")[2], opened.token]
    assert not [secret for secret in secrets if secret in everything]
    assert f'"{sent.code}"' not in everything


def test_queue_is_asked_for_the_mail_without_an_address(store: Store) -> None:
    request = sign_in.request_link(store, ANA, "192.0.2.1", None, None, NOW)
    assert queued(store) == [{"mail": "sign_in_link", "store_id": "demo", "request_id": request.request_id}]


def test_work_of_asking_does_not_depend_on_the_account(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    customers.create(store, NewCustomer(email="known@example.com"), NOW)
    customers.create(store, NewCustomer(email="disabled@example.com", status="disabled"), NOW)
    calls: list[str] = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    monkeypatch.setattr("clientela.dynamodb._call", lambda *_: pytest.fail("the account was looked up"))
    works = []
    sign_in.request_link(store, "first@example.com", "192.0.2.1", None, None, NOW)  # reads the signing secret
    for email in ("known@example.com", "unknown@example.com", "disabled@example.com"):
        calls.clear()
        sign_in.request_link(store, email, "192.0.2.1", None, None, NOW)
        works.append(list(calls))
    assert works[0] == works[1] == works[2] != []


def test_one_mail_a_minute_and_five_an_hour_whatever_the_spelling(store: Store) -> None:
    def ask(email: str, seconds: int, ip: str) -> int | None:
        try:
            sign_in.request_link(store, email, ip, None, None, NOW + timedelta(seconds=seconds))
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
        sign_in.request_link(store, f"p{number}@example.com", f"2001:db8::{number:x}", None, None, NOW)
    with pytest.raises(TooManyRequestsError):
        sign_in.request_link(store, "victim@example.com", "2001:db8::ffff", None, None, NOW)
    assert sign_in.request_link(store, "victim@example.com", "2001:db8:0:1::1", None, None, NOW)


def test_limit_recognises_its_own_write_whose_answer_was_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = limits._counted

    def lost(*arguments: Any) -> bool:
        original(*arguments)
        return False

    monkeypatch.setattr(limits, "_counted", lost)
    limits.take("x", [Rule(1, 60)], NOW)


def test_store_without_sign_in_refuses(store: Store, link: Any) -> None:
    sent = link()
    closed = stores.patch(store.id, {"login_mode": "disabled"}, NOW)
    with pytest.raises(LoginDisabledError):
        sign_in.request_link(closed, ANA, "192.0.2.1", None, None, NOW)
    with pytest.raises(LoginDisabledError):
        by_link(closed, sent)
    assert sign_in_mail.deliver(closed, sent.request.request_id, NOW) == "repeated"


@pytest.mark.parametrize("page", ["/account?tab=orders", "https://shop.example.com/x", "https://m.example.com/"])
def test_shopper_returns_to_the_stores_own_pages(store: Store, link: Any, page: str) -> None:
    stores.patch(store.id, {"allowed_origins": ["https://m.example.com"]}, NOW)
    own = stores.get(store.id)
    request = sign_in.request_link(own, ANA, "192.0.2.1", None, page, NOW)
    stored = sign_in_requests.find(own, request.request_id)
    assert stored
    assert stored.return_to == page


@pytest.mark.parametrize(
    "page",
    [
        "//evil.example", "/\\evil.example", "https://evil.example/", "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/", "javascript:alert(1)", "/a\nb", "http://shop.example.com/", "account",
    ],
)  # fmt: skip
def test_shopper_is_sent_to_no_other_page(store: Store, page: str) -> None:
    with pytest.raises(InvalidInputError):
        sign_in.request_link(store, ANA, "192.0.2.1", None, page, NOW)


def test_lost_answer_can_be_asked_for_again_by_whoever_holds_the_key(store: Store, link: Any) -> None:
    sent = link()
    first = by_link(store, sent, attempt="a-key-of-the-client")
    again = by_link(store, sent, NOW + timedelta(seconds=59), attempt="a-key-of-the-client")
    assert again.token == first.token
    assert len(sessions.every(store, first.customer.id, NOW)) == 1


@pytest.mark.parametrize(
    ("seconds", "changes"),
    [
        (1, {"attempt": "another-key-altogether"}), (1, {"attempt": None}), (60, {}), (1, {"nonce": "another"}),
    ],
)  # fmt: skip
def test_nobody_else_gets_the_session_again(store: Store, link: Any, seconds: int, changes: dict[str, Any]) -> None:
    sent = link()
    by_link(store, sent, attempt="a-key-of-the-client")
    with pytest.raises(LinkUsedError):
        by_link(store, sent, NOW + timedelta(seconds=seconds), **({"attempt": "a-key-of-the-client"} | changes))


def test_ended_session_does_not_come_back(store: Store, link: Any) -> None:
    sent = link()
    opened = by_link(store, sent, attempt="a-key-of-the-client")
    sessions.end_all(store, opened.customer.id)
    with pytest.raises(LinkUsedError):
        by_link(store, sent, attempt="a-key-of-the-client")
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, NOW)
