"""The notice of a sign-in from a device that the account has not used before."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.sign_ins import ANA, NOW, Mailbox, mailbox
from tests.support.streams import arriving, recorded

import follow_ups
from clientela import settings
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.lifecycle import customer_data
from clientela.mail import mail_rendering, mail_texts
from clientela.notifications import mail_dispatch, new_device_mail
from clientela.schema import languages, locale_formats
from clientela.schema.locale_formats import Moment
from clientela.sign_in import link_sign_in, password_sign_in, passwords
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store

FIREFOX = Visitor("192.0.2.1", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")
NEWER_FIREFOX = Visitor("198.51.100.2", "Mozilla/5.0 (Windows NT 11.0; rv:152.0) Gecko/20100101 Firefox/152.0")
IPHONE = Visitor("192.0.2.1", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1")
NAMELESS = Visitor("192.0.2.1", None)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GOOD = "correct horse battery"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana", language="es"), NOW)


def sign_in(store: Store, box: Mailbox, visitor: Visitor, at: datetime, email: str = ANA) -> SignedIn:
    sent = box.link(store, email, at)
    proof = link_sign_in.parse_proof(token=sent.token, nonce=sent.request.nonce)
    return link_sign_in.verify(store, proof, visitor, at)


def follow() -> list[str]:
    """Let the stream's function see everything from the beginning, as often as it is called."""
    records = arriving("FollowUps", recorded(settings.table_name()))
    answer = follow_ups.handler({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def notices(aws: Any, store: Store, box: Mailbox, at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What is sent of the mail queue: recipients and contents of the notices."""
    assert follow() == []
    sqs, sent = aws("sqs"), len(box.mails)
    url = sqs.get_queue_url(QueueName="mail")["QueueUrl"]
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            arguments = json.loads(message["Body"])
            if arguments.pop("mail") == "new_device":
                arguments.pop("store_id")
                mail_dispatch.DELIVER["new_device"](store, **arguments, now=at)
    return [(address, mail.context) for address, mail in box.mails[sent:]]


def test_a_sign_in_from_another_browser_is_told_once(aws: Any, store: Store, ana: Customer, box: Mailbox) -> None:
    sign_in(store, box, FIREFOX, NOW)
    assert notices(aws, store, box, NOW) == []  # the first sign-in ever
    sign_in(store, box, NEWER_FIREFOX, NOW + HOUR)
    assert notices(aws, store, box, NOW + HOUR) == []  # the same browser, updated
    shop = store_settings.change_settings(store.id, {"timezone": "Europe/Madrid"}, NOW)
    at = datetime.fromisoformat("2099-01-21T23:30:00Z")
    sign_in(shop, box, IPHONE, at)
    link = "https://shop.example.com/account"
    context = {"device": "Safari · iPhone", "time": Moment(at, "Europe/Madrid"), "link": link}
    assert notices(aws, shop, box, at) == [(ANA, context)]
    sign_in(shop, box, IPHONE, at + HOUR)
    assert notices(aws, shop, box, at + HOUR) == []  # although the stream brings all changes again


def test_a_password_and_a_browser_without_a_name_are_told_too(
    aws: Any, store: Store, ana: Customer, box: Mailbox
) -> None:
    opened = sign_in(store, box, FIREFOX, NOW)
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    password_sign_in.sign_in(store, ANA, GOOD, NAMELESS, NOW)
    assert [context["device"] for _, context in notices(aws, store, box, NOW)] == [None]


def test_an_account_that_the_sign_in_creates_gets_no_notice(aws: Any, store: Store, box: Mailbox) -> None:
    sign_in(store, box, FIREFOX, NOW, "new@example.com")
    assert notices(aws, store, box, NOW) == []
    sign_in(store, box, IPHONE, NOW + HOUR, "new@example.com")
    assert [address for address, _ in notices(aws, store, box, NOW + HOUR)] == ["new@example.com"]


def test_a_process_that_dies_loses_no_notice(
    aws: Any, store: Store, ana: Customer, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(store, box, FIREFOX, NOW)
    sign_in(store, box, IPHONE, NOW + HOUR)
    with monkeypatch.context() as broken:
        broken.setattr(follow_ups.mail_queue, "put", lambda *about, **more: 1 / 0)
        assert len(follow()) == 1
    assert len(notices(aws, store, box, NOW + HOUR)) == 1


def test_the_notice_goes_to_the_address_at_that_time(aws: Any, store: Store, ana: Customer, box: Mailbox) -> None:
    sign_in(store, box, FIREFOX, NOW)
    sign_in(store, box, IPHONE, NOW + HOUR)
    customers.patch(store, ana.id, {"email": "thief@example.com"}, NOW + HOUR)
    assert [address for address, _ in notices(aws, store, box, NOW + HOUR)] == [ANA]


@pytest.mark.parametrize(
    "change", [{"status": "disabled"}, {"email_status": "bounced"}, {"email_status": "complained"}]
)
def test_nothing_is_sent_to_whom_no_mail_may_go(
    aws: Any, store: Store, ana: Customer, box: Mailbox, change: dict[str, str]
) -> None:
    sign_in(store, box, FIREFOX, NOW)
    sign_in(store, box, IPHONE, NOW + HOUR)
    customers.change(store, ana.id, lambda before: before.model_copy(update=change), NOW + HOUR)
    assert notices(aws, store, box, NOW + HOUR) == []


def test_a_store_that_closed_its_accounts_and_an_erased_customer_get_nothing(
    aws: Any, store: Store, ana: Customer, box: Mailbox
) -> None:
    sign_in(store, box, FIREFOX, NOW)
    sign_in(store, box, IPHONE, NOW + HOUR)
    closed = store_settings.change_settings(store.id, {"login_mode": "disabled"}, NOW)
    assert notices(aws, closed, box, NOW + HOUR) == []
    assert mail_dispatch.DELIVER["new_device"](store, customer_id="cus_gone", device="unknown", now=NOW) == "withheld"


def test_notices_are_few_a_day(aws: Any, store: Store, ana: Customer, box: Mailbox) -> None:
    marks = ("Edg", "OPR/", "SamsungBrowser", "Firefox", "Chrome", "Safari", "CriOS iPhone", "FxiOS iPhone")
    for number, mark in enumerate(marks):
        sign_in(store, box, Visitor("192.0.2.1", mark), NOW + number * HOUR)
    assert len(notices(aws, store, box, NOW + 8 * HOUR)) == 5


def test_the_devices_are_among_the_stored_data(store: Store, ana: Customer, box: Mailbox) -> None:
    sign_in(store, box, FIREFOX, NOW)
    sign_in(store, box, NEWER_FIREFOX, NOW + HOUR)
    after = sign_in(store, box, NEWER_FIREFOX, NOW + 30 * DAY).customer
    (device,) = customer_data.page(store, after, NOW + 30 * DAY).devices
    assert device.model_dump() == {
        "device": "Firefox on Windows",
        "first_seen_at": NOW,
        "last_seen_at": NOW + 30 * DAY,
    }


@pytest.mark.parametrize("language", languages.SUPPORTED)
def test_the_notice_names_device_and_time_in_every_language(store: Store, language: str) -> None:
    for device, shown in (("Firefox on Windows", "Firefox · Windows"), (None, None)):
        mail = new_device_mail.new_device_mail(store, device, NOW)
        letter = mail_rendering.render(store, mail, language)
        unknown = mail_texts.of("new_device")[language]["unknown"]
        assert (shown or unknown) in letter.text
        assert locale_formats.shown(Moment(NOW, "UTC"), language) in letter.text
        assert (shown or unknown) in letter.html
