"""The table's stream as Lambda hands it to a function."""

import itertools
import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import boto3
from tests.support.template_file import template

from clientela.table.dynamodb import Item

_NUMBERS = itertools.count(1)


def record(before: Item | None, after: Item | None, at: int = 1_763_719_500) -> dict[str, Any]:
    """The record of one change, as if it had just been made."""
    number = next(_NUMBERS)
    item = after or before or {}
    images = {"OldImage": before, "NewImage": after}
    return {
        "eventID": f"{number:032x}",
        "eventName": "MODIFY" if before and after else "INSERT" if after else "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "Keys": {name: item[name] for name in ("pk", "sk")},
            **{name: image for name, image in images.items() if image},
            "SequenceNumber": f"{number:026d}",
            "SizeBytes": 1,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def recorded(table: str, endpoint: str | None = None) -> list[dict[str, Any]]:
    """Everything in a table's stream, from its beginning."""
    streams = boto3.client("dynamodbstreams", endpoint_url=endpoint)
    (stream,) = streams.list_streams(TableName=table)["Streams"]
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]:
        iterator: str | None = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            found += map(_as_lambda_has_it, answer["Records"])
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return found


def arriving(function: str, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those records that the filters in the template let through to a function."""
    events = template()["Resources"][function]["Properties"]["Events"].values()
    (criteria,) = [event["Properties"]["FilterCriteria"] for event in events]
    patterns = [json.loads(each["Pattern"]) for each in criteria["Filters"]]
    return [record for record in records if any(_matches(pattern, record) for pattern in patterns)]


def _matches(pattern: Any, value: Any) -> bool:
    """Lambda's event filtering, as far as it is used here: objects go down, lists hold what is allowed."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(_matches(part, value.get(name)) for name, part in pattern.items())
    return any(_allows(allowed, value) for allowed in pattern)


def _allows(allowed: Any, value: Any) -> bool:
    match allowed:
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"exists": exists}:
            return (value is not None) is exists
        case _:
            return bool(allowed == value)


def _as_lambda_has_it(record: Any) -> dict[str, Any]:
    told = record["dynamodb"]
    at: datetime = told["ApproximateCreationDateTime"]
    images = {name: in_base64(told[name]) for name in ("OldImage", "NewImage") if name in told}
    return {**record, "dynamodb": {**told, **images, "ApproximateCreationDateTime": int(at.timestamp())}}


def in_base64(image: dict[str, Any]) -> Item:
    """botocore gives bytes for a binary attribute, Lambda base64."""
    binary = {name: {"B": b64encode(value["B"]).decode()} for name, value in image.items() if "B" in value}
    return image | binary
