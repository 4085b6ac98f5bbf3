"""What sign-in promises, tried on DynamoDB Local until it would break: one session a link, few guesses, one mail, no confusion.

`SIGN_IN_ROUNDS` says how often a thousand callers try one link; twenty times where it is not set.
"""

import json
import os
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests import sign_ins
from tests.http_events import http_event
from tests.sign_ins import HERE, NOW, Mailbox, by_code, by_link, wrong

import customers_api
import email_sender
import storefront_api
from clientela import (
    api_keys,
    cursors,
    customers,
    dynamodb,
    keys,
    limits,
    settings,
    sign_in,
    sign_in_limits,
    sign_in_requests,
    signing,
    stores,
)
from clientela.api_keys import NewKey
from clientela.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError, ClientelaError, LinkExpiredError
from clientela.limits import Rule
from clientela.stores import Store, StoreSettings
from clientela.table import Transaction
from clientela.visitors import Visitor

ROUNDS = int(os.environ.get("SIGN_IN_ROUNDS", "20"))
THREADS, CALLERS = 32, 1000


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=sign_ins.ANA), NOW)


def at_once(threads: ThreadPoolExecutor, times: int, act: Callable[[int], Any]) -> Counter[str]:
    """Act so many times on THREADS threads that start together; how often each outcome came."""
    start, began = threading.Barrier(min(THREADS, times)), threading.local()

    def one(number: int) -> str:
        if not hasattr(began, "yes"):
            began.yes = True
            start.wait(60)
        try:
            act(number)
        except ClientelaError as error:
            return error.code
        return "done"

    return Counter(threads.map(one, range(times)))


def anybody(number: int) -> Visitor:
    """Somebody from one of 250 networks, so that no network's own limit is met."""
    return Visitor(f"198.51.100.{number % 250}")


def demand_one_session(store: Store, box: Mailbox, threads: ThreadPoolExecutor, email: str) -> None:
    """A thousand callers verify one link at once: AssertionError unless exactly one of them is let in."""
    sent = box.link(store, email)
    proof = sign_in.proof(token=sent.token, nonce=sent.request.nonce)
    outcomes = at_once(threads, CALLERS, lambda number: sign_in.verify(store, proof, anybody(number), NOW))
    assert outcomes["done"] == 1
    assert outcomes.keys() <= {"done", "link_used", "busy"}  # where the machine is too slow to answer all in time
    customer = customers.find(store, email, NOW)
    assert customer
    prefix = {":pk": {"S": keys.customer(store.id, customer.id)}, ":sk": {"S": keys.SESSION_PREFIX}}
    found = dynamodb.query(KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)", ExpressionAttributeValues=prefix)
    assert found["Count"] == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_thousand_verifies_of_one_link_open_one_session(
    store: Store, box: Mailbox, threads: ThreadPoolExecutor, number: int
) -> None:
    email = f"round{number}@example.com"
    if number % 2:
        customers.create(store, NewCustomer(email=email), NOW)
    demand_one_session(store, box, threads, email)


class ReadThenWrite(Transaction):
    """What must not be: the conditions are looked at before the write, not with it."""

    def save(self, record: Any, condition: Any = None, otherwise: Any = None) -> None:
        super().save(record)

    def update(self, record: Any, actions: Any, condition: Any = None, otherwise: Any = None) -> None:
        super().update(record, actions)


def test_the_same_harness_fails_without_the_condition(
    store: Store, ana: Customer, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "Transaction", ReadThenWrite)
    with pytest.raises(AssertionError):
        demand_one_session(store, box, threads, ana.email)


@pytest.mark.parametrize("has_link", [True, False])
def test_of_a_hundred_parallel_codes_five_are_looked_at(
    store: Store, ana: Customer, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: Any, has_link: bool
) -> None:
    sent, looked = box.link(store), []
    is_code = sign_in_requests.is_code

    def counted(*given: Any) -> bool:
        looked.append(given)
        return is_code(*given)

    monkeypatch.setattr(sign_in_requests, "is_code", counted)
    named = {"token": sent.token} if has_link else {"request_id": sent.request.request_id}
    guess = sign_in.proof(**named, code=wrong(sent.code))
    outcomes = at_once(threads, 100, lambda number: sign_in.verify(store, guess, anybody(number), NOW))
    assert 0 < outcomes["code_wrong"] == len(looked) <= 5
    assert outcomes.keys() <= {"code_wrong", "code_locked", "too_many_requests"}
    if has_link:  # which is no guess at an address, so nothing but the code's own five tries is counted
        assert outcomes == {"code_wrong": 5, "code_locked": 95}
    assert by_link(store, sent)  # in the browser that asked


