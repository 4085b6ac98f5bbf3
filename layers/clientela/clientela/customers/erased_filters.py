"""Filters that name an erased person: in jobs that ended, in running ones and in schedules.

A value names a person if the person passed it, now or earlier, and no customer passes it. So `ana`
stays while there is another Ana, and the person's phone goes. `HIDDEN` takes its place, which
nobody passes.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from clientela.customers import customer_search
from clientela.customers.customer_filter import NAMING, CustomerFilter, compile_filter
from clientela.customers.stored_customers import CustomerJson
from clientela.schema import email_addresses
from clientela.schema.documents import STORED
from clientela.stores.audit_trail import HIDDEN
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load_raw
from clientela.table.dynamodb import Item

_NAMING = {*NAMING, "ids"}


class DirectoryNeededError(Exception):
    """A filter names the person, and only the directory can tell whether others pass it."""


class Person(NamedTuple):
    """An erased person: the ids of its customers, and how these were at each time."""

    ids: AbstractSet[str]
    profiles: Sequence[CustomerJson]


class Eraser:
    """Replaces the values of filters that name a person. Equal filters are looked at once.

    Without `has_directory`, in a process that may not list customers, its methods raise
    DirectoryNeededError if they would have to.
    """

    def __init__(self, store: Store, person: Person, *, has_directory: bool = True) -> None:
        self._store, self._person, self._has_directory = store, person, has_directory
        self._seen: dict[str, CustomerFilter] = {}

    def erase(self, filter_: CustomerFilter) -> CustomerFilter:
        """Return the filter without values that name the person. 10 read units for such a value."""
        text = filter_.model_dump_json(exclude_none=True)
        if text not in self._seen:
            self._seen[text] = self._erased(filter_)
        return self._seen[text]

    def items_to_change(self, prefix: str, attribute: str) -> Iterator[Item]:
        """Yield the store's items of a kind whose document has a filter that names the person.

        Cost: half a read unit per 4 KB of the kind.
        """
        pages = dynamodb.query_pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": keys.store(self._store.id)}, ":prefix": {"S": prefix}},
        )
        for item in (item for page in pages for item in page["Items"]):
            fields: dict[str, Any] = load_raw(item[attribute]).get("filter") or {}
            if _NAMING & fields.keys():
                filter_ = CustomerFilter.model_validate(fields, context=STORED)
                if self.erase(filter_) != filter_:
                    yield item

    def _erased(self, filter_: CustomerFilter) -> CustomerFilter:
        changes: dict[str, Any] = {name: HIDDEN for name in NAMING if self._is_named(filter_, name)}
        if filter_.ids and not self._person.ids.isdisjoint(filter_.ids):
            ids = (HIDDEN if each in self._person.ids else each for each in filter_.ids)
            changes["ids"] = list(dict.fromkeys(ids))
        return filter_.model_copy(update=changes) if changes else filter_

    def _is_named(self, filter_: CustomerFilter, name: str) -> bool:
        """Return whether the person passed one field of a filter, and nobody passes it now."""
        value = getattr(filter_, name)
        if value in (None, HIDDEN):
            return False
        alone = CustomerFilter(country=filter_.country if name == "vat_id" else None).model_copy(update={name: value})
        passed = any(map(self._test(alone), self._person.profiles))
        if passed and not (self._has_directory or customer_search.is_by_key(alone)):
            raise DirectoryNeededError
        return passed and not customer_search.page(self._store, filter_=alone, limit=1).items

    def _test(self, alone: CustomerFilter) -> Callable[[CustomerJson], bool]:
        """Return the test of a filter that has one field."""
        if alone.email is not None:
            wanted = email_addresses.canonical(alone.email)
            return lambda customer: email_addresses.canonical(customer["email"]) == wanted
        passes = compile_filter(alone, self._store).pass_on
        if alone.phone is not None:  # also without its country's code
            digits = _digits(alone.phone).lstrip("0")
            return lambda customer: passes(customer) or bool(digits and digits in _digits(customer.get("phone") or ""))
        return passes


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
