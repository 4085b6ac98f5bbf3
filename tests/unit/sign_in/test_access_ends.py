"""Disabling and another e-mail end access for good, although the process is killed right after the write."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support.http_events import http_event
from tests.support.import_runs import imported, state_machines
from tests.support.sign_ins import ANA, HERE, NOW, Mailbox, Sent, by_link, mailbox
from tests.support.streams import arriving, recorded

import customers_api
import email_sender
import follow_ups
from clientela import settings
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.email_changes import email_changes
from clientela.imports import import_writes
from clientela.lifecycle import email_recovery
from clientela.notifications import email_change_mail
from clientela.schema.actors import OPERATOR
from clientela.sign_in import passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import LinkUsedError, SessionInvalidError
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

NEW = "new@example.org"
BEFORE = NOW - timedelta(minutes=9)


type Kill = Callable[[Callable[[], object]], None]


class KilledError(BaseException):
    """The end of the process: nothing catches it."""


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana"), BEFORE)


@pytest.fixture
def opened(store: Store, box: Mailbox, ana: Customer) -> SignedIn:
    return by_link(store, box.link(store, at=BEFORE), BEFORE)


@pytest.fixture
def link(store: Store, box: Mailbox, opened: SignedIn) -> Sent:
    """A link that Ana asked for after her sign-in and has not used."""
    return box.link(store, at=BEFORE + timedelta(minutes=2))


@pytest.fixture
def killed(ana: Customer, monkeypatch: pytest.MonkeyPatch) -> Kill:
    """Do something in a process that is killed right after it has written Ana's profile."""

    def run(act: Callable[[], object]) -> None:
        transact, write = dynamodb.transact, dynamodb.write

        def write_and_die(writes: list[dict[str, Any]]) -> list[str] | None:
            reasons = transact(writes)
            if reasons is None and any(
                write.get("Put", {}).get("Item", {}).get("sk") == {"S": keys.PROFILE} for write in writes
            ):
                raise KilledError
            return reasons

        def put_and_die(operation: dynamodb.Write, **request: Any) -> dynamodb.Written:
            written = write(operation, **request)
            if written.done and request.get("Item", {}).get("sk") == {"S": keys.PROFILE}:
                raise KilledError
            return written

        with monkeypatch.context() as patch:
            patch.setattr(dynamodb, "transact", write_and_die)
            patch.setattr(dynamodb, "write", put_and_die)
            with pytest.raises(KilledError):
                act()

    return run


def patch_by_api(store: Store, changes: dict[str, Any]) -> None:
    key = api_keys.create(store.id, NewKey(name="test"), NOW).key
    customer = customers.find(store, ANA, NOW)
    assert customer
    customers_api.handler(http_event("PATCH", f"demo/customers/{customer.id}", changes, key=key), None)


def disable_in_bulk(store: Store, ana: Customer) -> None:
    bulk_jobs.change(store, [ana.id], BulkChange(status="disabled"), NOW, OPERATOR)


def disable_by_import(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions are not thread-safe
    imported(store, state_machines(monkeypatch), b"email,status\nana@example.com,disabled\n")


def follow() -> None:
    """Run the stream's follower over everything that was written, as Lambda does: at least once."""
    records = arriving("FollowUps", recorded(settings.table_name()))
    assert follow_ups.handler({"Records": records}, None) == {"batchItemFailures": []}


def notices() -> list[dict[str, Any]]:
    """The notices of another e-mail on the queue, which is emptied."""
    sqs, found = boto3.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            sqs.delete_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], ReceiptHandle=message["ReceiptHandle"])
        found += [json.loads(message["Body"]) for message in messages]
    return [message for message in found if message["mail"] == "email_changed"]


def stored_sessions(store: Store, customer_id: str) -> list[str]:
    records = sessions.SessionRecord.list_by_prefix(keys.customer(store.id, customer_id), keys.SESSION_PREFIX)
    return [record.session.id for record in records]


def require_shut_out(store: Store, opened: SignedIn, link: Sent, undo: dict[str, str]) -> None:
    """Before the stream is followed and after it, and also once the change is undone, nothing old works."""
    customer_id = opened.customer.id
    for changes in ({}, undo):
        customers.patch(store, customer_id, changes, NOW)
        with pytest.raises(SessionInvalidError):
            sessions.current(store, opened.token, NOW)
        assert sessions.list_active(store, customers.get(store, customer_id), NOW) == []
    with pytest.raises(LinkUsedError):
        by_link(store, link)
    follow()
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, NOW)
    assert stored_sessions(store, customer_id) == []


