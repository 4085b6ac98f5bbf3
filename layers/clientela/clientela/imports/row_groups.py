"""The groups that a cell names: by id, code or name, without regard to case and accents."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from clientela.groups.groups import Group
from clientela.schema.text import fold_for_search

type GroupIds = Mapping[str, str]  # what a group may be called, folded → its id

NONE: GroupIds = MappingProxyType({})


class Named(NamedTuple):
    """What a cell names: the ids of groups, and the names that no group has, or that two share."""

    ids: list[str]
    unknown: list[str]


def group_ids(groups: Sequence[Group]) -> GroupIds:
    """What each group may be called. An id goes before a code, a code before a name; a name that two share is none."""
    names = Counter(fold_for_search(group.name) for group in groups)
    by_name = {fold_for_search(group.name): group.id for group in groups if names[fold_for_search(group.name)] == 1}
    by_code = {fold_for_search(group.code): group.id for group in groups}
    return by_name | by_code | {fold_for_search(group.id): group.id for group in groups}


def named(cell: str, ids: GroupIds) -> Named:
    """The groups of a cell, each once. They stand apart by `;` or `,`, which may also be part of a group's name."""
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for name in _names(cell.strip(), ids):
        known = ids.get(fold_for_search(name))
        (unknown if known is None else found)[known or name] = None
    return Named(list(found), list(unknown))


def _names(cell: str, ids: GroupIds) -> Iterator[str]:
    separator = next((mark for mark in ";," if mark in cell), None)
    if separator is None or fold_for_search(cell) in ids:
        yield from [cell] if cell else []
        return
    for part in cell.split(separator):
        yield from _names(part.strip(), ids)