def test_a_thousand_requests_at_once_are_one_mail(
    store: Store, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[str] = []
    monkeypatch.setattr("clientela.mail_queue.put", lambda mail, store_id, **about: queued.append(store_id))
    spellings = ["ana@bücher.example", "ANA@BÜCHER.example", " Ana@xn--bcher-kva.example ", "aNa@XN--bcher-KVA.example"]

    def ask(number: int) -> None:
        sign_in.request_link(store, spellings[number % 4], anybody(number), None, None, NOW)

    outcomes = at_once(threads, 1000, ask)
    assert len(queued) == outcomes["done"] == 1
    assert outcomes == {"done": 1, "too_many_requests": 999}


def test_counters_let_as_many_through_and_no_more(deployed: None, threads: ThreadPoolExecutor) -> None:
    name, rule = uuid.uuid4().hex, Rule(100, 600)
    outcomes = at_once(threads, 500, lambda _: limits.count(name, rule, NOW))
    assert 95 <= outcomes["done"] <= 100  # a count whose answer is lost is counted again
    assert at_once(threads, 40, lambda _: limits.count(name, rule, NOW + timedelta(minutes=10))) == {"done": 40}


def test_times_let_no_more_through(deployed: None, threads: ThreadPoolExecutor) -> None:
    name, rules = uuid.uuid4().hex, (Rule(5, 60), Rule(7, 3600))
    let_through = sum(
        at_once(threads, 100, lambda _, at=NOW + timedelta(minutes=minute): limits.take(name, rules, at))["done"]
        for minute in range(3)
    )
    assert 0 < let_through <= 7


def test_the_tries_of_one_network_are_counted_over_all_it_tries(
    store: Store, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_limits, "TRIES_OF_NETWORK", Rule(20, 600))
    block = random.randrange(2**32)

    def attempt(number: int) -> None:
        caller = Visitor(f"2001:db8:{block >> 16:x}:{block & 0xFFFF:x}::{number:x}")  # addresses of one /64
        sign_in.verify(store, sign_in.proof(token=f"req_{number}.x", nonce="n"), caller, NOW)

    outcomes = at_once(threads, 100, attempt)
    assert 15 <= outcomes["link_unknown"] <= 20
    assert outcomes.keys() == {"link_unknown", "too_many_requests"}


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
    assert sign_in_requests.find(store, sent.request.request_id)


def test_limits_fail_closed(store: Store, ana: Customer, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, call = box.link(store), dynamodb._call

    def broken(operation: str, request: dict[str, Any]) -> Any:
        if "LIMIT#" in json.dumps(request):
            raise BusyError
        return call(operation, request)

    monkeypatch.setattr(dynamodb, "_call", broken)
    for attempt in (
        lambda: by_link(store, sent),
        lambda: sign_in.request_link(store, "other@example.com", HERE, None, None, NOW),
    ):
        with pytest.raises(BusyError):
            attempt()
    assert len(box.mails) == 1


# What is a secret or looks like one, and every door at which something is presented.


def presented(method: str, path: str, body: Any = None, handler: Any = storefront_api, **more: Any) -> int:
    cookies = more.pop("cookies", [])
    event = http_event(method, path, body, **more) | {"cookies": cookies}
    event["requestContext"]["http"]["sourceIp"] = f"203.0.113.{random.randrange(250)}"
    return int(handler.handler(event, None)["statusCode"])


class Secrets:
    """One of everything that somebody of a store may hold."""

    def __init__(self, store: Store, box: Mailbox, email: str) -> None:
        self.store = store
        self.customer = customers.create(store, NewCustomer(email=email), NOW)
        self.session = by_link(store, box.link(store, email)).token
        self.sent = box.link(store, email, NOW + timedelta(minutes=2))
        self.key = api_keys.create(store.id, NewKey(name="till"), NOW).key
        orders = f"{keys.customer(store.id, self.customer.id)}/{keys.ORDER_PREFIX}"
        self.cursor = cursors.issue(orders, f"{keys.ORDER_PREFIX}x")

    def named(self) -> dict[str, str]:
        request_id, _, secret = self.sent.token.partition(".")
        return {
            "link": self.sent.token, "link's secret": secret, "request": request_id, "nonce": self.sent.request.nonce,
            "code": self.sent.code, "session": self.session, "session's secret": self.session.rpartition("_")[2],
            "key": self.key, "cursor": self.cursor, "e-mail": self.customer.email, "customer": self.customer.id,
            "signed": signing.sign("email-change", self.customer.id), "state": signing.sign("state", {"store": "x"}),
        }  # fmt: skip


def doors(secrets: Secrets, store_id: str) -> dict[str, Callable[[str], int]]:
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
    for path in private_reads():
        found[f"bearer {path}"] = lambda value, path=path: presented("GET", f"{store_id}/{path}", key=value)
        found[f"cookie {path}"] = lambda value, path=path: presented(
            "GET", f"{store_id}/{path}", cookies=[f"__Host-clientela_session={value}"]
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
        "link": "link", "link with code": "link", "nonce": "nonce", "request": "request", "merchant": "key",
        "cursor": "cursor",
    }  # fmt: skip
    return right.get(door) == value


@pytest.fixture
def clock_at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clientela.clock.now", lambda: NOW + timedelta(minutes=3))


def test_what_is_good_for_one_thing_is_good_for_nothing_else(store: Store, box: Mailbox, clock_at_now: None) -> None:
    secrets = Secrets(store, box, "ana@example.com")
    let_in = [
        (value, door)
        for door, present in doors(secrets, store.id).items()
        for value, text in secrets.named().items()
        if not fits(value, door) and present(text) < 400
    ]
    assert let_in == []
    # And each in its own place, the link last: it is used up then.
    opened = doors(secrets, store.id)
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
            for door, present in doors(holder, foreign.store.id).items()
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
        patch.setattr("clientela.mail_delivery._sent", lambda *_: broken_mail())
        assert email_sender.handler({"Records": [record]}, None)["batchItemFailures"]
    assert not email_sender.handler({"Records": [record]}, None)["batchItemFailures"]
    context = box.mails[-1][1].context
    token, code = context["link"].partition("#token=")[2], context["code"].replace(" ", "")
    proof = {"token": token, "nonce": asked["nonce"]}
    attempt = {"idempotency-key": "canary-of-the-attempt"}

    def post(path: str, body: Any, **more: Any) -> Any:
        return storefront_api.handler(http_event("POST", f"{store.id}/{path}", body, **more), None)

    with monkeypatch.context() as patch:  # a fault of ours with the request in its words
        patch.setattr("clientela.sign_in.verify", lambda *given: fault(given))
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
        token, token.partition(".")[2], asked["nonce"], session, session.rpartition("_")[2], by_password,
        by_password.rpartition("_")[2], password, attempt["idempotency-key"], code, context["code"],
    }  # fmt: skip
    kept = {
        "table": json.dumps(list(every_item())),
        "queue": json.dumps(list(every_message())),
        "logs": "".join(capsys.readouterr()) + caplog.text,
    }  # fmt: skip
    assert asked["request_id"] in kept["table"]
    assert asked["request_id"] in kept["queue"]
    assert "unhandled" in kept["logs"]
    assert [(place, secret) for place, text in kept.items() for secret in secrets if secret in text] == []


def every_message() -> Iterator[Any]:
    queue = boto3.client("sqs")
    while found := queue.receive_message(QueueUrl=settings.mail_queue_url(), MaxNumberOfMessages=10).get("Messages"):
        yield from found


def every_item() -> Iterator[Any]:
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=settings.table_name())
    for page in pages:
        yield from page["Items"]


def broken_mail() -> Any:
    raise RuntimeError("SES is gone")


def fault(given: Any) -> Any:
    raise RuntimeError(str(given))
