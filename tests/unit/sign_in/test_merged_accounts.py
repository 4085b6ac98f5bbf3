"""Signing in at the address of somebody who was merged: it leads to the one who stays."""

from datetime import timedelta

import pytest
from tests.support.passwords import by_password, imported
from tests.support.removals import Waiting
from tests.support.sign_ins import ANA, NOW, Mailbox, by_code, by_link, mailbox

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.lifecycle import merged_emails, merges
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sessions
from clientela.sign_in.sign_in_errors import CredentialsWrongError, LinkUsedError
from clientela.stores.stores import Store

OLD = "ana@work.example"
SOON = NOW + timedelta(minutes=2)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store, waiting: Waiting) -> Customer:
    return customers.create(store, NewCustomer(email=ANA), NOW)


@pytest.fixture
def old(store: Store, ana: Customer) -> Customer:
    return customers.create(store, NewCustomer(email=OLD), NOW)


def merged(store: Store, into: Customer, source: Customer) -> None:
    merges.merge(store, into.id, source.id, NOW, OPERATOR, lambda: False)


@pytest.mark.parametrize("with_code", [False, True])
def test_the_mail_goes_to_the_accounts_own_address_and_opens_it(
    store: Store, ana: Customer, old: Customer, box: Mailbox, *, with_code: bool
) -> None:
    merged(store, ana, old)
    sent = box.link(store, OLD, SOON)
    assert box.mails[-1][0] == ANA  # who reads only the old mailbox gets nothing
    opened = by_code(store, sent, sent.code, SOON) if with_code else by_link(store, sent, SOON)
    assert (opened.customer.id, opened.customer.email, opened.customer.email_status) == (ana.id, ANA, "proven")
    assert sessions.current(store, opened.token, SOON)[1].id == ana.id
    assert customers.find(store, OLD, SOON) == opened.customer


def test_a_link_that_was_mailed_before_the_merge_opens_nothing(
    store: Store, ana: Customer, old: Customer, box: Mailbox
) -> None:
    sent = box.link(store, OLD)
    merged(store, ana, old)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)
    assert customers.get(store, ana.id).email_status == "unproven"


def test_a_link_of_a_mailbox_without_account_opens_no_account_merged_since(
    store: Store, ana: Customer, box: Mailbox
) -> None:
    sent = box.link(store, OLD)
    fields = {"id": "1", "version": 1, "placed_at": NOW, "email": OLD, "currency": "EUR", "total": "9.90"}
    orders.record_version(store, Order.model_validate(fields | {"payment_status": "paid"}), NOW)
    guest = customers.find(store, OLD, NOW)
    assert guest
    merged(store, ana, guest)
    with pytest.raises(LinkUsedError):
        by_link(store, sent)
    assert customers.get(store, ana.id).email_status == "unproven"


def test_a_released_address_signs_up_anew(store: Store, ana: Customer, old: Customer, box: Mailbox) -> None:
    merged(store, ana, old)
    sent = box.link(store, OLD, SOON)
    merged_emails.release(store, ana.id, old.id, SOON, OPERATOR)
    with pytest.raises(LinkUsedError):
        by_link(store, sent, SOON)
    later = SOON + timedelta(minutes=2)
    opened = by_link(store, box.link(store, OLD, later), later)
    assert opened.customer.id not in {ana.id, old.id}


def test_the_password_of_the_account_works_with_both_addresses(store: Store, ana: Customer, old: Customer) -> None:
    imported(store, ana)
    merged(store, ana, old)
    assert by_password(store, email=OLD).customer.id == ana.id
    assert by_password(store).customer.id == ana.id


def test_the_password_of_the_merged_account_is_void(store: Store, ana: Customer, old: Customer) -> None:
    imported(store, old)
    merged(store, ana, old)
    for email in (ANA, OLD):
        with pytest.raises(CredentialsWrongError):
            by_password(store, email=email)
