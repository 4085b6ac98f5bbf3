"""The check that an export is complete, although customers come and go while it is written."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from clientela import clock
from clientela.customers import customer_search, directory_walks, stored_customers
from clientela.customers.customer_filter import CustomerFilter, compile_filter
from clientela.customers.directory_walks import KeyRange
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

# A change has the time at which its function began: a quarter of an hour before the write at most.
_LONGEST_CALL = timedelta(minutes=15)


class ExportIncompleteError(RuntimeError):
    """Customers are missing in the file who were there all the time.

    Safe to repeat.
    """


class CompleteWalk:
    """The profiles of a range that pass a filter, oldest first: a walk that is checked afterwards.

    Customers are counted when the walk is made. What can be lost is an entry of the index, so the
    count is of the entries that the walk reads, whether or not they pass the filter's other tests.
    """

    def __init__(self, store: Store, filter_: CustomerFilter, within: KeyRange, began: datetime) -> None:
        self._store, self._filter, self._within, self._began = store, filter_, within, began
        self._tests = compile_filter(filter_, store)
        self._is_by_key = customer_search.is_by_key(filter_)
        self._walked = 0
        self._before = 0 if self._is_by_key else directory_walks.count(store, self._tests, within)

    def __iter__(self) -> Iterator[Item]:
        if self._is_by_key:
            yield from customer_search.all_profiles(self._store, self._filter)
            return
        self._walked, is_exact = 0, directory_walks.is_exact(self._tests)
        for profile in directory_walks.profiles(self._store, self._tests, self._within):
            self._walked += 1
            if is_exact or self._tests.pass_on(stored_customers.load_raw(profile)):
                yield profile

    def require_complete(self) -> None:
        """Raise ExportIncompleteError if customers are missing who did not change.

        Some of those counted before may have been deleted since, or no longer have the facets.

        Cost: nothing if there are as many as before; else half a read unit per 4 KB of the index,
        and once more with the profiles if that does not explain the difference.
        """
        if self._walked >= self._before:
            return
        settled = directory_walks.until(self._within, clock.format_timestamp(self._began))
        if self._walked >= directory_walks.count(self._store, self._tests, settled):
            return
        unchanged = self._count_unchanged(settled)
        if self._walked < unchanged:
            raise ExportIncompleteError(
                Sentence(
                    "Only {read} customers were read, but at least {there} were there all the time.",
                    read=self._walked,
                    there=unchanged,
                )
            )

    def _count_unchanged(self, within: KeyRange) -> int:
        latest = clock.format_timestamp(self._began - _LONGEST_CALL)
        found = map(stored_customers.load_raw, directory_walks.profiles(self._store, self._tests, within))
        return sum(customer["updated_at"] < latest for customer in found)
