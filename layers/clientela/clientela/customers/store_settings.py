"""Changing a store's settings, with the rules that its customers set."""

from datetime import datetime
from typing import Any

from clientela.customers import customer_search
from clientela.errors import FieldError, InvalidInputError
from clientela.stores import stores
from clientela.stores.stores import Store


def change(store_id: str, changes: Any, now: datetime, version: int | None = None) -> Store:
    """`stores.patch`, but the currency stays once customers have orders: what they spent is sorted and filtered by it.

    InvalidInputError, VersionConflictError. 1 write unit, 2 read units more where the currency is named.
    """
    before = stores.read(store_id)
    is_other = isinstance(changes, dict) and changes.get("currency", before.currency) != before.currency
    if is_other and customer_search.page(before, sort="spent", limit=1).items:
        raise InvalidInputError(fields=[FieldError("/currency", "cannot change any more: customers have orders in it")])
    return stores.patch(store_id, changes, now, version)
