"""What tests ask of a store's customers."""

from clientela.customers import customer_search, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.stores.stores import Store


def everybody(store: Store) -> list[Customer]:
    """All customers of a store, oldest first."""
    return [stored_customers.load(item) for item in customer_search.all_profiles(store)]
