"""What the log says of a failure: its kind and its place, and nothing that somebody has sent."""

import io
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError
from tests.support.http_events import answered, http_event
from tests.support.streams import record as stream_record

import bulk_changes
import csv_import
import customers_api
import email_sender
import event_publisher
import follow_ups
import order_intake
import schedule_keeper
import storefront_api
import vat_checker
from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.csv.csv_survey import Chunk
from clientela.customers import customers
from clientela.errors import BusyError
from clientela.events import change_events
from clientela.exports import schedule_states, scheduler_entries
from clientela.handlers import error_logs
from clientela.imports import import_finish, import_load, import_receive
from clientela.orders import orders
from clientela.orders.order_fields import OrderMessage
from clientela.sign_in import link_requests, sessions
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.vat import vat_checks

EMAIL, TOKEN = "canary-7f3a@example.com", "cs_canary7f3aToken"
WORDS = f"{EMAIL!r} with {TOKEN!r} is not a phone number"


class Context:
    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "function", 512, "arn", "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Number(BaseModel):
    """A model that shows its input in errors."""

    number: int


def unforeseen() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Number.model_validate({"number": WORDS})
    return raised.value


def caused() -> KeyError:
    error = KeyError(EMAIL)
    error.__cause__ = ValueError(WORDS)
    return error


