"""Invitations, and the mails about accounts that wait for approval."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.sign_ins import NOW, Mailbox, mailbox

import customers_api
from clientela import clock
from clientela.bulk import bulk_jobs, bulk_previews
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customers, invitations, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvitationRefusedError
from clientela.lifecycle import customer_data
from clientela.notifications import invitation_mail, waiting_mails
from clientela.schema.actors import OPERATOR, Actor
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import keys

ANA = "ana@example.com"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana", language="es"), NOW)


def references(store: Store, customer: Customer) -> list[str]:
    pk = keys.customer(store.id, customer.id)
    stored = invitations.InvitationRecord.list_by_prefix(pk, keys.INVITATION_PREFIX)
    return [each.sk.removeprefix(keys.INVITATION_PREFIX) for each in stored]


def test_the_api_invites_once_an_hour(store: Store, ana: Customer) -> None:
    key = api_keys.create(store.id, NewKey(name="k"), NOW).key

    def invite(customer_id: str) -> tuple[int, Any]:
        answer = customers_api.handler(http_event("POST", f"demo/customers/{customer_id}/invite", key=key), None)
        return answer["statusCode"], answered(answer)

    assert invite(ana.id) == (202, {"customer_id": ana.id, "email": ANA})
    assert invite(ana.id)[0] == 202
    assert len(references(store, ana)) <= 2  # one, unless the hour ended between the two
    assert invite("cus_nobody")[1]["code"] == "customer_not_found"
    customers.patch(store, ana.id, {"status": "disabled"}, clock.now())
    assert (invite(ana.id)[0], invite(ana.id)[1]["code"]) == (409, "invitation_refused")


def test_one_invitation_is_stored_for_an_hour_or_an_occasion(store: Store, ana: Customer) -> None:
    hour = NOW.replace(minute=0)
    for at, reference in ((hour, None), (hour + timedelta(minutes=59), None), (hour, "blk_1"), (NOW, "blk_1")):
        assert invitations.invite(store, ana.id, at, reference).email == ANA
    assert references(store, ana) == [f"{hour:%Y-%m-%dT%H}", "blk_1"]
    invitations.invite(store, ana.id, hour + timedelta(hours=1))
    assert len(references(store, ana)) == 3
    stored = customer_data.page(store, ana, NOW).mails
    assert [mail.mail for mail in stored] == ["invitation"] * 3


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"email": "añá@example.com"}])
def test_who_cannot_receive_mail_is_not_invited(store: Store, ana: Customer, change: dict[str, Any]) -> None:
    customers.patch(store, ana.id, change, NOW)
    with pytest.raises(InvitationRefusedError):
        invitations.invite(store, ana.id, NOW)
    assert references(store, ana) == []


def test_a_store_without_sign_in_invites_nobody(store: Store, ana: Customer, box: Mailbox) -> None:
    closed = store_settings.change_settings(store.id, {"login_mode": "disabled"}, NOW)
    with pytest.raises(InvitationRefusedError):
        invitations.invite(closed, ana.id, NOW)
    assert invitation_mail.deliver(closed, ana.id, "import", NOW) == "withheld"


def test_the_mail_invites_and_speaks_of_no_order(store: Store, ana: Customer, box: Mailbox) -> None:
    assert [invitation_mail.deliver(store, ana.id, "blk_1", NOW) for _ in range(2)] == ["sent", "repeated"]
    ((to, mail),) = box.mails
    assert (to, mail.name, mail.context["name"], mail.context["link"]) == (
        ANA,
        "invitation",
        "Ana",
        "https://shop.example.com/account",
    )


def test_a_bulk_change_invites_each_customer_once(store: Store, ana: Customer) -> None:
    other = customers.create(store, NewCustomer(email="bo@example.com", status="disabled"), NOW)
    changes = BulkChange.model_validate({"invite": True})
    (first, second) = bulk_previews.of_ids(store, [ana.id, other.id], changes).sample
    assert (first.result, second.code, references(store, ana)) == ("changed", "invitation_refused", [])
    for _ in range(2):  # a job may run twice
        results = bulk_jobs.change(store, [ana.id, other.id], changes, NOW, Actor("bulk", "blk_1"))
        assert [(each.result, each.code) for each in results] == [("changed", None), ("failed", "invitation_refused")]
    assert (references(store, ana), references(store, other)) == (["blk_1"], [])
    bulk_jobs.change(store, [ana.id], changes, NOW, OPERATOR)
    assert len(references(store, ana)) == 2


def waiting(store: Store, email: str) -> Customer:
    return customers.create(store, NewCustomer(email=email, name="https://evil.example", status="pending"), NOW)


def test_the_owner_is_told_once_and_without_the_name_that_anybody_may_have_typed(store: Store, box: Mailbox) -> None:
    customer = waiting(store, ANA)
    assert [waiting_mails.tell_owner(store, customer.id, NOW) for _ in range(2)] == ["sent", "repeated"]
    ((to, mail),) = box.mails
    assert (to, mail.name, mail.context) == (ANA, "waiting", {})


def test_who_was_approved_meanwhile_is_not_told(store: Store, box: Mailbox) -> None:
    customer = waiting(store, ANA)
    shop = store_settings.change_settings(store.id, {"notification_email": "office@example.com"}, NOW)
    customers.patch(store, customer.id, {"status": "active"}, NOW)
    assert waiting_mails.tell_owner(shop, customer.id, NOW) == "withheld"
    assert waiting_mails.tell_merchant(shop, customer.id, NOW) == "withheld"
    assert waiting_mails.tell_owner(shop, "cus_nobody", NOW) == "subject_gone"


def test_the_merchant_is_told_once_an_hour_at_the_address_of_the_setting(store: Store, box: Mailbox) -> None:
    shop = store_settings.change_settings(store.id, {"notification_email": "office@example.com"}, NOW)
    hour = NOW.replace(minute=0)
    people = [waiting(store, f"p{number}@example.com") for number in range(3)]
    times = (hour, hour + timedelta(minutes=30), hour + timedelta(hours=1))
    told = [waiting_mails.tell_merchant(shop, each.id, at) for each, at in zip(people, times, strict=True)]
    assert told == ["sent", "repeated", "sent"]
    assert [(to, mail.context) for to, mail in box.mails] == [
        ("office@example.com", {"email": "p0@example.com"}),
        ("office@example.com", {"email": "p2@example.com"}),
    ]


def test_without_the_setting_the_merchant_is_not_told(store: Store, box: Mailbox) -> None:
    assert waiting_mails.tell_merchant(store, waiting(store, ANA).id, NOW) == "withheld"
