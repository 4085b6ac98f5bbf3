"""Sign-in under concurrency, on DynamoDB Local: lost answers, mails delivered twice, customers changed meanwhile."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from clientela import clock, customers, mail_queue, sessions, sign_in, sign_in_mail, signing, stores
from clientela.customer_fields import NewCustomer
from clientela.errors import ClientelaError
from clientela.sign_in_requests import Proof
from clientela.stores import Store, StoreSettings
from clientela.visitors import Visitor

THREADS = 32
NOW = clock.now()
EMAIL = "ana@example.com"


@dataclass
class Mailbox:
    """What was asked for and what was sent."""

    queued: list[str]
    sent: list[Any]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    box = Mailbox([], [])
    monkeypatch.setattr(mail_queue, "put", lambda mail, store_id, request_id: box.queued.append(request_id))

    def take(store: Store, outgoing: Any) -> str:
        box.sent.append(outgoing)
        return "sent"

    monkeypatch.setattr("clientela.mail_delivery._sent", take)
    return box


@pytest.fixture
def store(table: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SIGNING_SECRET_ARN", "secret")
    monkeypatch.setattr(signing, "_read", lambda arn: (b"s" * 64,))
    stores._cache.clear()
    shop = StoreSettings(name="Demo", login_mode="optional", storefront_url="https://shop.example.com")
    return stores.create("demo", shop, NOW)


def link(store: Store, mailbox: Mailbox, email: str = EMAIL) -> tuple[Proof, Proof]:
    """The two proofs that a mail is good for: its link in the asking browser, and its code."""
    asked = sign_in.request_link(store, email, Visitor("192.0.2.1"), None, None, NOW)
    sign_in_mail.deliver(store, asked.request_id, NOW)
    context = mailbox.sent[-1].mail.context
    token = context["link"].partition("#token=")[2]
    code = context["code"].replace(" ", "")
    return sign_in.proof(token=token, nonce=asked.nonce), sign_in.proof(request_id=asked.request_id, code=code)


def at_once(times: int, act: Callable[[], Any]) -> Counter[str]:
    """Act so many times on THREADS threads that start together; how often each outcome came."""
    start = threading.Barrier(THREADS)
    began = threading.local()

    def one(_: int) -> str:
        if not hasattr(began, "yes"):
            began.yes = True
            start.wait(30)
        try:
            act()
        except ClientelaError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(times)))


def opened(store: Store) -> int:
    """How many sessions the customer has."""
    customer = customers.find(store, EMAIL, clock.now())
    return len(sessions.every(store, customer.id, NOW)) if customer else 0


def test_lost_answers_asked_for_at_once_are_one_session(store: Store, mailbox: Mailbox) -> None:
    proof, _ = link(store, mailbox)
    again = Proof(proof.request_id, proof.secret, proof.nonce, attempt="a-key-of-the-client")
    tokens: set[str] = set()
    outcomes = at_once(200, lambda: tokens.add(sign_in.verify(store, again, Visitor("192.0.2.1"), NOW).token))
    assert outcomes.keys() <= {"done", "busy"}  # busy: asked for once more, a machine under load answers then
    assert len(tokens) == opened(store) == 1


def test_deliveries_of_one_message_at_once_send_one_mail(store: Store, mailbox: Mailbox) -> None:
    asked = sign_in.request_link(store, EMAIL, Visitor("192.0.2.1"), None, None, NOW)
    at_once(100, lambda: sign_in_mail.deliver(store, asked.request_id, NOW))
    assert len(mailbox.sent) == 1


def test_sign_in_survives_changes_of_the_customer_at_the_same_time(store: Store, mailbox: Mailbox) -> None:
    customer = customers.create(store, NewCustomer(email=EMAIL), NOW)
    proof, _ = link(store, mailbox)
    numbers = iter(range(100))

    def act() -> None:
        number = next(numbers)
        if number == 20:
            sign_in.verify(store, proof, Visitor("192.0.2.1"), NOW)
        else:
            customers.patch(store, customer.id, {"note": str(number)}, NOW)

    at_once(40, act)
    if not opened(store):  # the changes kept it from coming through; then the link is good for another try
        sign_in.verify(store, proof, Visitor("192.0.2.1"), NOW)
    assert opened(store) == 1
    after = customers.get(store, customer.id)
    assert after.email_status == "proven"
    assert after.note
