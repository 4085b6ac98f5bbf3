"""Pages of lists, and their cursors: where a page ended, signed, and good for that one list only."""

from typing import NamedTuple

from clientela import signing
from clientela.errors import FieldError, InvalidInputError
from clientela.signing import sha256_hex
from clientela.table import dynamodb

_PURPOSE = "cursor"


class Page[T](NamedTuple):
    """A page of a list; `next_cursor` continues it and is None on the last page."""

    items: list[T]
    next_cursor: str | None


def newest_first(pk: str, prefix: str, limit: int, cursor: str | None) -> Page[dynamodb.Item]:
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
    return Page(shown, encode_cursor(list_of, shown[-1]["sk"]["S"]) if more and shown else None)


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
    return sha256_hex(of)[:16]
