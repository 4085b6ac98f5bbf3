"""The account under concurrency, on DynamoDB Local: an address has one account, a password change leaves no session."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from benchmarks.traffic import record_traffic

from clientela import clock
from clientela.customers import consents, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_records import EmailClaim
from clientela.email_changes import email_changes
from clientela.errors import ClientelaError
from clientela.lifecycle import email_recovery
from clientela.mail import mail_queue
from clientela.notifications import account_notices, email_change_mail
from clientela.sign_in import password_sign_in, passwords, sessions, sign_in_limits
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import CredentialsWrongError
from clientela.sign_in.visitors import Visitor
from clientela.storefront import own_account
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

THREADS = 16
NOW = clock.now()
HERE = Visitor("192.0.2.1")
OLD, NEW = "the old passphrase", "the new passphrase"


@pytest.fixture(autouse=True)
def around(deployed: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The mails that would go out, and no limits."""
    sent: list[Any] = []
    monkeypatch.setattr(mail_queue, "put", lambda *_, **__: None)
    monkeypatch.setattr(mail_queue, "put_later", lambda *_, **__: None)
    monkeypatch.setattr("clientela.mail.mail_delivery._send", lambda store, outgoing: sent.append(outgoing) or "sent")
    for limit in ("limit_guesses", "limit_email_changes", "limit_attempts"):
        monkeypatch.setattr(sign_in_limits, limit, lambda *_: None)
    return sent


def at_once(acts: list[Callable[[], Any]]) -> Counter[str]:
    """Do all of it on THREADS threads that start together; how often each outcome came."""
    start = threading.Barrier(min(THREADS, len(acts)))
    began = threading.local()

    def one(act: Callable[[], Any]) -> str:
        if not hasattr(began, "yes"):
            began.yes = True
            start.wait(30)
        try:
            act()
        except ClientelaError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, acts))


def signed_in(store: Store, email: str) -> tuple[Customer, Session]:
    customer = customers.create(store, NewCustomer(email=email), NOW)
    with Transaction() as write:
        _, session = sessions.start(write, store, customer, None, NOW)
    return customer, session


def token(store: Store, customer: Customer, email: str, sent: list[Any]) -> str:
    asked = email_changes.request(store, customer, email, None, HERE, NOW)
    assert email_change_mail.deliver(store, customer.id, asked.request_id, NOW) == "sent"
    link: str = sent[-1].mail.context["link"]
    return link.partition("#email_change=")[2]


def test_of_many_who_prove_one_address_at_once_one_gets_it(store: Store, around: list[Any]) -> None:
    people = [signed_in(store, f"p{number}@example.com") for number in range(8)]
    proofs = [token(store, customer, "wanted@example.com", around) for customer, _ in people]
    acts = [
        lambda c=customer, s=session, t=proof: email_changes.confirm(store, c, s, HERE, NOW, token=t)  # type: ignore[misc]
        for (customer, session), proof in zip(people, proofs, strict=True)
    ]
    assert at_once(acts) == {"done": 1, "email_taken": 7}
    emails = [customers.get(store, customer.id).email for customer, _ in people]
    assert emails.count("wanted@example.com") == 1
    for (customer, _), email in zip(
        people, emails, strict=True
    ):  # each claim leads to its holder, and no other is left
        found = customers.find(store, email, NOW)
        assert found
        assert found.id == customer.id
        old = EmailClaim.find(f"STORE#{store.id}#EMAIL#{customer.email}", "CLAIM")
        assert (old is None) == (email == "wanted@example.com")


def test_one_link_pressed_often_at_once_changes_the_email_once(store: Store, around: list[Any]) -> None:
    customer, session = signed_in(store, "ana@example.com")
    proof = token(store, customer, "new@example.com", around)
    outcomes = at_once([lambda: email_changes.confirm(store, customer, session, HERE, NOW, token=proof)] * 64)
    assert outcomes["done"] >= 1
    assert set(outcomes) <= {"done", "link_used"}
    after = customers.get(store, customer.id)
    assert (after.email, after.version) == ("new@example.com", customer.version + 1)
    # A caller that lost the answer repeats the request, and gets the same one.
    assert email_changes.confirm(store, after, session, HERE, NOW, token=proof) == after
    assert [each.id for each in sessions.list_active(store, after, NOW)] == [session.id]


