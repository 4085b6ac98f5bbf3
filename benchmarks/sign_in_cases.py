"""Cases of the storefront: sign-in link, sign-in, session, and the account with its orders."""

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

ORDERS = 20  # on a page of the account
SECRET, CODE, NOWHERE = "s" * 43, "123456", Visitor("192.0.2.1")


def all_cases() -> list[Case]:
    """Return the cases, with a store of their own."""
    store = create_store()
    token = _signed_in(store)
    return [
        Case("ask for a link", _link_requests(store), 3.0, max_write=5),
        Case("sign in", _sign_ins(store, known=True), 3.5, max_read=2, max_write=17),
        Case("sign up", _sign_ins(store, known=False), max_read=2, max_write=21),
        Case("session check", _repeat(store, token, "account"), 1.0, max_read=2, block=50),
        Case("checkout", _repeat(store, token, "account/checkout"), max_read=2, block=50),
        Case("account page, 20 orders", _account_page(store, token), 4.0, block=10),
    ]


def create_store() -> Store:
    """Create a store with sign-in."""
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example.com")
    return stores.create("shop", settings, clock.now())


def ip_address(number: int) -> str:
    """Return an address in a different network each time, so that no network reaches its limit."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def proof_for(store: Store, email: str, customer: Customer | None) -> dict[str, str]:
    """Request a sign-in link, and return the token and the nonce for the sign-in."""
    now = clock.now()
    answer = link_sign_in.request_link(store, email, Visitor(ip_address(next(_numbers))), "es", None, now)
    request = link_requests.find(store, answer.request_id)
    assert request
    link_requests.store_hashes(request, SECRET, CODE, customer, now)
    return {"token": f"{answer.request_id}.{SECRET}", "nonce": answer.nonce}


_numbers = itertools.count()


def _link_requests(store: Store) -> Iterator[Call]:
    for number in itertools.count():
        yield _request("POST", f"{store.id}/login-links", {"email": f"requests{number}@example.com"}, number)


def _sign_ins(store: Store, *, known: bool) -> Iterator[Call]:
    for number in itertools.count():
        email = f"{'known' if known else 'new'}{number}@example.com"
        customer = customers.create(store, NewCustomer(email=email), clock.now()) if known else None
        if customer:
            # A repeated sign-in: the first one proves the e-mail, and adds to the history.
            customers.change(store, customer.id, _proven, clock.now())
        yield _request("POST", f"{store.id}/sessions", proof_for(store, email, customer), number)


def _proven(before: Customer) -> Customer:
    return before.model_copy(update={"email_status": "proven"})


def _signed_in(store: Store) -> str:
    """Create a customer with ORDERS orders, and return a session token."""
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
    proof = proof_for(store, email, customer)
    return link_sign_in.verify(store, link_sign_in.parse_proof(**proof), NOWHERE, now).token


def _repeat(store: Store, token: str, *paths: str) -> Iterator[Call]:
    calls = [_request("GET", f"{store.id}/{path}", token=token) for path in paths]
    while True:
        yield partial(_call_all, calls)


def _account_page(store: Store, token: str) -> Iterator[Call]:
    profile = _request("GET", f"{store.id}/account", token=token)
    own = _request("GET", f"{store.id}/account/orders", token=token, limit=ORDERS)
    while True:
        yield partial(_call_all, [profile, own])


def _call_all(calls: list[Call]) -> None:
    for call in calls:
        call()


def _request(
    method: str, path: str, body: Any = None, number: int = 0, token: str | None = None, **query: object
) -> Call:
    event = http_event(method, path, body, key=token, **query)
    event["requestContext"]["http"]["sourceIp"] = ip_address(number)
    return partial(_handle, event)


def _handle(event: dict[str, Any]) -> None:
    answer = storefront_api.handler(event, None)
    if answer["statusCode"] >= 300:
        raise RuntimeError(f"{event['rawPath']}: {answer['statusCode']} {answer['body']}")
