"""Pages of lists, and their cursors: the end of a page, signed, valid for one list only."""

from collections.abc import Iterable
from typing import NamedTuple

from clientela import signing
from clientela.errors import FieldError, InvalidInputError
from clientela.signing import sha256_hex
from clientela.table import dynamodb

_PURPOSE = "cursor"
# Of the documents on a page. Lambda refuses a response above 6 MB, in which the page is a JSON text
# inside JSON: each quotation mark takes two bytes.
MAX_BYTES = 5_500_000


class Page[T](NamedTuple):
    """A page of a list; `next_cursor` continues it and is None on the last page."""

    items: list[T]
    next_cursor: str | None


def newest_first(pk: str, prefix: str, limit: int, cursor: str | None) -> Page[dynamodb.Item]:
    """Return a page of the items whose sort keys start with `prefix`, in descending order.

    The sort keys of such a list begin with a time or a version, so the newest items come first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB.
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
    items = answer["Items"][:limit]
    has_more = len(answer["Items"]) > limit or "LastEvaluatedKey" in answer
    return Page(items, encode_cursor(list_of, items[-1]["sk"]["S"]) if has_more and items else None)


def count_fitting(documents: Iterable[bytes], max_bytes: int = MAX_BYTES) -> int:
    """Return how many of the first JSON documents fit on one page; the first one always does."""
    size = count = 0
    for document in documents:
        size += size_in_response(document)
        if size > max_bytes and count:
            break
        count += 1
    return count


def size_in_response(document: bytes) -> int:
    """Return the bytes that a JSON document takes in the response of a function."""
    return len(document) + document.count(b'"') + document.count(b"\\")


def cursor_after(item: dynamodb.Item, prefix: str) -> str:
    """Return the cursor that continues a list of `newest_first` after an item."""
    return encode_cursor(f"{item['pk']['S']}/{prefix}", item["sk"]["S"])


def position_after(pk: str, prefix: str, cursor: str) -> str:
    """Return the sort key after which a cursor continues a list of `newest_first`.

    Raises:
        InvalidInputError: the cursor belongs to another list.
    """
    return decode_cursor(f"{pk}/{prefix}", cursor)


def encode_cursor(list_of: str, position: str) -> str:
    """Return the cursor for a position in a list.

    `list_of` identifies the list with its filter and order.
    """
    return signing.sign(_PURPOSE, [_digest(list_of), position])


def decode_cursor(list_of: str, cursor: str) -> str:
    """Return the position that a cursor of this list holds.

    Raises:
        InvalidInputError: the cursor belongs to another list or is invalid.
    """
    match signing.unsign(_PURPOSE, cursor):
        case [str(digest), str(position)] if digest == _digest(list_of):
            return position
    raise InvalidInputError(fields=[FieldError("cursor", "This cursor belongs to another list.")])


def _digest(list_of: str) -> str:
    return sha256_hex(list_of)[:16]
