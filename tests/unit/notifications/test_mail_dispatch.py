"""Which mail is sent when: sign-ins first, bulk mails at their pace, and nothing is lost for what SES refuses for now."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import email_sender
from clientela import clock, settings
from clientela.aws import clients
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.mail import bulk_sending, mail_queue, sending_quota
from clientela.mail.mail_queue import HeldTooLongError
from clientela.mail.sending_quota import SendingQuota
from clientela.notifications import mail_dispatch
from clientela.sign_in import link_sign_in
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store

NOW = clock.now()
NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.com"
QUOTA_USED = "Daily message quota exceeded."


class Ses:
    """SES, which raises `error` as long as there is one."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.error: ClientError | None = None

    def send_email(self, **call: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(call["Destination"]["ToAddresses"][0])

    def fail(self, code: str, message: str = "") -> None:
        self.error = ClientError({"Error": {"Code": code, "Message": message}}, "SendEmail")


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Ses:
    stand_in = Ses()
    monkeypatch.setattr(clients, "ses", lambda: stand_in)
    return stand_in


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the pace, which stands still but for the sleeps; their lengths."""
    slept: list[float] = []
    monkeypatch.setattr(bulk_sending, "_last_turn", -1e9)
    monkeypatch.setattr("clientela.mail.bulk_sending.time.monotonic", lambda: sum(slept))
    monkeypatch.setattr("clientela.mail.bulk_sending.time.sleep", slept.append)
    return slept


def quota(monkeypatch: pytest.MonkeyPatch, per_second: float = 14, per_day: float = 50_000, sent: float = 0) -> None:
    monkeypatch.setattr(sending_quota, "_fetch", lambda: SendingQuota(per_second, per_day, sent))
    sending_quota._cache.clear()


def waiting(url: str) -> list[dict[str, Any]]:
    """The messages of a queue, also those that are delayed."""
    sqs = boto3.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    delayed = int(attributes["ApproximateNumberOfMessagesDelayed"])
    return [json.loads(message["Body"]) for message in found] + [{"delayed": True}] * delayed


def welcome(store: Store, email: str = "ana@example.com") -> dict[str, Any]:
    customer = customers.create(store, NewCustomer(email=email), NOW)
    return {"mail": "welcome", "store_id": store.id, "customer_id": customer.id}


def sign_in(store: Store, email: str = "ben@example.com") -> dict[str, Any]:
    request = link_sign_in.request_link(store, email, Visitor("192.0.2.1"), None, None, NOW)
    return {"mail": "sign_in_link", "store_id": store.id, "request_id": request.request_id}


def put_back(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], int]]:
    """What is put on a queue: its URL, the message and the delay."""
    calls: list[tuple[str, dict[str, Any], int]] = []
    monkeypatch.setattr(
        "clientela.mail.mail_queue.sqs.send",
        lambda url, body, delay_seconds=0: calls.append((url, json.loads(body), delay_seconds)),
    )
    return calls


def test_mails_of_sign_ins_and_security_have_a_queue_of_their_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = put_back(monkeypatch)
    for mail in mail_dispatch.DELIVER:
        mail_queue.put(mail, store.id, customer_id="cus_1")
        mail_queue.put_later(mail, store.id, customer_id="cus_1")
    urgent = {message["mail"] for url, message, _ in calls if url == settings.mail_queue_url()}
    bulk = {message["mail"] for url, message, _ in calls if url == settings.bulk_mail_queue_url()}
    assert urgent == {"sign_in_link", "email_change", "email_changed", "password_changed", "new_device", "mail_test"}
    assert bulk == set(mail_dispatch.DELIVER) - urgent


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("MessageRejected", NOT_VERIFIED, "not_verified"),
        ("MessageRejected", "Sending suspended for this account.", "sending_paused"),
        ("MailFromDomainNotVerifiedException", "", "mail_from_not_verified"),
        ("SendingPausedException", "Email sending for this account is paused", "sending_paused"),
        ("AccountSuspendedException", "", "account_suspended"),
        ("NotFoundException", "Configuration set <clientela-test> does not exist.", "configuration_missing"),
        ("AccessDeniedException", "not authorized to perform ses:SendEmail", "access_denied"),
        ("TooManyRequestsException", "Maximum sending rate exceeded.", "rate"),
        ("TooManyRequestsException", QUOTA_USED, "quota"),
        ("LimitExceededException", QUOTA_USED, "quota"),
    ],
)
@pytest.mark.parametrize("mail", ["welcome", "sign_in_link"])
def test_a_mail_that_ses_lets_not_pass_now_is_put_back_and_sent_later(
    store: Store, ses: Ses, monkeypatch: pytest.MonkeyPatch, mail: str, code: str, message: str, reason: str
) -> None:
    queued = welcome(store) if mail == "welcome" else sign_in(store)
    calls = put_back(monkeypatch)
    ses.fail(code, message)
    delivered = mail_dispatch.deliver(queued, NOW)
    assert (delivered.outcome, delivered.reason) == ("held", reason)
    assert delivered.is_fault == (reason not in {"rate", "quota"})
    [(url, again, delay)] = calls
    assert url == (settings.bulk_mail_queue_url() if mail == "welcome" else settings.mail_queue_url())
    assert again == queued | {"held_since": clock.format_timestamp(NOW)}
    assert 0 < delay <= 900
    ses.error = None
    assert mail_dispatch.deliver(again, NOW + timedelta(seconds=delay)).outcome == "sent"
    assert len(ses.sent) == 1


def test_a_sign_in_link_that_is_throttled_waits_for_seconds(
    store: Store, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued, calls = sign_in(store), put_back(monkeypatch)
    ses.fail("TooManyRequestsException", "Maximum sending rate exceeded.")
    mail_dispatch.deliver(queued, NOW)
    assert [delay for _, _, delay in calls] == [2]


def test_a_mail_is_put_back_for_four_days(store: Store, ses: Ses, monkeypatch: pytest.MonkeyPatch) -> None:
    queued, calls = welcome(store), put_back(monkeypatch)
    ses.fail("SendingPausedException")
    mail_dispatch.deliver(queued, NOW)
    mail_dispatch.deliver(calls[-1][1], NOW + timedelta(days=4))
    assert calls[-1][1]["held_since"] == clock.format_timestamp(NOW)
    with pytest.raises(HeldTooLongError):
        mail_dispatch.deliver(calls[-1][1], NOW + timedelta(days=4, seconds=1))


def test_a_fault_is_logged_as_an_error_without_the_address(
    store: Store, ses: Ses, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"messageId": "1", "body": json.dumps(welcome(store)), "eventSource": "aws:sqs"}
    ses.fail("MessageRejected", NOT_VERIFIED)
    assert email_sender.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    [line] = [vars(entry) for entry in caplog.records if entry.getMessage() == "mail"]
    assert (line["levelname"], line["outcome"], line["reason"]) == ("ERROR", "held", "not_verified")
    logged = "".join([repr(line), *capsys.readouterr()])
    assert "a@b.com" not in logged
    assert "ana@example.com" not in logged
    assert waiting(settings.bulk_mail_queue_url()) == [{"delayed": True}]


@pytest.mark.parametrize(("per_second", "interval"), [(14, 2 / 11.2), (1, 2.5)])
def test_bulk_mails_keep_to_their_share_of_the_send_rate(
    store: Store, ses: Ses, sleeps: list[float], monkeypatch: pytest.MonkeyPatch, per_second: float, interval: float
) -> None:
    quota(monkeypatch, per_second)
    for number in range(5):
        assert mail_dispatch.deliver(welcome(store, f"a{number}@example.com"), NOW).outcome == "sent"
    assert sleeps == pytest.approx([0, *[interval] * 4])
    assert sleeps[-1] * 5 < 30  # a batch is over before the function's timeout


def test_a_sign_in_link_does_not_wait_for_its_turn(
    store: Store, ses: Ses, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(monkeypatch, per_second=1, per_day=100, sent=99)
    assert mail_dispatch.deliver(sign_in(store), NOW).outcome == "sent"
    assert sleeps == []


def test_bulk_mails_stop_at_four_fifths_of_the_daily_quota(
    store: Store, ses: Ses, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(monkeypatch, per_day=100, sent=76)
    calls = put_back(monkeypatch)
    outcomes = [mail_dispatch.deliver(welcome(store, f"a{n}@example.com"), NOW)[:3] for n in range(3)]
    # Each mail counts twice: the other sender may have sent one too.
    assert outcomes == [("sent", None, False)] * 2 + [("held", "quota", False)]
    assert [delay for _, _, delay in calls] == [900]
    quota(monkeypatch, per_day=-1, sent=10**9)  # an account without a daily quota
    assert mail_dispatch.deliver(calls[0][1], NOW).outcome == "sent"


def test_a_store_that_has_sent_its_mails_of_the_day_does_not_stop_another(
    store: Store, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_BULK_MAILS_PER_DAY", "2")
    messages = [welcome(store, f"a{number}@example.com") for number in range(3)]
    assert [mail_dispatch.deliver(message, NOW).reason for message in messages] == [None, None, "store_limit"]
    other = store.model_copy(update={"id": "other"})
    bulk_sending.admit(other, NOW)
    assert mail_dispatch.deliver(messages[2], NOW + timedelta(days=1)).outcome == "sent"


def test_the_quota_is_asked_for_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Account:
        def get_account(self) -> dict[str, Any]:
            asked.append(1)
            return {"SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 7.0}}

    monkeypatch.undo()
    monkeypatch.setattr(clients, "ses", Account)
    sending_quota._cache.clear()
    assert [sending_quota.current() for _ in range(3)] == [SendingQuota(14, 50_000, 7)] * 3
    assert len(asked) == 1
    sending_quota._cache.clear()


def test_bulk_mails_are_sent_slowly_if_ses_does_not_tell_its_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    class Account:
        def get_account(self) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "GetAccount")

    monkeypatch.undo()
    monkeypatch.setenv("BULK_MAIL_CONCURRENCY", "2")
    monkeypatch.setattr(clients, "ses", Account)
    sending_quota._cache.clear()
    assert sending_quota.current().bulk_interval == 2.5
    assert not sending_quota.current().is_full_for_bulk
    sending_quota._cache.clear()
