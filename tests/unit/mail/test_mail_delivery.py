"""Delivery of mails: from the queue to SES, once each."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from tests.support import erased_people, orders
from tests.support.counts import counted
from tests.support.removals import Waiting
from tests.support.template_file import PROJECT, resources
from tools.mails import samples

import email_sender
from clientela import clock
from clientela.aws import clients
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import BusyError
from clientela.lifecycle import customer_removal
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outgoing
from clientela.notifications import approval_mail, sign_in_mail, welcome_mail
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_sign_in, mailed_proofs
from clientela.sign_in.visitors import Visitor
from clientela.stores.setting_groups import Branding
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.records import Record

NOW = clock.now()


EVENT = PROJECT / "events" / "sqs_mail.json"


@pytest.fixture
def shop() -> Store:
    """A store that is not saved: rendering a mail needs no AWS."""
    return Store(
        id="demo",
        name="Café & Söhne",
        storefront_url="https://shop.example.com",
        created_at=NOW,
        updated_at=NOW,
        language="es",
        branding=Branding(colour="#c8a2ff"),
    )


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The calls of SES."""
    calls: list[dict[str, Any]] = []

    class Taking:
        def send_email(self, **call: Any) -> None:
            calls.append(call)

    monkeypatch.setattr(clients, "ses", Taking)
    return calls


def refusing(code: str) -> Callable[[], Any]:
    class Refusing:
        def send_email(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "ana@example.com"}}, "SendEmail")

    return Refusing


