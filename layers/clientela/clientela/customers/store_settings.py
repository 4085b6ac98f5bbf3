"""Changes of a store's settings, with the rule that depends on its customers."""

from datetime import datetime
from typing import Any

from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import FieldError, InvalidInputError
from clientela.schema.actors import OPERATOR, Actor
from clientela.stores import stores
from clientela.stores.stores import Store


def change_settings(
    store_id: str, changes: Any, now: datetime, version: int | None = None, by: Actor = OPERATOR
) -> Store:
    """Apply a JSON Merge Patch (RFC 7396) to a store's settings.

    A repeated request, whose changes are already made, is answered as the first one.

    The currency cannot change once customers have orders, because customers are sorted and filtered
    by what they spent in it.

    Raises:
        InvalidInputError: the changed settings are invalid, or the currency cannot change.
        VersionConflictError: `version` is not the stored one, or the settings changed at the same
            time.

    Cost: 1 read unit, 4 write units; 2 read units more if the currency changes.
    """
    before = stores.read(store_id)
    after = stores.merge_settings(before, changes, version)
    if after.currency != before.currency and _has_orders(before):
        raise InvalidInputError(
            fields=[FieldError("/currency", "The currency cannot change: customers have orders in the current one.")]
        )
    return stores.replace(before, after, now, by)


def _has_orders(store: Store) -> bool:
    return bool(customer_search.page(store, sort="orders", filter_=CustomerFilter(min_orders=1), limit=1).items)
