"""The change of one item by a migration, while others read and write the same item."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clientela.concurrency import back_off
from clientela.errors import BusyError
from clientela.migrations.migration_list import Change
from clientela.stores.stores import Store
from clientela.table import dynamodb
from clientela.table.dynamodb import Item

ATTEMPTS = 20  # for an item that others keep changing
_KEYS = {"pk", "sk"}


def apply(change: Change, item: Item, store: Store, before_write: Callable[[], None] = lambda: None) -> bool:
    """Change an item that was read, and return whether it was written.

    `before_write` is called before each attempt to write.
    The write is conditional on every attribute that was read. If somebody else changed the item
    meanwhile, the change is computed again from their item. A deleted item stays deleted.

    Raises:
        BusyError: others kept changing the item.

    Cost: 1 write unit per KB, and as much per index entry that changes; nothing if the item has the
    new layout already.
    """
    for attempt in range(ATTEMPTS):
        after = change(item, store)
        if after is None or not is_different(item, after):
            return False
        before_write()
        is_written, stored = _write(item, after)
        if is_written:
            return True
        if stored is None:
            return False
        item = stored
        back_off(attempt)
    raise BusyError


def _write(before: Item, after: Item) -> tuple[bool, Item | None]:
    """Replace `before` by `after`; return whether `after` is stored now, and the stored item."""
    try:
        written = dynamodb.write("UpdateItem", **_update(before, after), ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except BusyError:  # the item was part of transactions all the time
        stored = dynamodb.get(before["pk"]["S"], before["sk"]["S"])
        return False, stored
    is_own = written.is_repeated and written.item is not None and not is_different(written.item, after)
    return written.done or is_own, written.item


def is_different(before: Item, after: Item) -> bool:
    """Return whether two items differ as DynamoDB compares them."""
    return any(_value(before.get(name)) != _value(after.get(name)) for name in before.keys() | after.keys())


def _update(before: Item, after: Item) -> dict[str, Any]:
    """Return the arguments of an UpdateItem that turns `before` into `after`."""
    names = {name: f"#a{index}" for index, name in enumerate(sorted((before.keys() | after.keys()) - _KEYS))}
    changed = [name for name in names if _value(before.get(name)) != _value(after.get(name))]
    put, removed = ([name for name in changed if (name in after) is is_put] for is_put in (True, False))
    clauses = {
        "SET": [f"{names[name]} = {_new(names[name])}" for name in put],
        "REMOVE": [names[name] for name in removed],
    }
    values = {_new(names[name]): after[name] for name in put}
    values |= {_old(names[name]): before[name] for name in names if name in before}
    return {
        "Key": {name: before[name] for name in _KEYS},
        "UpdateExpression": " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts),
        "ConditionExpression": " AND ".join(
            f"{alias} = {_old(alias)}" if name in before else f"attribute_not_exists({alias})"
            for name, alias in names.items()
        ),
        "ExpressionAttributeNames": {alias: name for name, alias in names.items()},
        "ExpressionAttributeValues": values,
    }


def _new(alias: str) -> str:
    return alias.replace("#a", ":n")


def _old(alias: str) -> str:
    return alias.replace("#a", ":o")


def _value(attribute: dict[str, Any] | None) -> Any:
    """Return an attribute in a form that can be compared: numbers have no fixed spelling."""
    match attribute:
        case {"N": number}:
            return Decimal(number)
        case {"SS": texts}:
            return frozenset(texts)
        case {"NS": numbers}:
            return frozenset(map(Decimal, numbers))
        case _:
            return attribute
