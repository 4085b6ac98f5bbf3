"""What tests ask of a store's customers."""

from clientela.customers import customer_search
from clientela.customers.customer_fields import Customer
from clientela.stores.stores import Store
from clientela.table.attributes import load


def everybody(store: Store) -> list[Customer]:
    """All customers of a store, oldest first."""
    return [load(Customer, item["customer"]) for item in customer_search.all_profiles(store)]