def batch(*bodies: dict[str, Any] | str) -> dict[str, Any]:
    (sample,) = json.loads(EVENT.read_text())["Records"]
    return {
        "Records": [
            sample | {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def failed(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


SIGN_IN = samples.samples(samples.shop())[0].mail


def test_sender_is_the_store_and_the_envelope_is_ascii(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", "shop@example.com")
    monkeypatch.setenv("EMAIL_CONFIGURATION_SET", "clientela-test")
    named = shop.model_copy(update={"name": 'Evil\r\nBcc: "x" <x@example.com>', "reply_to": "help@bücher.example"})
    call = mail_delivery.build_request(named, Outgoing("Ana@bücher.example", "en", SIGN_IN))
    assert call["Destination"] == {"ToAddresses": ["Ana@xn--bcher-kva.example"]}
    assert call["ReplyToAddresses"] == ["help@xn--bcher-kva.example"]
    assert call["FromEmailAddress"] == '"Evil Bcc: \\"x\\" <x@example.com>" <shop@example.com>'
    assert "\n" not in call["Content"]["Simple"]["Subject"]["Data"]
    own = shop.model_copy(update={"sender": "hello@example.org"})
    assert mail_delivery.build_request(own, Outgoing("a@example.com", "en", SIGN_IN))["FromEmailAddress"].endswith(
        "<hello@example.org>"
    )


def test_sign_in_mail_has_no_list_unsubscribe(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", "shop@example.com")
    monkeypatch.setenv("EMAIL_CONFIGURATION_SET", "clientela-test")
    call = mail_delivery.build_request(shop, Outgoing("a@example.com", "en", SIGN_IN))
    assert {header["Name"] for header in call["Content"]["Simple"]["Headers"]} == {
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
    }


def test_ses_takes_the_mail(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    request = link_sign_in.request_link(store, "ana@example.com", Visitor("192.0.2.1"), "en", None, NOW)
    event = batch({"mail": "sign_in_link", "store_id": "demo", "request_id": request.request_id})
    assert failed(email_sender.handler(event, None)) == []
    assert boto3.client("ses").get_send_quota()["SentLast24Hours"] == 1
    assert counted(capsys) == {"MailsSent": 1, "SignInLinksSent": 1}


def test_only_the_messages_that_fail_come_back(store: Store, ses: list[Any]) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    good = {"mail": "welcome", "store_id": "demo", "customer_id": customer.id}
    answer = email_sender.handler(
        batch("no json", good, {"mail": "other", "store_id": "demo"}, good | {"store_id": "none"}), None
    )
    assert failed(answer) == ["0", "2", "3"]
    assert len(ses) == 1


def test_wholly_failing_batch_reports_all(store: Store) -> None:
    assert failed(email_sender.handler(batch("x", "{}"), None)) == ["0", "1"]


def test_customer_is_welcomed_once(store: Store, ses: list[Any]) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com", language="de"), NOW)
    outcomes = [welcome_mail.deliver(store, customer.id, NOW) for _ in range(3)]
    assert outcomes == ["sent", "repeated", "repeated"]
    assert [call["Content"]["Simple"]["Subject"]["Data"] for call in ses] == ["Danke für Ihre Bestellung bei Demo"]


def test_customer_is_told_of_the_approval_once_and_while_it_holds(store: Store, ses: list[Any]) -> None:
    ana, ben = (
        customers.create(store, NewCustomer(email=f"{name}@example.com", language="fr", status=status), NOW)
        for name, status in (("ana", "active"), ("ben", "pending"))
    )
    assert [approval_mail.deliver(store, ana.id, NOW) for _ in range(2)] == ["sent", "repeated"]
    assert approval_mail.deliver(store, ben.id, NOW) == "withheld"
    assert [call["Content"]["Simple"]["Subject"]["Data"] for call in ses] == ["Votre compte chez Demo est validé"]


def test_nobody_is_welcomed_where_there_is_no_sign_in(store: Store, ses: list[Any]) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    closed = store_settings.change_settings(store.id, {"login_mode": "disabled"}, NOW)
    assert welcome_mail.deliver(closed, customer.id, NOW) == "withheld"
    assert welcome_mail.deliver(store, "cus_00000000000000000000000000", NOW) == "subject_gone"
    assert ses == []


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_mail_that_is_refused_for_good_is_dropped_without_a_trace_of_the_address(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    monkeypatch.setattr(clients, "ses", refusing(code))
    event = batch({"mail": "welcome", "store_id": "demo", "customer_id": customer.id})
    assert failed(email_sender.handler(event, None)) == []
    assert welcome_mail.deliver(store, customer.id, NOW) == "repeated"
    verdict = "content_refused" if code == "MessageRejected" else "address_refused"
    record = mail_delivery.Delivery.find(keys.customer(store.id, customer.id), keys.mail("welcome"))
    assert record
    assert record.outcome == verdict
    out, err = capsys.readouterr()
    assert "ana@example.com" not in out + err


def test_two_deliveries_at_the_same_time_send_one_mail(store: Store) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)

    def send(at: Any, make: Any) -> str:
        return mail_delivery.send_once(store, keys.customer(store.id, customer.id), "welcome", NOW, at, make)

    def meanwhile() -> None:
        with pytest.raises(BusyError):
            send(NOW, lambda: pytest.fail("sent twice"))

    assert send(NOW, meanwhile) == "withheld"


def test_delivery_that_crashed_is_taken_over_when_its_lease_has_run_out(store: Store) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    about = keys.customer(store.id, customer.id)
    mail_delivery._lease(about, keys.PROFILE, "welcome", NOW, NOW)
    with pytest.raises(BusyError):
        mail_delivery.send_once(store, about, "welcome", NOW, NOW + timedelta(minutes=9), lambda: None)
    later = NOW + mail_delivery.LEASE
    assert mail_delivery.send_once(store, about, "welcome", NOW, later, lambda: None) == "withheld"


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="ses"), ConnectionClosedError(endpoint_url="ses")])
def test_a_mail_that_ses_may_have_sent_is_not_sent_again_within_the_window(
    store: Store, monkeypatch: pytest.MonkeyPatch, ses: list[Any], error: Exception
) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)

    class Silent:
        def send_email(self, **call: Any) -> None:
            ses.append(call)
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(clients, "ses", Silent)
        with pytest.raises(type(error)):
            welcome_mail.deliver(store, customer.id, NOW)
    with pytest.raises(BusyError):
        welcome_mail.deliver(store, customer.id, NOW + timedelta(minutes=9))
    assert len(ses) == 1
    assert welcome_mail.deliver(store, customer.id, NOW + mail_delivery.LEASE) == "sent"


def test_the_client_of_ses_repeats_no_call() -> None:
    assert clients.ses().meta.config.retries["total_max_attempts"] == 1  # type: ignore[index]


def test_the_lease_ends_before_the_message_is_received_for_the_last_time() -> None:
    queue = resources("AWS::SQS::Queue")["MailQueue"]["Properties"]
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert timedelta(seconds=queue["VisibilityTimeout"]) * (receives - 1) > mail_delivery.LEASE
    assert mail_delivery.LEASE >= mailed_proofs.LIFETIME


@pytest.mark.parametrize("fails", [False, True])
def test_a_mail_that_is_late_leaves_nothing_of_a_deleted_customer(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    before, while_sent = (
        customers.create(store, NewCustomer(email=f"{name}@example.com"), NOW) for name in ("ana", "ben")
    )
    customer_removal.remove(store, before.id, NOW, OPERATOR)

    class Slow:
        def send_email(self, **_: Any) -> None:
            customer_removal.remove(store, while_sent.id, NOW, OPERATOR)
            if fails:
                raise ConnectionError

    monkeypatch.setattr(clients, "ses", Slow)
    assert welcome_mail.deliver(store, before.id, NOW) == "subject_gone"
    with suppress(ConnectionError):
        assert welcome_mail.deliver(store, while_sent.id, NOW) == "subject_gone"
    for customer in (before, while_sent):
        assert Record.list_all(keys.customer(store.id, customer.id)) == []


def test_a_link_that_is_sent_late_leaves_nothing_of_an_erased_customer(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    request = link_sign_in.request_link(store, customer.email, Visitor("192.0.2.1"), None, None, NOW)
    later = NOW + timedelta(seconds=1)

    class Slow:
        def send_email(self, **_: Any) -> None:
            customer_removal.erase(store, customer.id, later, OPERATOR, lambda: False)

    monkeypatch.setattr(clients, "ses", Slow)
    assert sign_in_mail.deliver(store, request.request_id, later) == "subject_gone"
    assert erased_people.traces(erased_people.values_of(customer)) == []


def test_a_store_that_switched_welcomes_off_sends_none(store: Store, ses: list[Any]) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    silent = store_settings.change_settings(store.id, {"welcome_mail": False}, NOW)
    assert welcome_mail.deliver(silent, customer.id, NOW) == "withheld"
    assert ses == []


def test_welcome_has_the_order_it_came_from(store: Store, ses: list[Any]) -> None:
    items = [{"name": "T-shirt\n" + "x" * 200, "quantity": 2, "price": "24.95"}, {"sku": "BAG", "quantity": 1.5}]
    orders.take(store, number="A-1001", items=items)
    customer = orders.holder(store)
    assert welcome_mail.deliver(store, customer.id, NOW) == "sent"
    text = ses[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert "Your order A-1001 · Saturday, 21 November 2026\n2 \N{MULTIPLICATION SIGN} T-shirt xxx" in text
    assert "xxx…: US$49.90\n1.5 \N{MULTIPLICATION SIGN} BAG\nTotal: US$49.90" in text
    assert len(max(text.splitlines(), key=len)) < 200
