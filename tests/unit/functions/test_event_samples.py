"""Each sample in events/ is one that its function takes: what `sam local invoke -e` would do, on an empty deployment."""

import importlib
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from tests.support.template_file import PROJECT

from clientela.handlers.error_logs import FaultError
from clientela.stores.stores import Store

EVENTS = PROJECT / "events"


class Context:
    """What the functions read of a Lambda's context."""

    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "function", 512, "arn", "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def body(answer: Any) -> str:
    return str(answer["statusCode"])


def failures(answer: Any) -> int:
    return len(answer["batchItemFailures"])


# What comes of the sample where the deployment has the store `demo`, and nothing else that the sample names.
TAKEN: dict[str, tuple[str, Callable[[Any], Any], Any]] = {
    "merchant_list_customers": ("customers_api.handler", body, "401"),
    "storefront_login_link": ("storefront_api.handler", body, "202"),
    "sqs_order": ("order_intake.handler", failures, 0),
    "sqs_mail": ("email_sender.handler", failures, 0),
    "sqs_removal": ("removals.handler", failures, 0),
    "sqs_vat_check": ("vat_checker.handler", failures, 0),
    "sqs_scheduled_export": ("customer_export.handler", failures, 0),
    "ses_bounce": ("email_feedback.handler", lambda answer: answer, None),
    "dynamodb_stream": ("event_publisher.handler", failures, 0),
    "dynamodb_stream_vat": ("follow_ups.handler", failures, 0),
}
REFUSED = {  # because the job that they go on with is not there
    "bulk_changes": "bulk_changes.handler",
    "import_chunk": "csv_import.load",
    "import_finish": "csv_import.finish",
}


def handler(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def sample(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def queues(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAT_CHECK_QUEUE_URL", boto3.client("sqs").create_queue(QueueName="vat")["QueueUrl"])


@pytest.mark.parametrize("name", TAKEN)
def test_a_sample_is_taken(store: Store, name: str) -> None:
    function, seen, expected = TAKEN[name]
    assert seen(handler(function)(sample(name), Context())) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_that_goes_on_with_a_job_asks_for_the_job(store: Store, name: str) -> None:
    with pytest.raises(FaultError) as raised:
        handler(REFUSED[name])(sample(name), Context())
    assert raised.type.__name__ in {"BulkJobNotFoundError", "ImportNotFoundError"}


def test_every_sample_is_tried() -> None:
    elsewhere = {"s3_object_created"}  # needs a file: test_imports
    assert {*TAKEN, *REFUSED, *elsewhere} == {path.stem for path in EVENTS.glob("*.json")}
