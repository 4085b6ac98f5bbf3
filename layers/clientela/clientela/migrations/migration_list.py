"""The migrations in their order. The number of the last one is the version of the layout."""

from collections.abc import Callable
from typing import NamedTuple

from clientela.migrations import customer_reindex
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

# Return an item of a store in the new layout, or None if there is nothing to change. It must be
# pure, and return None for its own result: each item may be changed twice.
type Change = Callable[[Item, Store], Item | None]


class Migration(NamedTuple):
    """A change of all items of all stores whose sort keys begin with `sort_key`."""

    number: int
    name: str
    summary: str
    sort_key: str
    change: Change


REINDEX_CUSTOMERS = Migration(
    1,
    "reindex_customers",
    "Compute the sort keys and filters of every customer anew.",
    customer_reindex.SORT_KEY,
    customer_reindex.change,
)

MIGRATIONS = (REINDEX_CUSTOMERS,)
