"""The check that an export is complete, although customers come and go while it is written."""

from datetime import datetime

from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.stores.stores import Store


class ExportIncompleteError(RuntimeError):
    """Customers are missing in the file who were there all the time.

    Safe to repeat.
    """


def require_complete(store: Store, filter_: CustomerFilter, began: datetime, before: int, rows: int) -> None:
    """Raise ExportIncompleteError if the file has too few rows.

    `before` customers were counted when the export `began`. Some of them may have been deleted
    since, or no longer pass the filter; customers created since may be in the file or not.

    Cost: nothing if there are as many rows as customers before; else half a read unit per 4 KB of
    the directory index, twice.
    """
    if rows >= before:
        return
    still_there = filter_.model_copy(update={"created_to": filter_.created_to or began})
    changed = CustomerFilter(created_to=began, updated_from=began)
    least = customer_search.count(store, still_there) - customer_search.count(store, changed)
    if rows < min(before, least):
        raise ExportIncompleteError(f"{rows} rows were written, but at least {least} customers were counted.")
