"""Stops after bounces and complaints: listed, lifted by the merchant or by a reader, and not set again by old reports."""

import json
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.sign_ins import ANA, NOW
from tests.support.template_file import PROJECT

import customers_api
from clientela import clock
from clientela.aws import clients
from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import bounces, suppressions
from clientela.notifications.bounces import Feedback
from clientela.schema.actors import Actor
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

SAMPLE: dict[str, Any] = json.loads((PROJECT / "events" / "ses_bounce.json").read_text())
KEY = Actor("api_key", "key_1")
HOUR = timedelta(hours=1)


class ListOfSes:
    """SES with its list of suppressed addresses."""

    class exceptions:  # noqa: N801 - the client's name
        class NotFoundException(Exception):  # noqa: N818 - the service's name
            """The address is not on the list."""

    def __init__(self) -> None:
        self.addresses = {ANA}
        self.asked: list[str] = []

    def delete_suppressed_destination(self, *, EmailAddress: str) -> None:  # noqa: N803 - the service's name
        self.asked.append(EmailAddress)
        if EmailAddress not in self.addresses:
            raise self.exceptions.NotFoundException
        self.addresses.remove(EmailAddress)


@pytest.fixture(autouse=True)
def ses(monkeypatch: pytest.MonkeyPatch) -> ListOfSes:
    stand_in = ListOfSes()
    monkeypatch.setattr(clients, "ses", lambda: stand_in)
    return stand_in


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), NOW - timedelta(days=9))


def report(kind: str | None, at: datetime = NOW) -> Feedback:
    """A complaint of a kind, or without one a bounce, on a mail that was sent at this time."""
    detail = deepcopy(SAMPLE["detail"])
    detail["mail"]["timestamp"] = clock.format_timestamp(at)
    if kind is None:
        detail["bounce"]["timestamp"] = clock.format_timestamp(at)
        return Feedback.model_validate(detail)
    del detail["bounce"]
    about = {"feedbackId": kind, "timestamp": clock.format_timestamp(at), "complaintFeedbackType": kind}
    return Feedback.model_validate(detail | {"complaint": about | {"complainedRecipients": [{"emailAddress": ANA}]}})


def status(store: Store, customer: Customer) -> str:
    return customers.get(store, customer.id).email_status


def test_stops_are_listed_with_what_was_reported(store: Store, ana: Customer) -> None:
    customers.create(store, NewCustomer(email="ben@example.com"), NOW)
    bounces.record(report(None), NOW)
    [shown] = suppressions.page(store, "bounced").items
    assert (shown.customer_id, shown.email, shown.reason, shown.detail) == (
        ana.id, ANA, "bounced", "permanent/general",
    )  # fmt: skip
    assert shown.at == report(None).bounce.at  # type: ignore[union-attr]
    assert suppressions.page(store, "complained").items == []


def test_a_lifted_stop_is_gone_here_and_at_ses_and_names_who_did_it(
    store: Store, ana: Customer, ses: ListOfSes
) -> None:
    bounces.record(report(None), NOW)
    suppressions.lift(store, ana.id, NOW + HOUR, KEY)
    assert status(store, ana) == "unproven"
    assert ses.addresses == set()
    newest = customer_history.page(store, ana, NOW + HOUR).items[0]
    assert newest.actor == KEY
    assert suppressions.page(store, "bounced").items == []
    suppressions.lift(store, ana.id, NOW + HOUR, KEY)
    assert ses.asked == [ANA]


def test_a_stop_that_ses_does_not_know_is_lifted_too(store: Store, ana: Customer, ses: ListOfSes) -> None:
    ses.addresses.clear()
    bounces.record(report("abuse"), NOW)
    suppressions.lift(store, ana.id, NOW + HOUR, KEY)
    assert status(store, ana) == "unproven"


@pytest.mark.parametrize("kind", [None, "abuse"])
def test_a_report_on_a_mail_from_before_the_lift_stops_nothing(store: Store, ana: Customer, kind: str | None) -> None:
    bounces.record(report(kind), NOW)
    suppressions.lift(store, ana.id, NOW + HOUR, KEY)
    assert bounces.record(report(kind), NOW + 2 * HOUR) == 0  # delivered again
    assert status(store, ana) == "unproven"
    assert bounces.record(report(kind, NOW + 2 * HOUR), NOW + 3 * HOUR) == 1
    assert status(store, ana) == ("complained" if kind else "bounced")


def test_a_reader_who_takes_the_mail_out_of_the_spam_gets_mail_again(
    store: Store, ana: Customer, ses: ListOfSes
) -> None:
    customers.change(store, ana.id, lambda each: each.model_copy(update={"email_status": "proven"}), NOW)
    bounces.record(report("abuse"), NOW)
    assert status(store, ana) == "complained"
    bounces.record(report("not-spam", NOW), NOW + HOUR)
    assert status(store, ana) == "proven"
    assert ses.addresses == set()


def test_a_reader_cannot_lift_a_bounce(store: Store, ana: Customer, ses: ListOfSes) -> None:
    bounces.record(report(None), NOW)
    bounces.record(report("abuse"), NOW)
    bounces.record(report("not-spam"), NOW + HOUR)
    assert status(store, ana) == "bounced"
    bounces.record(report("not-spam"), NOW + HOUR)
    assert status(store, ana) == "bounced"
    assert ses.asked == []


def test_the_api_lists_and_lifts_stops(store: Store, ana: Customer) -> None:
    key = api_keys.create(store.id, NewKey(name="office"), clock.now()).key
    bounces.record(report("abuse"), NOW)

    def call(method: str, path: str, **query: object) -> Any:
        return customers_api.handler(http_event(method, f"demo/suppressions{path}", None, key=key, **query), None)

    assert [each["customer_id"] for each in answered(call("GET", "", reason="complained"))["items"]] == [ana.id]
    assert answered(call("GET", ""))["items"] == []
    assert call("DELETE", f"/{ana.id}")["statusCode"] == 204
    assert call("DELETE", "/cus_00000000000000000000000000")["statusCode"] == 404
    assert answered(call("GET", "", reason="complained"))["items"] == []
