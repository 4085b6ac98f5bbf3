"""A change of an item, as the table's stream delivers it to the functions that follow the table."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from clientela.table.dynamodb import Item


class TableChange(NamedTuple):
    """One change of one item. `before` is None for a new item, `after` is None for a deleted one.

    `id` is the stream's: the same for every delivery of the change. `at` is the time of the write,
    to the second.
    """

    id: str
    number: str  # the position in the stream
    at: datetime
    pk: str
    sk: str
    before: Item | None
    after: Item | None


def read(record: dict[str, Any]) -> TableChange:
    """Return the change in a record of the stream."""
    change = record["dynamodb"]
    return TableChange(
        id=record["eventID"],
        number=change["SequenceNumber"],
        at=datetime.fromtimestamp(int(change["ApproximateCreationDateTime"]), UTC),
        pk=change["Keys"]["pk"]["S"],
        sk=change["Keys"]["sk"]["S"],
        before=change.get("OldImage"),
        after=change.get("NewImage"),
    )
