"""Find the groups that a cell names: by id, code or name, ignoring case and accents."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from clientela.groups.groups import Group
from clientela.schema.text import fold_for_search

type GroupIds = Mapping[str, str]  # folded id, code or name of a group → its id

NO_GROUPS: GroupIds = MappingProxyType({})


class NamedGroups(NamedTuple):
    """The groups that a cell names: ids, and names that no group has or that two groups share."""

    ids: list[str]
    unknown: list[str]


def group_ids(groups: Sequence[Group]) -> GroupIds:
    """Index groups by everything that names them.

    An id wins over a code, a code over a name. A name that two groups share is ignored.
    """
    names = Counter(fold_for_search(group.name) for group in groups)
    by_name = {fold_for_search(group.name): group.id for group in groups if names[fold_for_search(group.name)] == 1}
    by_code = {fold_for_search(group.code): group.id for group in groups}
    return by_name | by_code | {fold_for_search(group.id): group.id for group in groups}


def find_named(cell: str, ids: GroupIds) -> NamedGroups:
    """Return the groups of a cell without duplicates.

    They are separated by `;` or `,`, which may also be part of a group's name.
    """
    present: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for name in _names(cell.strip(), ids):
        group_id = ids.get(fold_for_search(name))
        if group_id is None:
            unknown[name] = None
        else:
            present[group_id] = None
    return NamedGroups(list(present), list(unknown))


def _names(cell: str, ids: GroupIds) -> Iterator[str]:
    separator = next((mark for mark in ";," if mark in cell), None)
    if separator is None or fold_for_search(cell) in ids:
        yield from [cell] if cell else []
        return
    for part in cell.split(separator):
        yield from _names(part.strip(), ids)