FAULTS: list[Callable[[], Exception]] = [
    unforeseen,
    caused,
    lambda: ValueError(WORDS),
    lambda: ClientError({"Error": {"Code": "MessageRejected", "Message": WORDS}}, "SendEmail"),
]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged, as Lambda writes it."""
    lines = io.StringIO()
    monkeypatch.setattr(error_logs.logger.registered_handler, "stream", lines)
    return lambda: lines.getvalue() + caplog.text


@pytest.fixture(params=FAULTS, ids=["unforeseen", "caused", "value", "client"])
def fault(request: pytest.FixtureRequest) -> Exception:
    made: Exception = request.param()
    return made


def breaks(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, fault: Exception) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(module, name, broken)


def messages(*bodies: str) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": "1"}
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def demand_quiet(said: str, fault: Exception) -> None:
    assert EMAIL not in said
    assert TOKEN not in said
    assert "phone number" not in said
    assert type(fault).__name__ in said
    assert "test_error_logs.py:" in said


def test_a_failing_request_of_a_merchant_is_logged_without_its_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str], fault: Exception
) -> None:
    key = api_keys.create(store.id, NewKey(name="test"), clock.now()).key
    breaks(monkeypatch, customers, "create", fault)
    answer = customers_api.handler(http_event("POST", "demo/customers", {"email": EMAIL, "name": TOKEN}, key=key), None)
    assert answered(answer)["code"] == "unexpected"
    demand_quiet(log(), fault)
    assert key not in log()


def test_a_failing_request_of_a_shopper_is_logged_without_its_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str], fault: Exception
) -> None:
    breaks(monkeypatch, sessions, "current", fault)
    answer = storefront_api.handler(http_event("GET", "demo/account", key=TOKEN), None)
    assert answered(answer)["code"] == "unexpected"
    demand_quiet(log(), fault)


def test_a_failing_message_is_logged_without_its_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str], fault: Exception
) -> None:
    breaks(monkeypatch, orders, "record_version", fault)
    breaks(monkeypatch, link_requests, "find", fault)
    breaks(monkeypatch, vat_checks, "check", fault)
    order = {
        "id": "1",
        "version": 1,
        "placed_at": "2026-11-21T10:00:00Z",
        "email": EMAIL,
        "currency": "EUR",
        "total": "1",
        "payment_status": "paid",
    }
    bodies: list[tuple[Any, dict[str, Any]]] = [
        (order_intake, {"store_id": "demo", "order": order}),
        (email_sender, {"store_id": "demo", "mail": "sign_in_link", "request_id": TOKEN}),
        (vat_checker, {"store_id": "demo", "customer_id": "cus_1", "vat_id": TOKEN}),
    ]
    for function, body in bodies:
        before = len(log())
        answer = function.handler(messages(json.dumps(body)), Context())
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
        demand_quiet(log()[before:], fault)


@pytest.mark.parametrize("function", [order_intake, email_sender, vat_checker])
def test_a_message_that_cannot_be_read_is_logged_without_what_it_holds(
    store: Store, log: Callable[[], str], function: Any
) -> None:
    bodies = [
        f'"{EMAIL} {TOKEN}"',
        f"{EMAIL} {TOKEN}",
        json.dumps({"store_id": EMAIL, TOKEN: EMAIL, "mail": TOKEN}),
        json.dumps({"store_id": "demo", "mail": "sign_in_link", TOKEN: EMAIL}),
    ]
    assert len(function.handler(messages(*bodies), Context())["batchItemFailures"]) == len(bodies)
    assert [json.loads(line)["message_id"] for line in log().splitlines() if line.startswith("{")] == [
        "m0",
        "m1",
        "m2",
        "m3",
    ]
    assert EMAIL not in log()
    assert TOKEN not in log()


def test_a_failing_change_of_the_stream_is_logged_without_its_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str], fault: Exception
) -> None:
    breaks(monkeypatch, vat_checks, "check_for", fault)
    breaks(monkeypatch, change_events, "event_from_change", fault)
    change = stream_record(None, {"pk": {"S": TOKEN}, "sk": {"S": EMAIL}})
    handed_back = [{"itemIdentifier": change["dynamodb"]["SequenceNumber"]}]
    assert follow_ups.handler({"Records": [change]}, Context()) == {"batchItemFailures": handed_back}
    demand_quiet(log(), fault)
    before = len(log())
    assert event_publisher.handler({"Records": [change]}, Context()) == {"batchItemFailures": []}
    demand_quiet(log()[before:], fault)


def test_a_wrong_field_is_named_where_it_is_one_of_ours(store: Store) -> None:
    order = {"version": "x", "email": EMAIL, "items": [{"quantity": EMAIL}]}
    with pytest.raises(ValidationError) as raised:
        OrderMessage.model_validate({"store_id": "demo", "order": order})
    fields = error_logs.error_details(raised.value)["fields"]
    assert {"order.version: int_type", "order.total: missing", "order.items.0.quantity: int_parsing"} <= set(fields)
    with pytest.raises(ValidationError) as raised:
        NewKey.model_validate({"name": "till", TOKEN: 1})
    assert error_logs.error_details(raised.value)["fields"] == [": extra_forbidden"]


JOBS: list[tuple[Any, str, Any, str, dict[str, Any]]] = [
    (csv_import, "load", import_load, "run",
     {"store_id": "demo", "job_id": "imp_1", "chunk": Chunk(index=0, start=0, end=1, first_line=1, rows=1).model_dump()}),
    (csv_import, "receive", import_receive, "receive",
     {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": f"demo/{EMAIL}.csv"}}}]}),
    (csv_import, "finish", import_finish, "finish", {"store_id": "demo", "job_id": "imp_1"}),
    (schedule_keeper, "handler", schedule_states, "list_failing", {}),
    (schedule_keeper, "handler", scheduler_entries, "sync_all", {}),
    (bulk_changes, "handler", bulk_jobs, "run", {"store_id": "demo", "job_id": "blk_1"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "handler", "module", "verb", "event"), JOBS, ids=[f"{j[0].__name__}-{j[3]}" for j in JOBS]
)
def test_lambda_is_given_the_name_of_an_error_and_no_words(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    log: Callable[[], str],
    fault: Exception,
    function: Any,
    handler: str,
    module: Any,
    verb: str,
    event: dict[str, Any],
) -> None:
    breaks(monkeypatch, module, verb, fault)
    with pytest.raises(error_logs.FaultError) as raised:
        getattr(function, handler)(event, Context())
    assert raised.type.__name__ == type(fault).__name__
    said = "".join(traceback.format_exception(raised.value))
    demand_quiet(said + log(), fault)


def test_a_group_of_errors_is_told_one_by_one() -> None:
    told = error_logs.error_details(ExceptionGroup(WORDS, [fault() for fault in FAULTS]))
    assert [error["error"] for error in told["errors"]] == ["ValidationError", "KeyError", "ValueError", "ClientError"]
    assert EMAIL not in json.dumps(told)


def test_codes_and_causes_are_told() -> None:
    told = [error_logs.error_details(fault()) for fault in FAULTS]
    assert told[0]["fields"] == ["number: int_parsing"]
    assert told[1]["cause"]["error"] == "ValueError"
    assert told[3]["code"] == "MessageRejected"
    assert error_logs.error_details(BusyError())["code"] == "busy"
