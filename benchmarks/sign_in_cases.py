"""What is measured of the storefront: asking for a link, signing in with it, the session, the account with its orders."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from tests.support.http_events import http_event

import storefront_api
from benchmarks.measure import Call, Case
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.sign_in import link_requests, link_sign_in
from clientela.sign_in.visitors import Visitor
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

ORDERS = 20  # on an account's page
SECRET, CODE, NOWHERE = "s" * 43, "123456", Visitor("192.0.2.1")


def every() -> list[Case]:
    """All cases, on a store of their own."""
    store = shop()
    token = _regular(store)
    return [
        Case("ask for a link", _asked(store), 3.0, most_write=5),
        Case("sign in", _sign_ins(store, known=True), 3.5, most_read=2, most_write=17),
        Case("sign up", _sign_ins(store, known=False), most_read=2, most_write=21),
        Case("session check", _repeated(store, token, "account"), 1.0, most_read=2, block=50),
        Case("checkout", _repeated(store, token, "account/checkout"), most_read=2, block=50),
        Case("account page, 20 orders", _account_page(store, token), 4.0, block=10),
    ]


def shop() -> Store:
    """A store where people sign in."""
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example.com")
    return stores.create("shop", settings, clock.now())


def visitor(number: int) -> str:
    """An address of a network of its own, so that no network's limit is met."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def link(store: Store, email: str, customer: Customer | None) -> dict[str, str]:
    """What the browser sends that asked for a link, once the mail is there."""
    now = clock.now()
    asked = link_sign_in.request_link(store, email, Visitor(visitor(next(_numbers))), "es", None, now)
    request = link_requests.find(store, asked.request_id)
    assert request
    link_requests.store_hashes(request, SECRET, CODE, customer, now)
    return {"token": f"{asked.request_id}.{SECRET}", "nonce": asked.nonce}


_numbers = itertools.count()


def _asked(store: Store) -> Iterator[Call]:
    for number in itertools.count():
        yield _request("POST", f"{store.id}/login-links", {"email": f"asks{number}@example.com"}, number)


def _sign_ins(store: Store, *, known: bool) -> Iterator[Call]:
    for number in itertools.count():
        email = f"{'known' if known else 'new'}{number}@example.com"
        customer = customers.create(store, NewCustomer(email=email), clock.now()) if known else None
        if customer:
            # Who signs in again: the first time proves the e-mail, which is history.
            customers.change(store, customer.id, _proven, clock.now())
        yield _request("POST", f"{store.id}/sessions", link(store, email, customer.id if customer else None), number)


def _proven(before: Customer) -> Customer:
    return before.model_copy(update={"email_status": "proven"})


def _regular(store: Store) -> str:
    """The session token of a customer with ORDERS orders."""
    now, email = clock.now(), "regular@example.com"
    for number in range(ORDERS):
        order = Order(
            id=f"regular-{number}",
            version=1,
            placed_at=now - timedelta(days=number),
            email=email,
            currency="USD",
            total=Decimal("49.62"),
            payment_status="paid",
            fulfillment_status="shipped",
            items=[],
        )
        orders.record_version(store, order, now)
    customer = customers.find(store, email, now)
    assert customer
    proof = link(store, email, customer)
    return link_sign_in.verify(store, link_sign_in.parse_proof(**proof), NOWHERE, now).token


def _repeated(store: Store, token: str, *paths: str) -> Iterator[Call]:
    calls = [_request("GET", f"{store.id}/{path}", token=token) for path in paths]
    while True:
        yield partial(_one_after_the_other, calls)


def _account_page(store: Store, token: str) -> Iterator[Call]:
    profile = _request("GET", f"{store.id}/account", token=token)
    own = _request("GET", f"{store.id}/account/orders", token=token, limit=ORDERS)
    while True:
        yield partial(_one_after_the_other, [profile, own])


def _one_after_the_other(calls: list[Call]) -> None:
    for call in calls:
        call()


def _request(
    method: str, path: str, body: Any = None, number: int = 0, token: str | None = None, **query: object
) -> Call:
    event = http_event(method, path, body, key=token, **query)
    event["requestContext"]["http"]["sourceIp"] = visitor(number)
    return partial(_handled, event)


def _handled(event: dict[str, Any]) -> None:
    answer = storefront_api.handler(event, None)
    if answer["statusCode"] >= 300:
        raise RuntimeError(f"{event['rawPath']}: {answer['statusCode']} {answer['body']}")
