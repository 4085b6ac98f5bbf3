"""A change of an item, as the table's stream tells it to the functions that follow."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from clientela.table.dynamodb import Item


class Change(NamedTuple):
    """One change of one item. `before` is None where it was put, `after` where it was deleted.

    `id` is the stream's own: the same however often the change is delivered. `at` is when the table took it, to the second.
    """

    id: str
    number: str  # the position in the stream
    at: datetime
    pk: str
    sk: str
    before: Item | None
    after: Item | None


def read(record: dict[str, Any]) -> Change:
    """The change that a record of the stream tells."""
    told = record["dynamodb"]
    return Change(
        id=record["eventID"],
        number=told["SequenceNumber"],
        at=datetime.fromtimestamp(int(told["ApproximateCreationDateTime"]), UTC),
        pk=told["Keys"]["pk"]["S"],
        sk=told["Keys"]["sk"]["S"],
        before=told.get("OldImage"),
        after=told.get("NewImage"),
    )
