"""Export rows: the cells of a stored customer, in the order of csv_columns.

A row is built from the stored item: validating the model would take longer than the rest of an
export.
"""

from collections.abc import Callable, Mapping
from typing import Any

from clientela.csv import csv_columns
from clientela.customers import stored_customers
from clientela.customers.addresses import default_address
from clientela.table.dynamodb import Item

HEADERS = tuple(column.header for column in csv_columns.EXPORTED)

# Parent, name and printer of each column: read once, because an export uses them for every cell.
_PRINTERS: tuple[tuple[str, str, Callable[[Any], str]], ...] = tuple(
    (column.parent, column.name, column.to_cell) for column in csv_columns.EXPORTED if column.to_cell
)
_EMPTY: dict[str, Any] = {}


def cells(profile: Item, group_codes: Mapping[str, str]) -> list[str]:
    """Return the cells of a stored profile.

    Groups are written by code; a group without one by its id.
    """
    customer = stored_customers.published(stored_customers.load_raw(profile))
    customer["groups"] = [group_codes.get(group, group) for group in customer["groups"]]
    parents = {
        "": customer,
        "billing_address": customer["billing_address"] or _EMPTY,
        "shipping_address": default_address(customer["shipping_addresses"]) or _EMPTY,
    }
    return [to_cell(parents[parent].get(name)) for parent, name, to_cell in _PRINTERS]