@pytest.mark.parametrize("way", ["api", "bulk", "import"])
def test_a_disabled_customer_stays_out(
    store: Store,
    opened: SignedIn,
    link: Sent,
    killed: Kill,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    ways: dict[str, Callable[[], None]] = {
        "api": lambda: patch_by_api(store, {"status": "disabled"}),
        "bulk": lambda: disable_in_bulk(store, opened.customer),
        "import": lambda: disable_by_import(store, monkeypatch),
    }
    killed(ways[way])
    assert customers.get(store, opened.customer.id).status == "disabled"
    require_shut_out(store, opened, link, {"status": "active"})
    assert notices() == []


def test_a_locked_account_stays_closed(store: Store, box: Mailbox, opened: SignedIn, killed: Kill) -> None:
    """A thief's session and link do not survive the lock by the way back of the old address."""
    confirm(store, box, opened, NEW)
    follow()
    (notice,) = notices()
    token = deliver_notice(box, notice)
    thiefs = box.link(store, NEW, NOW)
    customers.create(store, NewCustomer(email=ANA), NOW)
    killed(lambda: email_recovery.revert(store, str(token), HERE, NOW, lambda: False))
    assert customers.get(store, opened.customer.id).status == "disabled"
    require_shut_out(store, opened, thiefs, {"status": "active"})


def test_a_merchants_change_of_the_email_ends_access_and_is_told_once(
    store: Store, box: Mailbox, opened: SignedIn, link: Sent, killed: Kill
) -> None:
    killed(lambda: patch_by_api(store, {"email": NEW}))
    follow()
    (notice,) = notices()
    require_shut_out(store, opened, link, {"email": ANA})
    assert deliver_notice(box, notice) is None
    assert (box.mails[-1][0], box.mails[-1][1].name) == (ANA, "email_changed")
    sent = len(box.mails)
    follow()  # the stream delivers at least once
    for again in notices():
        deliver_notice(box, again)
    assert len(box.mails) == sent


def test_an_owners_change_of_the_email_keeps_one_session_and_is_told_once(
    store: Store, box: Mailbox, opened: SignedIn, link: Sent, killed: Kill
) -> None:
    other = by_link(store, link)
    killed(lambda: confirm(store, box, opened, NEW))
    follow()
    (notice,) = notices()
    assert stored_sessions(store, opened.customer.id) == [opened.session.id]
    customers.patch(store, opened.customer.id, {"email": ANA}, NOW)
    for each in (opened, other):
        with pytest.raises(SessionInvalidError):
            sessions.current(store, each.token, NOW)
    assert deliver_notice(box, notice)
    assert box.mails[-1][0] == ANA


def test_taking_an_account_back_ends_access_and_is_told_once(
    store: Store, box: Mailbox, opened: SignedIn, killed: Kill
) -> None:
    confirm(store, box, opened, NEW)
    follow()
    token = deliver_notice(box, notices()[0])
    thiefs = box.link(store, NEW, NOW)
    killed(lambda: email_recovery.revert(store, str(token), HERE, NOW, lambda: False))
    assert customers.get(store, opened.customer.id).email == ANA
    reverted = customers.get(store, opened.customer.id).version
    require_shut_out(store, opened, thiefs, {"email": NEW})
    assert [each["version"] for each in notices()].count(str(reverted)) == 1


def test_a_session_is_void_also_for_a_change_that_began_before(store: Store, opened: SignedIn) -> None:
    """A password change whose session was looked at before the account was disabled must not renew it."""
    customers.patch(store, opened.customer.id, {"status": "disabled"}, NOW)
    with pytest.raises(SessionInvalidError):
        passwords.change(store, opened.customer, opened.session, "correct horse battery", BEFORE)


def test_a_bounced_address_gets_no_notice(store: Store, box: Mailbox, opened: SignedIn) -> None:
    def bounced(before: Customer) -> Customer:
        return before.model_copy(update={"email_status": "bounced"})

    customers.change(store, opened.customer.id, bounced, NOW)
    customers.patch(store, opened.customer.id, {"email": NEW}, NOW)
    follow()
    assert notices() == []


def test_no_response_shows_the_version_that_access_counts_from(store: Store, opened: SignedIn) -> None:
    disabled = customers.patch(store, opened.customer.id, {"status": "disabled"}, NOW)
    assert disabled.access_version == disabled.version
    assert customers.get(store, disabled.id) == disabled
    renamed = customers.patch(store, disabled.id, {"name": "Ana B"}, NOW)
    assert renamed.access_version == disabled.version
    key = api_keys.create(store.id, NewKey(name="test"), NOW).key
    for path in (f"demo/customers/{disabled.id}", "demo/customers"):
        assert "access_version" not in customers_api.handler(http_event("GET", path, key=key), None)["body"]


def confirm(store: Store, box: Mailbox, opened: SignedIn, email: str) -> None:
    """Change the e-mail of a signed-in customer by the link of the mail."""
    customer = customers.get(store, opened.customer.id)
    at = BEFORE + timedelta(minutes=5)
    request = email_changes.request(store, customer, email, None, HERE, at)
    assert email_change_mail.deliver(store, customer.id, request.request_id, at) == "sent"
    token = box.mails[-1][1].context["link"].partition("#email_change=")[2]
    email_changes.confirm(store, customer, opened.session, HERE, at, token=token)


def deliver_notice(box: Mailbox, notice: dict[str, Any]) -> str | None:
    """Send a notice from the queue, and return the token of its way back."""
    event = {"Records": [{"messageId": "m", "body": json.dumps(notice)}]}
    assert email_sender.handler(event, None) == {"batchItemFailures": []}
    link = box.mails[-1][1].context.get("link")
    return str(link).partition("#email_revert=")[2] if link else None
