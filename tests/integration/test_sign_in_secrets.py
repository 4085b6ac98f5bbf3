"""What somebody may hold of sign-in: good for one thing, in one store, until one second; and kept nowhere."""

import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support import sign_ins, table_items
from tests.support.http_events import http_event
from tests.support.sign_ins import NOW, Mailbox, by_code, by_link, wrong

import customers_api
import email_sender
import storefront_api
from clientela import settings, signing
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import Order
from clientela.sign_in import link_requests
from clientela.sign_in.sign_in_errors import LinkExpiredError
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=sign_ins.ANA), NOW)


@pytest.mark.parametrize("seconds", [599, 600])
def test_links_and_codes_end_at_the_second(store: Store, ana: Customer, box: Mailbox, seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    sent = box.link(store, ana.email)
    other = box.link(store, "other@example.com")
    uses: list[Callable[[], Any]] = [lambda: by_link(store, sent, at), lambda: by_code(store, other, other.code, at)]
    for use in uses:
        if seconds < 600:
            assert use().token
        else:
            with pytest.raises(LinkExpiredError):
                use()
    # The item is still there: what ends a link is no deletion.
    assert link_requests.find(store, sent.request.request_id)


# What is a secret or looks like one, and every door at which something is presented.


def presented(method: str, path: str, body: Any = None, handler: Any = storefront_api, **more: Any) -> int:
    cookies = more.pop("cookies", [])
    event = http_event(method, path, body, **more) | {"cookies": cookies}
    event["requestContext"]["http"]["sourceIp"] = f"203.0.113.{random.randrange(250)}"
    return int(handler.handler(event, None)["statusCode"])


def order(number: int, email: str) -> Order:
    return Order(
        id=f"{number}",
        version=1,
        placed_at=NOW - timedelta(days=number),
        email=email,
        currency="EUR",
        total=Decimal("49.90"),
        payment_status="paid",
        fulfillment_status="shipped",
    )


class Secrets:
    """One of everything that somebody of a store may hold."""

    def __init__(self, store: Store, box: Mailbox, email: str) -> None:
        self.store = store
        self.customer = customers.create(store, NewCustomer(email=email), NOW)
        self.session = by_link(store, box.link(store, email)).token
        self.sent = box.link(store, email, NOW + timedelta(minutes=2))
        self.key = api_keys.create(store.id, NewKey(name="till"), NOW).key
        for number in range(2):
            orders.record_version(store, order(number, email), NOW)
        cursor = order_lists.of_customer(store, self.customer.id, 1).next_cursor
        assert cursor
        self.cursor = cursor

    def named(self) -> dict[str, str]:
        request_id, _, secret = self.sent.token.partition(".")
        return {
            "link": self.sent.token,
            "link's secret": secret,
            "request": request_id,
            "nonce": self.sent.request.nonce,
            "code": self.sent.code,
            "session": self.session,
            "session's secret": self.session.split("_", 3)[3],
            "key": self.key,
            "cursor": self.cursor,
            "e-mail": self.customer.email,
            "customer": self.customer.id,
            "signed": signing.sign("email-change", self.customer.id),
            "state": signing.sign("state", {"store": "x"}),
        }


def doors(secrets: Secrets, store_id: str, reads: Sequence[str]) -> dict[str, Callable[[str], int]]:
    """Each takes a value and says with which status it was answered; what goes with the value is right."""
    sessions, sent = f"{store_id}/sessions", secrets.sent
    found: dict[str, Callable[[str], int]] = {
        "link": lambda value: presented("POST", sessions, {"token": value, "nonce": sent.request.nonce}),
        "link alone": lambda value: presented("POST", sessions, {"token": value}),
        "link with code": lambda value: presented("POST", sessions, {"token": value, "code": sent.code}),
        "nonce": lambda value: presented("POST", sessions, {"token": sent.token, "nonce": value}),
        "request": lambda value: presented("POST", sessions, {"request_id": value, "code": sent.code}),
        "password": lambda value: presented("POST", sessions, {"email": secrets.customer.email, "password": value}),
        "merchant": lambda value: presented("GET", f"{store_id}/customers", handler=customers_api, key=value),
        "cursor": lambda value: presented("GET", f"{store_id}/account/orders", key=secrets.session, cursor=value),
        "cursor of customers": lambda value: presented(
            "GET", f"{store_id}/customers", handler=customers_api, key=secrets.key, cursor=value
        ),
    }
    for path in reads:
        found[f"bearer {path}"] = lambda value, path=path: presented("GET", f"{store_id}/{path}", key=value)
        found[f"cookie {path}"] = lambda value, path=path: presented(
            "GET", f"{store_id}/{path}", cookies=[f"__Host-clientela_session_{store_id}={value}"]
        )
    return found


def private_reads() -> list[str]:
    """The paths that a session reads, behind the store's."""
    paths = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())["paths"]
    base = "/v1/stores/{store_id}/"
    found = [
        path.removeprefix(base)
        for path, item in paths.items()
        if {"session": []} in item.get("get", {}).get("security", [])
    ]
    return [path for path in found if "{" not in path]


def fits(value: str, door: str) -> bool:
    """Whether a value is what this door is for."""
    if door.startswith(("bearer", "cookie ")):
        return value == "session"
    right = {
        "link": "link",
        "link with code": "link",
        "nonce": "nonce",
        "request": "request",
        "merchant": "key",
        "cursor": "cursor",
    }
    return right.get(door) == value


