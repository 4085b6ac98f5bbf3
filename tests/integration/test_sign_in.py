"""Sign-in under concurrency, on DynamoDB Local: one session a link, few guesses at a code, one mail, limits that hold.

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
from typing import Any

import boto3
import pytest
from local import dynamodb_local as engine
from tests.support import sign_ins
from tests.support.sign_ins import HERE, NOW, Mailbox, by_link, wrong

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError, ClientelaError
from clientela.notifications import sign_in_mail
from clientela.sign_in import link_requests, link_sign_in, sessions, sign_in_limits
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import dynamodb, rate_limits
from clientela.table.rate_limits import Rule
from clientela.table.transactions import Transaction

ROUNDS = int(os.environ.get("SIGN_IN_ROUNDS", "20"))
THREADS, CALLERS = 32, 1000


@pytest.fixture(scope="module")
def dynamodb_local(no_aws_account: None) -> Iterator[str]:
    """An engine of this module's own: 20,000 records in one table's stream make every other table of an engine slow."""
    with engine.dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture(scope="module", name="dynamodb")
def client_of_it(dynamodb_local: str) -> Any:
    """A client of it."""
    return boto3.client("dynamodb", endpoint_url=dynamodb_local)


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
    proof = link_sign_in.parse_proof(token=sent.token, nonce=sent.request.nonce)
    outcomes = at_once(threads, CALLERS, lambda number: link_sign_in.verify(store, proof, anybody(number), NOW))
    assert outcomes["done"] == 1
    assert outcomes.keys() <= {"done", "link_used", "busy"}  # where the machine is too slow to answer all in time
    assert opened(store, email) == 1


def opened(store: Store, email: str) -> int:
    """How many sessions the customer of an address has."""
    customer = customers.find(store, email, NOW)
    return len(sessions.list_active(store, customer, NOW)) if customer else 0


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

    def put_record(self, record: Any, condition: Any = None, otherwise: Any = None) -> None:
        super().put_record(record)

    def update(self, record: Any, actions: Any, condition: Any = None, otherwise: Any = None) -> None:
        super().update(record, actions)


def test_the_same_harness_fails_without_the_condition(
    store: Store, ana: Customer, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_sign_in, "Transaction", ReadThenWrite)
    with pytest.raises(AssertionError):
        demand_one_session(store, box, threads, ana.email)


@pytest.mark.parametrize("has_link", [True, False])
def test_of_a_hundred_parallel_codes_five_are_looked_at(
    store: Store, ana: Customer, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: Any, has_link: bool
) -> None:
    sent, looked = box.link(store), []
    is_code = link_requests.is_right_code

    def counted(*given: Any) -> bool:
        looked.append(given)
        return is_code(*given)

    monkeypatch.setattr(link_requests, "is_right_code", counted)
    named = {"token": sent.token} if has_link else {"request_id": sent.request.request_id}
    guess = link_sign_in.parse_proof(**named, code=wrong(sent.code))
    outcomes = at_once(threads, 100, lambda number: link_sign_in.verify(store, guess, anybody(number), NOW))
    assert 0 < outcomes["code_wrong"] == len(looked) <= 5
    assert outcomes.keys() <= {"code_wrong", "code_locked", "too_many_requests"}
    if has_link:  # which is no guess at an address, so nothing but the code's own five tries is counted
        assert outcomes == {"code_wrong": 5, "code_locked": 95}
    assert by_link(store, sent)  # in the browser that asked


def test_a_thousand_requests_at_once_are_one_mail(
    store: Store, box: Mailbox, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[str] = []
    monkeypatch.setattr("clientela.mail.mail_queue.put", lambda mail, store_id, **about: queued.append(store_id))
    spellings = ["ana@bücher.example", "ANA@BÜCHER.example", " Ana@xn--bcher-kva.example ", "aNa@XN--bcher-KVA.example"]

    def ask(number: int) -> None:
        link_sign_in.request_link(store, spellings[number % 4], anybody(number), None, None, NOW)

    outcomes = at_once(threads, 1000, ask)
    assert len(queued) == outcomes["done"] == 1
    assert outcomes == {"done": 1, "too_many_requests": 999}


def test_counters_let_as_many_through_and_no_more(deployed: None, threads: ThreadPoolExecutor) -> None:
    name, rule = uuid.uuid4().hex, Rule(100, 600)
    outcomes = at_once(threads, 500, lambda _: rate_limits.fixed_window(name, rule, NOW))
    assert 95 <= outcomes["done"] <= 100  # a count whose answer is lost is counted again
    assert at_once(threads, 40, lambda _: rate_limits.fixed_window(name, rule, NOW + timedelta(minutes=10))) == {
        "done": 40
    }


def test_times_let_no_more_through(deployed: None, threads: ThreadPoolExecutor) -> None:
    name, rules = uuid.uuid4().hex, (Rule(5, 60), Rule(7, 3600))
    let_through = sum(
        at_once(
            threads, 100, lambda _, at=NOW + timedelta(minutes=minute): rate_limits.sliding_window(name, rules, at)
        )["done"]
        for minute in range(3)
    )
    assert 0 < let_through <= 7


def test_the_tries_of_one_network_are_counted_over_all_it_tries(
    store: Store, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_limits, "tries_of_network", lambda store: Rule(20, 600))
    block = random.randrange(2**32)

    def attempt(number: int) -> None:
        caller = Visitor(f"2001:db8:{block >> 16:x}:{block & 0xFFFF:x}::{number:x}")  # addresses of one /64
        link_sign_in.verify(store, link_sign_in.parse_proof(token=f"req_{number}.x", nonce="n"), caller, NOW)

    outcomes = at_once(threads, 100, attempt)
    assert 15 <= outcomes["link_unknown"] <= 20
    assert outcomes.keys() == {"link_unknown", "too_many_requests"}


def test_limits_fail_closed(store: Store, ana: Customer, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, call = box.link(store), dynamodb.client.call

    def broken(operation: str, request: dict[str, Any]) -> Any:
        if "LIMIT#" in json.dumps(request):
            raise BusyError
        return call(operation, request)

    monkeypatch.setattr(dynamodb.client, "call", broken)
    for attempt in (
        lambda: by_link(store, sent),
        lambda: link_sign_in.request_link(store, "other@example.com", HERE, None, None, NOW),
    ):
        with pytest.raises(BusyError):
            attempt()
    assert len(box.mails) == 1


def test_lost_answers_asked_for_at_once_are_one_session(
    store: Store, box: Mailbox, threads: ThreadPoolExecutor
) -> None:
    sent, tokens = box.link(store), set[str]()

    def repeat(number: int) -> None:
        proof = link_sign_in.parse_proof(
            token=sent.token, nonce=sent.request.nonce, idempotency_key="a-key-of-the-client"
        )
        tokens.add(link_sign_in.verify(store, proof, anybody(number), NOW).token)

    outcomes = at_once(threads, 100, repeat)
    assert outcomes.keys() <= {"done", "busy"}  # on a slow machine a busy caller succeeds when it repeats
    assert len(tokens) == 1
    assert opened(store, sign_ins.ANA) == 1


def test_deliveries_of_one_message_at_once_send_one_mail(
    store: Store, box: Mailbox, threads: ThreadPoolExecutor
) -> None:
    asked = link_sign_in.request_link(store, sign_ins.ANA, HERE, None, None, NOW)
    at_once(threads, 100, lambda _: sign_in_mail.deliver(store, asked.request_id, NOW))
    assert len(box.mails) == 1


def test_sign_in_survives_changes_of_the_customer_at_the_same_time(
    store: Store, ana: Customer, box: Mailbox, threads: ThreadPoolExecutor
) -> None:
    sent = box.link(store)

    def act(number: int) -> None:
        if number == 20:
            by_link(store, sent)
        else:
            customers.patch(store, ana.id, {"note": str(number)}, NOW)

    at_once(threads, 40, act)
    if not opened(store, ana.email):  # the changes kept it from coming through; then the link is good for another try
        by_link(store, sent)
    assert opened(store, ana.email) == 1
    after = customers.get(store, ana.id)
    assert after.email_status == "proven"
    assert after.note
