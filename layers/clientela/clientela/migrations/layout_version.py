"""The version of the table's layout: the number of the last migration that has ended."""

from pynamodb.attributes import NumberAttribute

from clientela.errors import ClientelaError
from clientela.migrations.migration_list import MIGRATIONS
from clientela.table import keys, records
from clientela.table.records import Record


class LayoutTooNewError(ClientelaError):
    """The table has a layout that this version of the code does not know."""

    code = "layout_too_new"
    title = "The table's layout is newer than this program."


class LayoutRecord(Record):
    """`LAYOUT` / `VERSION`: the version of the deployment's layout."""

    version = NumberAttribute()


class _NewerError(Exception):
    """The stored version is the same or a later one."""


def current() -> int:
    """Return the version of the layout, 0 before the first migration.

    Raises:
        LayoutTooNewError: a newer program has migrated the table.

    Cost: 1 read unit.
    """
    record = LayoutRecord.find(keys.LAYOUT, keys.LAYOUT_VERSION)
    version, newest = int(record.version) if record else 0, MIGRATIONS[-1].number
    if version > newest:
        raise LayoutTooNewError(
            f"The table's layout has version {version}, and this program knows {newest} at most: update it."
        )
    return version


def advance(version: int) -> None:
    """Store a version, unless the same or a later one is stored. 1 write unit."""
    record = LayoutRecord(keys.LAYOUT, keys.LAYOUT_VERSION, version=version)
    is_later = LayoutRecord.pk.does_not_exist() | (LayoutRecord.version < version)
    try:
        records.put(record, is_later, _NewerError())
    except _NewerError:
        return