@pytest.fixture
def clock_at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clientela.clock.now", lambda: NOW + timedelta(minutes=3))


def test_what_is_good_for_one_thing_is_good_for_nothing_else(store: Store, box: Mailbox, clock_at_now: None) -> None:
    secrets = Secrets(store, box, "ana@example.com")
    let_in = [
        (value, door)
        for door, present in doors(secrets, store.id, private_reads()).items()
        for value, text in secrets.named().items()
        if not fits(value, door) and present(text) < 400
    ]
    assert let_in == []
    # And each in its own place, the link last: it is used up then.
    opened = doors(secrets, store.id, private_reads())
    right = [(value, door) for door in opened for value in secrets.named() if fits(value, door) and door != "request"]
    once = {"link", "link with code", "nonce"}
    for value, door in right:
        if door not in once:
            assert opened[door](secrets.named()[value]) == 200, (value, door)
    assert opened["link"](secrets.sent.token) == 201


def test_what_is_good_in_one_store_is_good_in_no_other(store: Store, box: Mailbox, clock_at_now: None) -> None:
    shop = StoreSettings(name="Other", login_mode="optional", storefront_url="https://other.example.com")
    other = stores.create(f"store-{uuid.uuid4().hex[:12]}", shop, NOW)
    here, there = Secrets(store, box, "ana@example.com"), Secrets(other, box, "ana@example.com")
    for own, foreign in ((here, there), (there, here)):
        # All of one store's, presented to the other; and one of its values among the other's own.
        let_in = [
            (value, door)
            for holder in (own, foreign)
            for door, present in doors(holder, foreign.store.id, ["account", "account/orders"]).items()
            for value, text in own.named().items()
            if not door.startswith("cursor") or holder is foreign
            if present(text) < 400
        ]
        assert let_in == []
    assert by_link(store, here.sent, NOW + timedelta(minutes=3))
    assert by_link(other, there.sent, NOW + timedelta(minutes=3))


def test_no_secret_is_logged_queued_or_stored(
    store: Store, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    email, password = "canary@example.com", "canary-in-the-coal-mine"
    asked = storefront_api.handler(http_event("POST", f"{store.id}/login-links", {"email": email}), None)
    asked = json.loads(asked["body"])
    message = json.dumps({"mail": "sign_in_link", "store_id": store.id, "request_id": asked["request_id"]})
    record = {"messageId": "m-1", "body": message, "eventSource": "aws:sqs"}
    with monkeypatch.context() as patch:  # a mail that SES does not take comes back to the queue
        patch.setattr("clientela.mail.mail_delivery._send", lambda *_: broken_mail())
        assert email_sender.handler({"Records": [record]}, None)["batchItemFailures"]
    assert not email_sender.handler({"Records": [record]}, None)["batchItemFailures"]
    context = box.mails[-1][1].context
    token, code = context["link"].partition("#token=")[2], context["code"].replace(" ", "")
    proof = {"token": token, "nonce": asked["nonce"]}
    attempt = {"idempotency-key": "canary-of-the-attempt"}

    def post(path: str, body: Any, **more: Any) -> Any:
        return storefront_api.handler(http_event("POST", f"{store.id}/{path}", body, **more), None)

    with monkeypatch.context() as patch:  # a fault of ours with the request in its words
        patch.setattr("clientela.sign_in.link_sign_in.verify", lambda *given: fault(given))
        assert post("sessions", proof)["statusCode"] == 500
    for body in ({"token": token}, proof | {"nonce": "x"}, {"token": token, "code": wrong(code)}, {"token": [token]}):
        assert post("sessions", body)["statusCode"] in {403, 422}
    opened = json.loads(post("sessions", proof, headers=attempt)["body"])
    session = opened["session_token"]
    assert post("sessions", proof)["statusCode"] == 410
    assert post("account/password", {"password": password}, key=session)["statusCode"] < 300
    by_password = json.loads(post("sessions", {"email": email, "password": password})["body"])["session_token"]
    post("sessions", {"email": email, "password": f"{password}-no"})
    secrets = {
        token,
        token.partition(".")[2],
        asked["nonce"],
        session,
        session.split("_", 3)[3],
        by_password,
        by_password.split("_", 3)[3],
        password,
        attempt["idempotency-key"],
        code,
        context["code"],
    }
    kept = {
        "table": json.dumps(list(every_item())),
        "queue": json.dumps(list(every_message())),
        "logs": "".join(capsys.readouterr()) + caplog.text,
    }
    assert asked["request_id"] in kept["table"]
    assert asked["request_id"] in kept["queue"]
    assert "unhandled" in kept["logs"]
    assert [(place, secret) for place, text in kept.items() for secret in secrets if secret in text] == []


def every_message() -> Iterator[Any]:
    queue = boto3.client("sqs")
    while found := queue.receive_message(QueueUrl=settings.mail_queue_url(), MaxNumberOfMessages=10).get("Messages"):
        yield from found


def every_item() -> Iterator[Any]:
    yield from table_items.everything()


def broken_mail() -> Any:
    raise RuntimeError("SES is gone")


def fault(given: Any) -> Any:
    raise RuntimeError(str(given))
