"""The attributes that lists sort and filter by, computed anew from each stored customer."""

from clientela.customers import customer_records, stored_customers
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.dynamodb import Item

SORT_KEY = keys.PROFILE


def change(item: Item, store: Store) -> Item:
    """Return a customer's profile as this version of the code stores it.

    The customer, its version and the mark of its last write stay, so nothing follows from the
    change: no event, no mail, no entry in the history.
    """
    stored = {name: item[name] for name in ("version", "mark") if name in item}
    return customer_records.record(store, stored_customers.load(item)).item() | stored
