"""The stored items of an export: customers, or the orders of customers.

Orders are in the collections of their customers, so the walk goes over the customers and asks each
who has orders for them, many at a time. Customers without orders cost nothing but their entry of
the index. docs/decisions/0030-formats-of-exports.md compares this with a scan.
"""

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from clientela.customers import stored_customers
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.directory_walks import KeyRange
from clientela.exports.export_requests import ExportContents
from clientela.orders import order_lists
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

READERS = 16  # customers whose orders are read at a time
_BLOCK = 256  # customers whose orders are in memory


def items(store: Store, contents: ExportContents, profiles: Iterable[Item], within: KeyRange) -> Iterator[Item]:
    """Yield the items of an export, of the customers in a range whose profiles are given.

    Orders follow their customers, each one's oldest first. Without a filter, the orders without
    an account follow those of the last range.

    Cost: of customers nothing more; of orders as `orders_of`, and a unit for each without account.
    """
    if contents.what == "customers":
        yield from profiles
        return
    yield from orders_of(profile["pk"]["S"] for profile in profiles if _has_orders(profile))
    if contents.filter == CustomerFilter() and within.high is None:
        yield from order_lists.all_unclaimed(store)


def orders_of(collections: Iterable[str]) -> Iterator[Item]:
    """Yield the orders in the collections of customers, each one's oldest first.

    Cost: half a read unit per 4 KB of each customer's orders, and a call for each customer.
    """
    with ThreadPoolExecutor(READERS, thread_name_prefix="orders") as threads:
        for block in itertools.batched(collections, _BLOCK, strict=False):
            for orders in threads.map(order_lists.all_of_collection, block):
                yield from orders


def _has_orders(profile: Item) -> bool:
    return stored_customers.WITH_ORDERS in profile
