"""The VAT check's stream and queue, against what the code and the registries expect of them."""

import json
from pathlib import Path
from typing import Any

from tests.template.test_build import run_as_lambda
from tests.template_file import PROJECT, template

from clientela import vat_check_queue

RESOURCES: dict[str, Any] = template()["Resources"]
STREAM: dict[str, Any] = RESOURCES["VatRequests"]["Properties"]["Events"]["Customers"]["Properties"]
QUEUE: dict[str, Any] = RESOURCES["VatCheckQueue"]["Properties"]


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's event filtering, as far as it is used here: objects go down, lists hold what is allowed."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(matches(part, value.get(name)) for name, part in pattern.items())
    return value in pattern or (value is not None and {"exists": True} in pattern)


def test_only_profiles_with_a_pending_vat_id_start_the_function() -> None:
    (filtered,) = STREAM["FilterCriteria"]["Filters"]
    pattern = json.loads(filtered["Pattern"])
    (record,) = json.loads((PROJECT / "events/dynamodb_stream_vat.json").read_text(encoding="utf-8"))["Records"]
    before = {**record, "dynamodb": {**record["dynamodb"], "NewImage": record["dynamodb"]["OldImage"]}}
    assert matches(pattern, record)
    assert not matches(pattern, before)


def test_a_batch_that_cannot_be_queued_is_tried_again_and_then_kept() -> None:
    assert STREAM["MaximumRetryAttempts"] == 20
    assert STREAM["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]}


def test_the_code_counts_receives_as_the_queue_does() -> None:
    assert QUEUE["RedrivePolicy"]["maxReceiveCount"] == vat_check_queue.RECEIVES
    assert len(vat_check_queue.GAPS) == vat_check_queue.RECEIVES - 1


def test_a_message_outlives_its_gaps() -> None:
    assert QUEUE["MessageRetentionPeriod"] > 1.2 * sum(vat_check_queue.GAPS)


def test_the_built_layer_holds_what_the_rules_of_all_countries_read(build: Path) -> None:
    """An Indonesian number is looked up in a list of districts, which is a file of its own."""
    result = run_as_lambda(build, "VatChecker", "from clientela import vat; print(vat.number('ID 3171011708450001'))")
    assert (result.stdout.strip(), result.returncode) == ("ID3171011708450001", 0), result.stderr
