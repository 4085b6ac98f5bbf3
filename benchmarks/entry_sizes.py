"""Bytes of the profiles and index entries of the sample store.

By the rules of AWS: each attribute counts the UTF-8 bytes of its name and value, a binary one its
raw bytes, a truth value one, a number a byte for two digits and one more. An index entry has the
keys of the table, those of the index, and the attributes that the index projects.
"""

import base64
import itertools
import statistics
from typing import Any

from tests.support.schema import table_definition

from benchmarks import sample_store
from clientela.customers import customer_records
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

SAMPLED = 2000  # customers


def item_size(item: Item) -> int:
    """Return the bytes that AWS counts for an item."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def sample_sizes(store: Store) -> dict[str, float]:
    """Return the average bytes of a profile, and of an entry of each index.

    An index has no entry for a customer without its sort key.
    """
    people = itertools.islice(sample_store.people(store), SAMPLED)
    profiles = [customer_records.record(store, customer).item() for customer in people]
    sizes = {"profile": statistics.mean(map(item_size, profiles))}
    for index in table_definition()["GlobalSecondaryIndexes"]:
        entries = (_entry(index, profile) for profile in profiles)
        sizes[index["IndexName"]] = statistics.mean(item_size(entry) for entry in entries if entry)
    return sizes


def _entry(index: dict[str, Any], profile: Item) -> Item | None:
    index_keys = {key["AttributeName"] for key in index["KeySchema"]}
    if not index_keys <= profile.keys():
        return None
    projected = {"pk", "sk"} | index_keys | set(index["Projection"]["NonKeyAttributes"])
    return {name: value for name, value in profile.items() if name in projected}


def _value_size(value: dict[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "N":
            return (len(content.lstrip("-").strip("0.")) + 1) // 2 + 1
        case "BOOL":
            return 1
        case "SS":
            return 3 + sum(1 + len(text.encode()) for text in content)
        case _:
            raise ValueError(f"a customer's profile has no {kind}")
