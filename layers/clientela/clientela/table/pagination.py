"""Pages of lists, and their cursors: where a page ended, signed, and good for that one list only."""

import hashlib
from typing import NamedTuple

from clientela import signing
from clientela.errors import FieldError, InvalidInputError
from clientela.table import dynamodb

_PURPOSE = "cursor"


class ItemPage(NamedTuple):
    """A page of items, and the cursor of the next one if there is one."""

    items: list[dynamodb.Item]
    next_cursor: str | None


def newest_first(pk: str, prefix: str, limit: int, cursor: str | None) -> ItemPage:
    """A page of the items of a collection whose sort keys start with a prefix and order them by time.

    InvalidInputError for a cursor of another list. Half a read unit per 4 KB.
    """
    list_of = f"{pk}/{prefix}"
    start = {"ExclusiveStartKey": dynamodb.key(pk, decode_cursor(list_of, cursor))} if cursor is not None else {}
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
        ScanIndexForward=False,
        Limit=limit + 1,
        **start,
    )
    shown = answer["Items"][:limit]
    more = len(answer["Items"]) > limit or "LastEvaluatedKey" in answer
    return ItemPage(shown, encode_cursor(list_of, shown[-1]["sk"]["S"]) if more and shown else None)


def encode_cursor(of: str, position: str) -> str:
    """The cursor of a list (any text that names it, with its filter and order) at a position."""
    return signing.sign(_PURPOSE, [_digest(of), position])


def decode_cursor(of: str, cursor: str) -> str:
    """The position that a cursor of this list holds. InvalidInputError for any other text."""
    match signing.unsign(_PURPOSE, cursor):
        case [str(made_for), str(found)] if made_for == _digest(of):
            return found
    raise InvalidInputError(fields=[FieldError("cursor", "This cursor belongs to another list.")])


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:16]
