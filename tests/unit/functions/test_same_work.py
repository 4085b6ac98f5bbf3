"""A wrong secret does the same work for every state of an address, so that nobody learns which addresses exist."""

import json
import time
from typing import Any

import pytest
from benchmarks.traffic import record_traffic
from tests.support.erasures import order
from tests.support.http_events import http_event

import storefront_api
from clientela import clock, signing
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.lifecycle import customer_removal, merges
from clientela.mail import mail_delivery
from clientela.notifications import email_change_mail, sign_in_mail
from clientela.orders import orders
from clientela.schema.actors import OPERATOR
from clientela.sign_in import passwords, sessions, sign_in_limits
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table.rate_limits import Rule
from clientela.table.transactions import Transaction

NOW = clock.now()
# The address of each, and what is known of it.
STATES: dict[str, dict[str, Any]] = {
    "mailed@example.com": {},
    "proven@example.com": {"email_status": "proven"},
    "disabled@example.com": {"status": "disabled"},
    "pending@example.com": {"status": "pending"},
    "bounced@example.com": {"email_status": "bounced"},
    "complained@example.com": {"email_status": "complained"},
}
UNKNOWN, REFUSED, WAITING = "unknown@example.com", "refused@example.com", "waiting@example.com"
GUEST, MERGED, ERASED = "guest@example.com", "merged@example.com", "erased@example.com"
MAILED = [*STATES, UNKNOWN, REFUSED, GUEST, MERGED, ERASED]
ADDRESSES = [*MAILED, WAITING]
SETTINGS = {"confirming": {"login_mode": "optional", "existing_accounts_sign_in": True}}
SECRET = "x" * 43
TRIES = 7  # beyond the five that are compared


def call(path: str, body: Any, **headers: str) -> dict[str, Any]:
    answer = storefront_api.handler(http_event("POST", f"demo{path}", body, headers=headers), None)
    return answer | {"json": json.loads(answer["body"])}


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_limits, "links_of_network", lambda store: Rule(100, 3600))
    monkeypatch.setattr(stores._cache, "_seconds", 3600)  # however slow the machine is
    for name in ("LINKS_OF_EMAIL", "EMAIL_CHANGES_OF_CUSTOMER", "GUESSES_OF_EMAIL"):
        monkeypatch.setattr(sign_in_limits, name, (Rule(1000, 3600),))


@pytest.fixture(autouse=True)
def mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(store: Store, outgoing: Any) -> str:
        return "refused" if outgoing.address == REFUSED else "sent"

    monkeypatch.setattr(mail_delivery, "_send", send)


@pytest.fixture(params=["optional", "required", "confirming"])
def people(request: pytest.FixtureRequest, store: Store) -> Store:
    """A customer in each state. Where sign-in is required, an unknown address gets no mail.

    Where existing accounts must sign in, everybody confirms the e-mail.
    """
    for email, fields in STATES.items():
        new = NewCustomer(email=email, status=fields.get("status", "active"))
        before = customers.create(store, new, NOW)
        if "email_status" in fields:
            changed = {"email_status": fields["email_status"]}
            customers.change(store, before.id, lambda known, changed=changed: known.model_copy(update=changed), NOW)
    orders.record_version(store, order(email=GUEST), NOW)
    proven = customers.find(store, "proven@example.com", NOW)
    assert proven
    for email in (MERGED, ERASED):
        gone = customers.create(store, NewCustomer(email=email), NOW)
        if email == MERGED:
            merges.merge(store, proven.id, gone.id, NOW, OPERATOR, lambda: False)
        else:
            customer_removal.erase(store, gone.id, NOW, OPERATOR, lambda: False)
    settings = SETTINGS.get(request.param, {"login_mode": request.param})
    return store_settings.change_settings("demo", settings, NOW)


def work(monkeypatch: pytest.MonkeyPatch, path: str, body: Any, **headers: str) -> tuple[int, str, list[str]]:
    """The answer to a wrong secret, and the calls to AWS in order: their operations and shapes."""
    arn, read = next(iter(signing._cache)), signing._read
    aged = time.monotonic() - signing.MISS_SECONDS - 1  # a value that does not match reads the secret again
    signing._cache[arn] = signing._cache[arn]._replace(read_at=aged)

    with record_traffic() as traffic, monkeypatch.context() as patched:

        def read_secret(arn: str) -> Any:
            traffic.requests.append(("GetSecretValue", {}))
            return read(arn)

        patched.setattr(signing, "_read", read_secret)
        answer = call(path, body, **headers)
    return answer["statusCode"], answer["json"]["code"], [f"{name} {shape(asked)}" for name, asked in traffic.requests]


