"""Who signs in, and who may order then, by the store's mode: the table of docs/accounts.md."""

from typing import Any, Literal

import pytest
from tests.support.sign_ins import ANA, HERE, NOW, mailbox

from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import sign_in_mail
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_sign_in, sessions
from clientela.sign_in.sign_in_errors import AccountDisabledError, LoginDisabledError
from clientela.storefront import checkout
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

Person = Literal["unknown", "guest", "registered", "pending", "disabled"]
OPTIONAL, REQUIRED = {"login_mode": "optional"}, {"login_mode": "required"}
APPROVING = OPTIONAL | {"approve_new_accounts": True}


def made(store: Store, person: Person) -> Customer | None:
    """The customer before, if there is one."""
    if person == "unknown":
        return None
    status: Any = person if person in ("pending", "disabled") else "active"
    customer = customers.build(NewCustomer(email=ANA, status=status), NOW, "order" if person == "guest" else "merchant")
    with Transaction() as write:
        customers.add(write, store, customer, OPERATOR)
    return customer


@pytest.mark.parametrize(
    ("settings", "person", "outcome"),
    [
        (OPTIONAL, "unknown", ("active", True)),
        (OPTIONAL, "guest", ("active", True)),
        (OPTIONAL, "registered", ("active", True)),
        (OPTIONAL, "pending", ("pending", False)),
        (OPTIONAL, "disabled", None),
        (APPROVING, "unknown", ("pending", False)),
        (APPROVING, "guest", ("active", True)),
        (APPROVING, "registered", ("active", True)),
        (APPROVING, "pending", ("pending", False)),
        (APPROVING, "disabled", None),
        (REQUIRED, "unknown", None),
        (REQUIRED, "guest", ("active", True)),
        (REQUIRED, "registered", ("active", True)),
        (REQUIRED, "pending", ("pending", False)),
        (REQUIRED, "disabled", None),
    ],
)
def test_sign_in_and_order_by_mode_and_person(
    store: Store, monkeypatch: pytest.MonkeyPatch, settings: Any, person: Person, outcome: tuple[str, bool] | None
) -> None:
    shop, box = store_settings.change_settings(store.id, settings, NOW), mailbox(monkeypatch)
    before = made(shop, person)
    asked = link_sign_in.request_link(shop, ANA, HERE, None, None, NOW)
    delivered = sign_in_mail.deliver(shop, asked.request_id, NOW)
    if outcome is None:
        assert (delivered, box.mails) == ("withheld", [])
        after = customers.find(shop, ANA, NOW)
        assert (after and after.model_dump()) == (before and before.model_dump())
        return
    code = box.mails[-1][1].context["code"].replace(" ", "")
    opened = link_sign_in.verify(shop, link_sign_in.parse_proof(request_id=asked.request_id, code=code), HERE, NOW)
    customer = sessions.current(shop, opened.token, NOW)[1]
    shown = checkout.prefill(shop, customer, NOW)
    assert (customer.status, shown.may_order) == outcome
    assert shown.refusal == (None if shown.may_order else "approval_needed")
    assert (customer.type, customer.email_status) == ("registered", "proven")
    assert before is None or customer.id == before.id


@pytest.mark.parametrize("person", ["unknown", "guest", "registered", "pending", "disabled"])
def test_nobody_signs_in_where_the_store_has_no_accounts(store: Store, person: Person) -> None:
    shop = store_settings.change_settings(store.id, {"login_mode": "disabled"}, NOW)
    made(shop, person)
    with pytest.raises(LoginDisabledError):
        link_sign_in.request_link(shop, ANA, HERE, None, None, NOW)


def test_who_is_disabled_between_mail_and_sign_in_is_told_after_the_proof(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, box = made(store, "registered"), mailbox(monkeypatch)
    sent = box.link(store)
    assert before
    customers.patch(store, before.id, {"status": "disabled"}, NOW)
    with pytest.raises(AccountDisabledError):
        link_sign_in.verify(
            store, link_sign_in.parse_proof(request_id=sent.request.request_id, code=sent.code), HERE, NOW
        )


def test_approval_lets_the_customer_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, box = store_settings.change_settings(store.id, APPROVING, NOW), mailbox(monkeypatch)
    sent = box.link(shop)
    opened = link_sign_in.verify(
        shop, link_sign_in.parse_proof(request_id=sent.request.request_id, code=sent.code), HERE, NOW
    )
    customers.patch(shop, opened.customer.id, {"status": "active"}, NOW)
    customer = sessions.current(shop, opened.token, NOW)[1]
    assert checkout.prefill(shop, customer, NOW).may_order
