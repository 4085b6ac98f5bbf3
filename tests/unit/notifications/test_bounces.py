"""Bounces and complaints: which customers get no more mail, also if SES reports twice or late."""

import json
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support import sign_ins
from tests.support.sign_ins import ANA, HERE, NOW, Mailbox, by_link
from tests.support.template_file import PROJECT

import email_feedback
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import bounces, sign_in_mail
from clientela.notifications.bounces import Feedback
from clientela.sign_in import link_sign_in, sign_in_events
from clientela.stores.stores import Store

SAMPLE: dict[str, Any] = json.loads((PROJECT / "events" / "ses_bounce.json").read_text())


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return sign_ins.mailbox(monkeypatch)


def bounce(sent_at: datetime = NOW, address: str = ANA, **changes: Any) -> Feedback:
    detail = deepcopy(SAMPLE["detail"])
    detail["mail"]["timestamp"] = clock.format_timestamp(sent_at)
    told = detail["bounce"] | {
        "timestamp": clock.format_timestamp(sent_at),
        "bouncedRecipients": [{"emailAddress": address}],
    }
    return Feedback.model_validate(detail | {"bounce": told | changes})


def complaint(sent_at: datetime = NOW) -> Feedback:
    about = {
        "feedbackId": "c-1",
        "timestamp": clock.format_timestamp(sent_at),
        "complaintFeedbackType": "abuse",
        "complainedRecipients": [{"emailAddress": ANA}],
    }
    return Feedback.model_validate({"mail": SAMPLE["detail"]["mail"], "complaint": about})


def told(store: Store, customer: Customer) -> list[tuple[str, str | None]]:
    events = sign_in_events.page(store, customer, NOW, 100).items
    return [(event.event, event.reason) for event in events]


def test_an_address_that_bounced_for_good_gets_no_more_mail(store: Store, ana: Customer, box: Mailbox) -> None:
    assert bounces.record(bounce(), NOW) == 1
    assert customers.get(store, ana.id).email_status == "bounced"
    later = NOW + timedelta(minutes=1)
    asked = link_sign_in.request_link(store, ANA, HERE, None, None, later)
    assert sign_in_mail.deliver(store, asked.request_id, later) == "withheld"
    assert told(store, ana)[0] == ("withheld", "address_bounced")
    assert ("bounced", "permanent/general") in told(store, ana)


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_bounce_that_may_pass_is_noted_alone(store: Store, ana: Customer, kind: str) -> None:
    bounces.record(bounce(bounceType=kind), NOW)
    assert customers.get(store, ana.id).email_status == "unproven"
    assert told(store, ana) == [("bounced", f"{kind.lower()}/general")]


def test_said_twice_it_is_one_change_and_one_outcome(store: Store, ana: Customer) -> None:
    for _ in range(3):
        bounces.record(bounce(), NOW)
    assert customers.get(store, ana.id).version == 2
    assert len(told(store, ana)) == 1


@pytest.mark.parametrize("order", [0, 1])
def test_a_complaint_outranks_a_bounce_whichever_comes_first(store: Store, ana: Customer, order: int) -> None:
    for feedback in [bounce(), complaint()][:: 1 - 2 * order]:
        bounces.record(feedback, NOW)
    assert customers.get(store, ana.id).email_status == "complained"


def test_a_bounce_from_before_the_owner_signed_in_is_old_news(store: Store, ana: Customer, box: Mailbox) -> None:
    by_link(store, box.link(store))
    assert bounces.record(bounce(NOW - timedelta(minutes=1)), NOW) == 0
    assert customers.get(store, ana.id).email_status == "proven"
    bounces.record(bounce(NOW + timedelta(minutes=1)), NOW)
    assert customers.get(store, ana.id).email_status == "bounced"


def test_a_bounce_of_an_address_that_is_nobodys_any_more_stops_nobody(store: Store, ana: Customer) -> None:
    customers.patch(store, ana.id, {"email": "ana@example.org"}, NOW)
    assert bounces.record(bounce(), NOW) == 0
    assert customers.get(store, ana.id).email_status == "unproven"


def test_the_address_is_known_in_the_spelling_of_mail_servers(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="Ana@BÜCHER.example"), NOW)
    assert bounces.record(bounce(address="Ana@xn--bcher-kva.example"), NOW) == 1
    assert customers.get(store, ana.id).email_status == "bounced"


@pytest.mark.parametrize("address", [f"Ana <{ANA}>", f"<{ANA}>", f'"Perez, Ana" <{ANA.upper()}>'])
def test_the_address_is_read_whatever_stands_around_it(store: Store, ana: Customer, address: str) -> None:
    assert bounces.record(bounce(address=address), NOW) == 1
    assert customers.get(store, ana.id).email_status == "bounced"


def test_a_mail_that_its_reader_takes_out_of_the_spam_is_no_complaint(store: Store, ana: Customer) -> None:
    feedback = complaint()
    assert feedback.complaint
    feedback.complaint.kind = "not-spam"
    assert bounces.record(feedback, NOW) == 0
    assert customers.get(store, ana.id).email_status == "unproven"
    assert told(store, ana) == []


@pytest.mark.parametrize("tags", [{}, {"store": ["gone"]}])
def test_mails_of_no_store_are_left_alone(store: Store, ana: Customer, tags: dict[str, list[str]]) -> None:
    feedback = bounce()
    feedback.mail.tags = tags
    assert bounces.record(feedback, NOW) == 0


def test_the_log_holds_no_address(store: Store, ana: Customer, capsys: pytest.CaptureFixture[str]) -> None:
    email_feedback.handler(SAMPLE, None)
    assert ANA not in "".join(capsys.readouterr())
    assert customers.get(store, ana.id).email_status == "bounced"


def test_mails_carry_what_their_bounce_needs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(
        "clientela.aws.clients.ses", lambda: type("Ses", (), {"send_email": lambda _, **m: sent.append(m)})()
    )
    asked = link_sign_in.request_link(store, ANA, HERE, None, None, NOW)
    assert sign_in_mail.deliver(store, asked.request_id, NOW) == "sent"
    tags = {tag["Name"]: tag["Value"] for tag in sent[0]["EmailTags"]}
    assert tags == {"store": store.id, "mail": "sign_in_link", "request": asked.request_id}
    assert sent[0]["ConfigurationSetName"] == "clientela-test"
