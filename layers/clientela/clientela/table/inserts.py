"""Inserts: up to 25 new items in one request, each on the condition that no item has its keys.

BatchWriteItem has no conditions, and a transaction doubles the units. PartiQL's INSERT has one in
itself, and BatchExecuteStatement sends 25 at the price of a put each. The items of a request are
written independently of each other, in any order.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from clientela import settings
from clientela.errors import BusyError
from clientela.table import dynamodb
from clientela.table.dynamodb import DynamoDBError, Item

BATCH = 25  # statements: DynamoDB's limit for one BatchExecuteStatement
# Of one statement, while the others of its request may have been done.
_TEMPORARY = {
    "InternalServerError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError",
    "TransactionConflict",
}  # fmt: skip

# `exists`: an item has the keys, perhaps this one, if the reply of an earlier attempt was lost.
# `busy`: not written, or nobody knows; it can be sent again.
type Outcome = Literal["inserted", "exists", "busy"]


def insert_all(items: Sequence[Item]) -> list[Outcome]:
    """Insert up to 25 items without replacing any, and return what became of each.

    Cost: 1 write unit per KB of each item, and as much per index entry; 1 if the item exists.
    """
    if not items:
        return []
    try:
        answer = dynamodb.client.call("BatchExecuteStatement", {"Statements": list(map(_statement, items))})
    except BusyError:
        return ["busy"] * len(items)
    return [_outcome(response.get("Error")) for response in answer["Responses"]]


def _statement(item: Item) -> dict[str, Any]:
    return {"Statement": _text(settings.table_name(), tuple(item)), "Parameters": list(item.values())}


@lru_cache(maxsize=256)
def _text(table_name: str, names: tuple[str, ...]) -> str:
    attributes = ",".join(f"'{name}':?" for name in names)
    return f'INSERT INTO "{table_name}" VALUE {{{attributes}}}'


def _outcome(error: dict[str, Any] | None) -> Outcome:
    if error is None:
        return "inserted"
    code = error.get("Code")
    if code == "DuplicateItem":
        return "exists"
    if code in _TEMPORARY:
        return "busy"
    raise DynamoDBError(f"BatchExecuteStatement: {code} {error.get('Message', '')}")