def shape(value: Any) -> Any:
    """What a request looks like without its values."""
    match value:
        case dict():
            return {key: shape(part) for key, part in sorted(value.items())}
        case list():
            return [shape(part) for part in value]
    return type(value).__name__


def the_same(works: dict[str, list[tuple[int, str, list[str]]]]) -> None:
    first, *others = works
    for other in others:
        assert works[other] == works[first], (first, other)


def test_what_a_checkout_asks_before_the_mail(people: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    call("/login-links", {"email": "first@example.com"})  # reads store and secret, which are then at hand
    policies, links = {}, {}
    for email in ADDRESSES:
        with record_traffic() as traffic:
            answer = call("/checkout-policy", {"email": email, "country": "ES"})
        assert traffic.requests == []
        policies[email] = answer["body"]
        with record_traffic() as traffic:
            asked = call("/login-links", {"email": email})
        lengths = {name: len(str(value)) for name, value in asked["json"].items()}
        calls = [(name, sorted(sent)) for name, sent in traffic.requests]  # the network's times grow with each
        links[email] = asked["statusCode"], lengths, calls
    assert len(set(policies.values())) == 1
    for email in ADDRESSES:
        assert links[email] == links[UNKNOWN]
    assert links[UNKNOWN][0] == 202


def test_a_wrong_sign_in_code(people: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {email: call("/login-links", {"email": email})["json"]["request_id"] for email in ADDRESSES}
    for email in MAILED:
        sign_in_mail.deliver(people, asked[email], clock.now())
    codes = {
        email: [work(monkeypatch, "/sessions", {"request_id": asked[email], "code": "000000"}) for _ in range(TRIES)]
        for email in ADDRESSES
    }
    the_same(codes)
    assert [code for _, code, _ in codes[UNKNOWN]] == ["code_wrong"] * 5 + ["code_locked"] * 2
    assert sum("GetSecretValue" in name for name in codes[UNKNOWN][0][2]) == 1
    for more in ({"nonce": SECRET}, {"code": "000000"}, {}):
        token = {email: {"token": f"{asked[email]}.{SECRET}"} | more for email in ADDRESSES}
        the_same({email: [work(monkeypatch, "/sessions", token[email])] for email in ADDRESSES})


def test_a_wrong_code_of_an_email_change(people: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    eva = customers.create(people, NewCustomer(email="eva@example.com"), NOW)
    headers = bearer(people, eva)
    asked = {}
    for email in ADDRESSES:
        asked[email] = call("/account/email-change", {"email": email}, **headers)["json"]["request_id"]
        if email != WAITING:
            email_change_mail.deliver(people, eva.id, asked[email], clock.now())
    path = "/account/email-change/confirm"
    proofs = [lambda asked: {"request_id": asked, "code": "000000"}] * TRIES + [
        lambda asked: {"token": f"{asked}.{SECRET}"}
    ]
    works = {
        email: [work(monkeypatch, path, proof(asked[email]), **headers) for proof in proofs] for email in ADDRESSES
    }
    the_same(works)
    assert [code for _, code, _ in works[UNKNOWN]] == ["code_wrong"] * 5 + ["code_locked"] * 2 + ["link_unknown"]
    assert sum("GetSecretValue" in name for name in works[UNKNOWN][0][2]) == 1


def test_a_wrong_password(people: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for email in ("proven@example.com", "disabled@example.com", "bounced@example.com"):
        customer = customers.find(people, email, NOW)
        assert customer
        with Transaction() as write:
            _, session = sessions.start(write, people, customer, None, NOW)
        passwords.change(people, customer, session, "correct horse battery", NOW)
    body = {"password": "another horse battery"}
    call("/sessions", {"email": "first@example.com"} | body)  # reads the secret for the network's limit
    the_same({email: [work(monkeypatch, "/sessions", {"email": email} | body)] for email in ADDRESSES})


def bearer(store: Store, customer: Customer) -> dict[str, str]:
    with Transaction() as write:
        token, _ = sessions.start(write, store, customer, None, clock.now())
    return {"authorization": f"Bearer {token}"}
