"""What tests ask of a store's customers."""

from clientela.customers import directory
from clientela.customers.customer_fields import Customer
from clientela.schema.documents import stored
from clientela.stores.stores import Store


def everybody(store: Store) -> list[Customer]:
    """All customers of a store, oldest first."""
    return [stored(Customer, item["customer"]) for item in directory.every_profile(store)]
