"""Taking an account back from the old address of an e-mail change."""

from datetime import datetime, timedelta

import pytest
from tests.support.email_changes import ANA, NEW, SOON, THIEF, THIRD, asked, latest_change, moved, notice, refused
from tests.support.sign_ins import HERE, NOW, Mailbox, by_link

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import CustomerMergedError, EmailTakenError
from clientela.lifecycle import email_recovery
from clientela.notifications import account_notices
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import Actor
from clientela.sign_in import passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import (
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
    SessionInvalidError,
)
from clientela.stores.stores import Store


def reverted(store: Store, token: str, at: datetime) -> Customer:
    return email_recovery.revert(store, token, HERE, at, lambda: False)


def order(number: int, email: str = ANA) -> Order:
    fields = {"id": f"{number}", "version": 1, "placed_at": NOW, "email": email, "currency": "EUR", "total": "9.90"}
    return Order.model_validate(fields | {"payment_status": "paid", "name": "A stranger"})


def test_a_guest_made_by_an_order_at_the_old_address_is_joined(store: Store, box: Mailbox, opened: SignedIn) -> None:
    orders.record_version(store, order(1), NOW)
    moved(store, box, opened, THIEF)
    _, token = notice(store, box, latest_change())
    for number in (2, 3):
        orders.record_version(store, order(number), NOW)
    guest = customers.find(store, ANA, NOW)
    assert guest
    assert (guest.id != opened.customer.id, guest.orders_count) == (True, 2)
    after = reverted(store, str(token), NOW)
    assert (after.id, after.email, after.email_status) == (opened.customer.id, ANA, "proven")
    assert (after.status, after.orders_count, after.name) == ("active", 3, "Ana")
    assert customers.find(store, ANA, NOW) == customers.get(store, after.id)
    with pytest.raises(CustomerMergedError):
        customers.get(store, guest.id)
    orders.record_version(store, order(4), NOW)
    assert customers.get(store, after.id).orders_count == 4


def test_a_guest_who_has_signed_in_is_not_joined(store: Store, box: Mailbox, opened: SignedIn) -> None:
    moved(store, box, opened, THIEF)
    _, token = notice(store, box, latest_change())
    orders.record_version(store, order(2), NOW)
    by_link(store, box.link(store, at=SOON), SOON)
    with pytest.raises(EmailTakenError, match="locked"):
        reverted(store, str(token), SOON)
    assert customers.get(store, opened.customer.id).status == "disabled"


def test_the_old_address_takes_the_account_back(store: Store, box: Mailbox, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, "correct horse battery", NOW)
    moved(store, box, opened, THIEF)
    _, token = notice(store, box, latest_change())
    week = NOW + timedelta(days=7)
    with pytest.raises(LinkUnknownError):
        reverted(store, f"{token}x", NOW)
    with pytest.raises(LinkExpiredError):
        reverted(store, str(token), week)
    after = reverted(store, str(token), week - timedelta(seconds=1))
    assert (after.email, after.email_status) == (ANA, "proven")
    assert sessions.list_active(store, after, NOW) == []
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, NOW)
    assert passwords.find(store, after.id) is None
    assert customers.find(store, THIEF, NOW) is None
    with pytest.raises(LinkUsedError):
        reverted(store, str(token), NOW)
    assert notice(store, box, latest_change()) == (THIEF, None)  # told, and without a way back


def test_the_first_owner_has_the_last_word_however_often_it_was_changed(
    store: Store, box: Mailbox, opened: SignedIn
) -> None:
    moved(store, box, opened, THIEF)
    _, owners = notice(store, box, latest_change())
    moved(store, box, opened, THIRD, SOON)
    to, thiefs = notice(store, box, latest_change())
    assert to == THIEF
    _, pending, _ = asked(store, box, opened, "fourth@example.net", SOON + timedelta(minutes=2))
    assert reverted(store, str(owners), SOON).email == ANA
    with pytest.raises(LinkUsedError):
        reverted(store, str(thiefs), SOON)
    refused(LinkUsedError, store, opened, SOON, token=pending)
    assert customers.get(store, opened.customer.id).email == ANA


def test_an_account_whose_old_address_has_another_one_is_locked(store: Store, box: Mailbox, opened: SignedIn) -> None:
    moved(store, box, opened, THIEF)
    _, token = notice(store, box, latest_change())
    customers.create(store, NewCustomer(email=ANA), NOW)
    with pytest.raises(EmailTakenError, match="locked"):
        reverted(store, str(token), NOW)
    assert customers.get(store, opened.customer.id).status == "disabled"
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, NOW)


@pytest.mark.parametrize(
    "token", ["", "x", "x.y", "1_2.3", "0" * 26 + "_1.x", "0" * 26 + "_\u0661.x", "0" * 26 + "_" + "9" * 12]
)
def test_other_texts_lead_nowhere(store: Store, token: str) -> None:
    with pytest.raises(LinkUnknownError):
        reverted(store, token, NOW)


def test_a_merchants_change_is_told_where_the_address_was_proven(store: Store, box: Mailbox, opened: SignedIn) -> None:
    by = Actor("api_key", "key_1")
    changed = customers.patch(store, opened.customer.id, {"email": NEW}, NOW, by=by)
    about = {"customer_id": changed.id, "version": str(changed.version)}
    assert notice(store, box, about) == (ANA, None)
    again = customers.patch(
        store, changed.id, {"email": THIRD}, NOW, by=by
    )  # a typo put right: NEW may be a stranger's
    assert account_notices.email_changed(store, again.id, str(again.version), NOW) == "withheld"
    same = customers.patch(store, changed.id, {"note": "x"}, NOW, by=by)
    assert account_notices.email_changed(store, same.id, str(same.version), NOW) == "withheld"
