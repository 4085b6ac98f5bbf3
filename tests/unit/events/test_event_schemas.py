"""The samples of published events follow from the samples of changes and match the schema."""

import json
import re
from itertools import permutations
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter
from tests.support.streams import arriving
from tests.support.template_file import PROJECT

from clientela.events import change_events
from clientela.events.event_schemas import AnyEvent
from clientela.schema.documents import STORED
from clientela.table import stream

ROOT = PROJECT
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/events.json").read_text("utf-8")))
RECORDS: list[dict[str, Any]] = json.loads((ROOT / "events/dynamodb_stream.json").read_text("utf-8"))["Records"]
SAMPLES = {file.stem: json.loads(file.read_text("utf-8")) for file in (ROOT / "events/published").glob("*.json")}


@pytest.mark.parametrize("record", RECORDS, ids=[str(number) for number in range(len(RECORDS))])
def test_a_recorded_change_tells_its_sample(record: dict[str, Any]) -> None:
    event = change_events.event_from_change(stream.read(record))
    assert event is not None
    assert event.detail == SAMPLES[event.type]["detail"]
    assert SAMPLES[event.type]["detail-type"] == event.type


def undo_record(number: int, before: str, after: str) -> dict[str, Any]:
    """The recorded end of an undo, as that of another attempt with other states."""
    record: dict[str, Any] = json.loads(json.dumps(next(each for each in RECORDS if "undo" in str(each))))
    for image, status in (("OldImage", before), ("NewImage", after)):
        item = record["dynamodb"][image]
        item["undo_number"] = {"N": str(number)}
        item["undo"] = {"S": json.dumps(json.loads(item["undo"]["S"]) | {"status": status})}
    return record


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_each_end_of_an_undo_is_an_event_and_nothing_else_of_it(status: str) -> None:
    event = change_events.event_from_change(stream.read(undo_record(2, "running", status)))
    assert event is not None
    job = event.detail["data"]["job"]
    assert (event.type, event.detail["sequence"], job["undo"]["status"]) == ("import.undone", 3, status)
    for before, after in (("failed", "running"), (status, status)):
        assert change_events.event_from_change(stream.read(undo_record(2, before, after))) is None


def test_every_sample_reaches_the_publisher() -> None:
    assert arriving("EventPublisher", RECORDS) == RECORDS
    assert len(RECORDS) == len(SAMPLES)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_is_as_the_schema_and_the_models_say(kind: str) -> None:
    detail = SAMPLES[kind]["detail"]
    SCHEMA.validate(detail)
    TypeAdapter(AnyEvent).validate_python(detail, context=STORED)  # which lets no unknown field pass
    assert not SCHEMA.is_valid(detail | {"type": "customer.unknown"})


def test_there_is_a_sample_of_each_event_and_the_documentation_names_it() -> None:
    assert SCHEMA.schema["discriminator"]["mapping"].keys() == SAMPLES.keys()
    documentation = (ROOT / "docs/events.md").read_text("utf-8")
    assert [kind for kind in SAMPLES if f"(../events/published/{kind}.json)" not in documentation] == []


def test_no_sample_shows_a_key_of_the_table_or_a_hash() -> None:
    shown = json.dumps(SAMPLES)
    assert not [word for word in ("STORE#", "PROFILE", "token_hash", "search", "directory") if word in shown]


def test_the_documented_follower_ends_with_the_last_state_whatever_comes_twice_or_late(aws: Any) -> None:
    definitions = {"AttributeName": "customer_id"}
    aws("dynamodb").create_table(
        TableName="customer-copies",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[definitions | {"KeyType": "HASH"}],
        AttributeDefinitions=[definitions | {"AttributeType": "S"}],
    )
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/events.md").read_text("utf-8"), re.DOTALL)
    follower: dict[str, Any] = {}
    exec(code, follower)
    created, updated, deleted = (SAMPLES[f"customer.{word}"]["detail"] for word in ("created", "updated", "deleted"))
    alive = created["customer_id"]
    for history, remains in (((created, updated), True), ((created, updated, deleted), False)):
        for order in permutations(history):
            bodies = [json.dumps({"detail": told}) for told in (*order, *order)]
            follower["handler"]({"Records": [{"body": body} for body in bodies]}, None)
            item = aws("dynamodb").get_item(TableName="customer-copies", Key={"customer_id": {"S": alive}})["Item"]
            assert item["sequence"]["N"] == str(history[-1]["sequence"])
            assert ("customer" in item) is remains
            if remains:
                assert json.loads(item["customer"]["S"]) == updated["data"]["customer"]
            aws("dynamodb").delete_item(TableName="customer-copies", Key={"customer_id": {"S": alive}})