def test_no_session_of_the_old_password_outlives_its_change(store: Store) -> None:
    customer, session = signed_in(store, "ana@example.com")
    passwords.change(store, customer, session, OLD, NOW)
    changes = [lambda: passwords.change(store, customer, session, NEW, NOW)]
    tries = [lambda: password_sign_in.sign_in(store, "ana@example.com", OLD, HERE, NOW)] * 40
    outcomes = at_once([*tries[:15], *changes, *tries[15:]])
    assert set(outcomes) <= {"done", "credentials_wrong", "busy", "session_invalid"}
    if outcomes["busy"]:  # the change may be the one that the sign-ins kept from coming through
        passwords.change(store, customers.get(store, customer.id), session, NEW, NOW)
    assert [each.id for each in sessions.list_active(store, customer, NOW)] == [session.id]
    with pytest.raises(CredentialsWrongError):
        password_sign_in.sign_in(store, "ana@example.com", OLD, HERE, NOW)


def test_each_word_on_marketing_said_at_once_is_one_entry(store: Store) -> None:
    customer, _ = signed_in(store, "ana@example.com")
    acts = [
        lambda n=number: own_account.patch(  # type: ignore[misc]
            store, customer.id, {"accepts_marketing": True, "marketing_wording": f"v{n}"}, NOW
        )
        for number in range(24)
    ]
    outcomes = at_once(acts)
    entries = consents.page(store, customer.id, 100).items
    assert len(entries) == len({each.wording for each in entries}) == outcomes["done"] >= 1
    read = customers.get(store, customer.id)
    assert read.version == customer.version + outcomes["done"]
    assert read.marketing_consent
    assert read.marketing_consent.wording == entries[0].wording


def used(act: Callable[[], Any]) -> tuple[float, float]:
    """The read and write units of an act."""
    with record_traffic() as traffic:
        act()
    return traffic.read_units, traffic.write_units


def test_what_the_account_costs(store: Store, around: list[Any]) -> None:
    """As the docstrings say, without the limits."""
    customer, session = signed_in(store, "ana@example.com")
    later = NOW + timedelta(minutes=9)
    signed_in(store, "other@example.com")
    passwords.change(store, customer, session, OLD, NOW)
    assert used(lambda: passwords.change(store, customer, session, NEW, later)) == (4, 14)
    assert used(lambda: password_sign_in.sign_in(store, "ana@example.com", NEW, HERE, NOW)) == (5, 12)
    # Three for the check that she was not erased, one for the former e-mails of merged customers.
    assert used(lambda: _refused(store, OLD)) == (4, 4)
    assert used(lambda: email_changes.request(store, customer, "new@example.com", None, HERE, NOW)) == (0, 4)
    proof = token(store, customer, "new@example.com", around)
    read, written = used(lambda: email_changes.confirm(store, customer, session, HERE, NOW, token=proof))
    assert (read, written) == (4, 32)  # one of them for the session that ends
    version = customers.get(store, customer.id).version
    assert account_notices.email_changed(store, customer.id, str(version), NOW) == "sent"
    way_back = around[-1].mail.context["link"].partition("#email_revert=")[2]
    assert used(lambda: email_recovery.revert(store, way_back, HERE, NOW, lambda: False)) == (5, 26)
    assert used(lambda: own_account.patch(store, customer.id, {"accepts_marketing": True}, later)) == (1, 10)
    assert used(lambda: passwords.adopt(store, "other@example.com", "$2b$", NOW, NOW)) == (3, 4)


def _refused(store: Store, password: str) -> None:
    with pytest.raises(CredentialsWrongError):
        password_sign_in.sign_in(store, "ana@example.com", password, HERE, NOW)
