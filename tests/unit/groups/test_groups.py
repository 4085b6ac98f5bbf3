from datetime import timedelta

import pytest
from pydantic import ValidationError
from tests.support.interleaving import after_first

from clientela import clock
from clientela.errors import GroupCodeTakenError, GroupNotFoundError, InvalidInputError, VersionConflictError
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.stores.stores import Store

NOW = clock.now()


def create(store: Store, code: str = "wholesale", **fields: object) -> groups.Group:
    return groups.create(store, NewGroup.model_validate({"name": code.title(), "code": code} | fields), NOW)


def test_a_group_is_read_back_whole(store: Store) -> None:
    group = create(
        store,
        discount={"kind": "percent", "value": "12.5"},
        css=".retail{display:none}",
        priority=7,
        valid_until=NOW + timedelta(days=9),
    )
    assert groups.get(store, group.id).model_dump(mode="json") == group.model_dump(mode="json")


def test_groups_are_listed_by_priority_then_name(store: Store) -> None:
    for code, priority in (("b", 1), ("c", 5), ("a", 1)):
        create(store, code, priority=priority)
    assert [group.code for group in groups.list_all(store)] == ["c", "a", "b"]


def test_a_code_is_used_once(store: Store) -> None:
    first = create(store)
    with pytest.raises(GroupCodeTakenError):
        create(store)
    other = create(store, "retail")
    with pytest.raises(GroupCodeTakenError):
        groups.patch(store, other.id, {"code": "wholesale"}, NOW)
    groups.patch(store, first.id, {"code": "trade"}, NOW)
    assert groups.patch(store, other.id, {"code": "wholesale"}, NOW).code == "wholesale"


def test_a_patch_is_merged_and_checked_as_a_whole(store: Store) -> None:
    group = create(store, discount={"kind": "fixed", "value": "5", "currency": "EUR"})
    changed = groups.patch(store, group.id, {"discount": {"value": "7.5"}}, NOW)
    assert changed.discount
    assert (str(changed.discount.value), changed.discount.currency, changed.version) == ("7.5", "EUR", 2)
    for bad in ({"discount": {"currency": None}}, {"name": None}, {"surprise": 1}):
        with pytest.raises(InvalidInputError):
            groups.patch(store, group.id, bad, NOW)
    with pytest.raises(VersionConflictError):
        groups.patch(store, group.id, {"priority": 2}, NOW, version=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"discount": {"kind": "percent", "value": "101"}},
        {"discount": {"kind": "percent", "value": "5", "currency": "EUR"}},
        {"discount": {"kind": "fixed", "value": "5"}},
        {"discount": {"kind": "fixed", "value": "-5", "currency": "EUR"}},
        {"valid_from": NOW, "valid_until": NOW},
        {"code": "With Spaces"},
    ],
)
def test_nonsense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewGroup.model_validate({"name": "x", "code": "x"} | fields)


def test_a_deleted_group_is_gone_and_its_code_is_free(store: Store) -> None:
    group = create(store)
    groups.delete(store, group.id, NOW)
    with pytest.raises(GroupNotFoundError):
        groups.get(store, group.id)
    with pytest.raises(GroupNotFoundError):
        groups.delete(store, group.id, NOW)
    assert create(store).id != group.id


def test_a_deletion_takes_the_code_that_the_group_has_by_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    group = create(store, "old")
    read, seen = groups.get, []

    def read_and_then_it_changes(store: Store, group_id: str) -> groups.Group:
        found = read(store, group_id)
        if not seen:
            seen.append(found)
            monkeypatch.setattr(groups, "get", read)
            groups.patch(store, group_id, {"code": "new"}, NOW)
        return found

    monkeypatch.setattr(groups, "get", read_and_then_it_changes)
    groups.delete(store, group.id, NOW)
    monkeypatch.setattr(groups, "get", read)
    assert {create(store, code).code for code in ("old", "new")} == {"old", "new"}


def test_of_two_changes_of_a_group_at_once_none_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    group = create(store)
    after_first(monkeypatch, groups, "get", lambda: groups.patch(store, group.id, {"name": "First"}, NOW))
    with pytest.raises(VersionConflictError):
        groups.patch(store, group.id, {"priority": 7}, NOW)
    found = groups.get(store, group.id)
    assert (found.name, found.priority) == ("First", 0)


def test_a_change_of_a_group_that_is_already_made_is_answered(store: Store) -> None:
    group = create(store)
    made = groups.patch(store, group.id, {"priority": 7}, NOW, 1)
    assert groups.patch(store, group.id, {"priority": 7}, NOW, 1) == made
    with pytest.raises(VersionConflictError):
        groups.patch(store, group.id, {"priority": 8}, NOW, 1)
