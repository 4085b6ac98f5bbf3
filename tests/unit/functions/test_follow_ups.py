"""What follows from changes of customers: VAT checks and welcome mails, each on its queue."""

import json
from typing import Any

import pytest
from tests.support.streams import record
from tests.support.template_file import PROJECT

import follow_ups
from clientela import clock
from clientela.customers import customer_records, customers, invitations
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_values import Source
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import keys
from clientela.vat import vat_check_queue

EVENTS = PROJECT / "events"
STREAM, MESSAGE = (
    json.loads((EVENTS / name).read_text()) for name in ("dynamodb_stream_vat.json", "sqs_vat_check.json")
)
NOW = clock.now()
STATES = ("pending", "active", "disabled")


@pytest.fixture(autouse=True)
def vat_queue(aws: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    url: str = aws("sqs").create_queue(QueueName="vat-checks")["QueueUrl"]
    monkeypatch.setenv("VAT_CHECK_QUEUE_URL", url)
    return url


def messages(aws: Any, queue: str) -> list[Any]:
    """What is in a queue, which is emptied."""
    sqs, found = aws("sqs"), []
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in received]
    return found


def mails(aws: Any) -> list[dict[str, Any]]:
    """The messages of both mail queues."""
    return messages(aws, "mail") + messages(aws, "bulk-mail")


def made(source: Source = "order", **fields: Any) -> Customer:
    return customers.build(NewCustomer(email="ana@example.com", **fields), NOW, source)


def put(store: Store, customer: Customer, *, welcome: bool = False) -> dict[str, Any]:
    """The record of a new customer."""
    return record(None, customer_records.record(store, customer, welcome=welcome).item())


def followed(*records: dict[str, Any]) -> list[str]:
    answer = follow_ups.handler({"Records": [*records]}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_pending_vat_id_becomes_a_message(aws: Any, store: Store) -> None:
    assert followed(*STREAM["Records"]) == []
    assert messages(aws, "vat-checks") == [json.loads(MESSAGE["Records"][0]["body"])]
    assert mails(aws) == []


def test_a_large_batch_is_queued_whole(aws: Any) -> None:
    assert followed(*STREAM["Records"] * 25) == []
    assert len(messages(aws, "vat-checks")) == 25


def test_who_was_made_by_an_order_is_welcomed(aws: Any, store: Store) -> None:
    ana = made()
    assert followed(put(store, ana)) == []
    assert mails(aws) == [{"mail": "welcome", "store_id": store.id, "customer_id": ana.id}]


@pytest.mark.parametrize("source", ["merchant", "import", "sign_in"])
def test_nobody_else_is_welcomed(aws: Any, store: Store, source: Source) -> None:
    assert followed(put(store, made(source))) == []
    assert mails(aws) == []


def test_who_was_imported_is_invited_and_not_thanked_for_an_order(aws: Any, store: Store) -> None:
    ana = made("import")
    assert followed(put(store, ana, welcome=True)) == []
    invitation = {"mail": "invitation", "store_id": store.id, "customer_id": ana.id, "reference": "import"}
    assert mails(aws) == [invitation]


@pytest.mark.parametrize("source", ["order", "sign_in"])
def test_owner_and_merchant_are_told_that_a_new_account_waits(aws: Any, store: Store, source: Source) -> None:
    ana = made(source, status="pending")
    assert followed(put(store, ana)) == []
    assert sorted(mail["mail"] for mail in mails(aws)) == ["approval_requested", "waiting"]


def test_who_was_imported_as_pending_is_told_only_if_the_import_asks_for_mails(aws: Any, store: Store) -> None:
    ana = made("import", status="pending")
    assert followed(put(store, ana)) == []
    assert mails(aws) == []
    assert followed(put(store, ana, welcome=True)) == []
    assert [mail["mail"] for mail in mails(aws)] == ["waiting"]


def test_who_is_back_after_an_undone_merge_is_not_welcomed_again(aws: Any, store: Store) -> None:
    for status in ("active", "pending"):
        assert followed(put(store, made(status=status).model_copy(update={"version": 3}))) == []
    assert mails(aws) == []


def test_an_invitation_is_mailed(aws: Any, store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    invitations.invite(store, ana.id, NOW, "blk_1")
    (item,) = invitations.InvitationRecord.list_by_prefix(keys.customer(store.id, ana.id), keys.INVITATION_PREFIX)
    assert followed(record(None, item.item()), record(item.item(), None)) == []
    assert mails(aws) == [{"mail": "invitation", "store_id": store.id, "customer_id": ana.id, "reference": "blk_1"}]


def test_a_change_or_the_end_of_an_account_is_no_reason_to_welcome(aws: Any, store: Store) -> None:
    item = customer_records.record(store, made()).item()
    assert followed(record(item, item), record(item, None)) == []
    assert mails(aws) == []


@pytest.mark.parametrize("closed", [{"welcome_mail": False}, {"login_mode": "disabled"}])
@pytest.mark.parametrize("welcome", [False, True])
def test_a_store_that_welcomes_nobody_or_has_no_accounts_sends_nothing(
    aws: Any, closed: dict[str, Any], welcome: bool
) -> None:
    settings = StoreSettings.model_validate({"name": "Closed", "login_mode": "optional"} | closed)
    shop = stores.create("closed", settings, NOW)
    assert followed(put(shop, made(), welcome=welcome)) == []
    assert mails(aws) == []


def test_nothing_follows_from_what_is_no_profile(aws: Any, store: Store) -> None:
    claim = customer_records.claim(store, made()).item()
    assert followed(record(None, claim), record(claim, None)) == []
    assert (mails(aws), messages(aws, "vat-checks")) == ([], [])


def test_a_store_that_is_gone_is_no_fault(aws: Any, store: Store) -> None:
    gone = store.model_copy(update={"id": "gone"})
    assert followed(put(gone, made())) == []


def test_what_cannot_be_done_comes_again_and_keeps_the_rest_from_nothing(
    aws: Any, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = made(vat_id="ESB12345674"), made()
    records = [put(store, first), put(store, second)]
    with monkeypatch.context() as broken:
        broken.setattr(vat_check_queue, "put", lambda checks: 1 / 0)
        assert followed(*records) == [records[0]["dynamodb"]["SequenceNumber"]]
    assert [mail["customer_id"] for mail in mails(aws)] == [first.id, second.id]
    assert followed(records[0]) == []
    assert [check["customer_id"] for check in messages(aws, "vat-checks")] == [first.id]
    assert "ana@example.com" not in capsys.readouterr().out


def test_who_was_pending_is_told_of_the_approval(aws: Any, store: Store) -> None:
    states = {status: customer_records.record(store, made("sign_in", status=status)).item() for status in STATES}
    ana = states["active"]["pk"]["S"].rpartition("#")[2]
    assert followed(record(states["pending"], states["active"])) == []
    assert mails(aws) == [{"mail": "approved", "store_id": store.id, "customer_id": ana}]
    pairs = [("disabled", "active"), ("active", "pending"), ("pending", "pending"), ("pending", "disabled")]
    assert followed(*(record(states[before], states[after]) for before, after in pairs)) == []
    assert followed(record(None, states["active"]), record(states["pending"], None)) == []
    assert mails(aws) == []
