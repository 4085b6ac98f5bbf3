"""The audit trail: what is in it, what never is, and that no caller can forget it."""

from datetime import timedelta
from typing import Any

import pytest

from clientela import clock
from clientela.customers import filter_summaries, store_settings
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import InvalidInputError
from clientela.exports.export_jobs import ExportRecord
from clientela.groups import groups
from clientela.groups.groups import GroupRecord, NewGroup
from clientela.schema.actors import Actor
from clientela.stores import api_keys, audit_trail, key_changes, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.audit_trail import AuditEntry
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import AuditEntryMissingError
from clientela.table.transactions import Transaction

NOW = clock.now() + timedelta(days=1)  # after the store was created
OFFICE = Actor("api_key", "key_office")
SECOND = timedelta(seconds=1)


def trail(store: Store, **filters: Any) -> list[AuditEntry]:
    return audit_trail.page(store, NOW, limit=100, **filters).items


def actions(store: Store, **filters: Any) -> list[str]:
    return [entry.action for entry in trail(store, **filters)]


def test_an_entry_says_who_did_what_when_with_the_values_before_and_after(store: Store) -> None:
    store_settings.change_settings(store.id, {"login_mode": "required", "name": "Shop"}, NOW + SECOND, by=OFFICE)
    entry = trail(store)[0]
    assert (entry.action, entry.actor, entry.at, entry.target) == ("settings.changed", OFFICE, NOW + SECOND, "demo")
    assert [(each.field, each.before, each.after) for each in entry.changes] == [
        ("name", "Demo", "Shop"),
        ("login_mode", "optional", "required"),
    ]


def test_what_changes_nothing_is_no_entry(store: Store) -> None:
    before = trail(store)
    assert store_settings.change_settings(store.id, {"name": "Demo"}, NOW).version == 1
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW + SECOND)
    assert groups.patch(store, group.id, {"name": "Trade"}, NOW).version == 1
    assert [entry.action for entry in trail(store) if entry not in before] == ["group.created"]


def test_a_key_leaves_its_whole_life_and_no_secret(store: Store) -> None:
    issued = api_keys.create(store.id, NewKey(name="till", scopes=["customers:read"]), NOW + SECOND)
    key_changes.patch(store.id, issued.id, {"name": "counter"}, NOW + 2 * SECOND)
    fresh = key_changes.rotate(store.id, issued.id, NOW + 3 * SECOND)
    key_changes.revoke(store.id, issued.id, NOW + 4 * SECOND)
    life = [entry for entry in trail(store) if entry.target == issued.id]
    assert [entry.action.removeprefix("api_key.") for entry in life] == ["revoked", "rotated", "changed", "created"]
    assert [(each.field, each.before, each.after) for each in life[2].changes] == [("name", "till", "counter")]
    text = str(records.Record.list_all(keys.audit(store.id))) + "".join(entry.model_dump_json() for entry in life)
    assert issued.key.split("_", 2)[2] not in text
    assert fresh.key.split("_", 2)[2] not in text
    assert "hash" not in text


def test_pages_show_every_entry_once_newest_first(store: Store) -> None:
    for number in range(7):
        store_settings.change_settings(store.id, {"name": f"Name {number}"}, NOW + number * SECOND)
    shown, cursor = [], None
    while True:
        page = audit_trail.page(store, NOW, limit=3, cursor=cursor)
        shown += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [entry.id for entry in shown] == [entry.id for entry in trail(store)]
    assert [entry.at for entry in shown] == sorted((entry.at for entry in shown), reverse=True)
    with pytest.raises(InvalidInputError):
        audit_trail.page(store, NOW, action="group.created", cursor=audit_trail.page(store, NOW, limit=3).next_cursor)


def test_filters_by_action_author_and_time(store: Store) -> None:
    later = NOW + 60 * SECOND
    store_settings.change_settings(store.id, {"name": "One"}, NOW + SECOND, by=OFFICE)
    groups.create(store, NewGroup(name="Trade", code="trade"), later, OFFICE)
    groups.create(store, NewGroup(name="Vip", code="vip"), later + SECOND)
    assert actions(store, action="settings.changed") == ["settings.changed"]
    assert actions(store, actor=OFFICE.id) == ["group.created", "settings.changed"]
    assert actions(store, actor="operator") == ["group.created", "store.created"]
    assert actions(store, actor=OFFICE.id, action="group.created") == ["group.created"]
    assert actions(store, at_from=later) == ["group.created"] * 2
    assert actions(store, at_from=later, at_to=later) == ["group.created"]
    assert actions(store, at_to=NOW + SECOND, actor="api_key") == ["settings.changed"]


def test_a_rare_action_is_found_behind_many_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "_READ_SIZE", 2)
    monkeypatch.setattr(audit_trail, "MAX_READS", 2)
    for number in range(9):
        store_settings.change_settings(store.id, {"name": f"Name {number}"}, NOW + (1 + number) * SECOND)
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = audit_trail.page(store, NOW, action="store.created", cursor=cursor)
        found += page.items
        cursor, pages = page.next_cursor, pages + 1
    assert ([entry.action for entry in found], pages) == (["store.created"], 3)


def test_entries_end_with_the_stores_retention(store: Store) -> None:
    shop = store_settings.change_settings(store.id, {"retention": {"audit_days": 30}}, NOW + SECOND)
    assert actions(shop) == ["settings.changed", "store.created"]
    month = NOW + timedelta(days=30)
    assert [len(audit_trail.page(shop, month + end).items) for end in (timedelta(0), 2 * SECOND)] == [2, 1]


@pytest.mark.parametrize("days", [0, 29, 3651, None])
def test_the_trail_cannot_be_switched_off(store: Store, days: int | None) -> None:
    if days is None:
        assert store_settings.change_settings(store.id, {"retention": {"audit_days": None}}, NOW) == store
        return
    with pytest.raises(InvalidInputError):
        store_settings.change_settings(store.id, {"retention": {"audit_days": days}}, NOW)


def test_a_long_text_is_cut(store: Store) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade", css=f"p{{color:red}}/*{'x' * 5000}*/"), NOW)
    css = next(each for each in trail(store, action="group.created")[0].changes if each.field == "css")
    assert group.css
    assert len(css.after) == audit_trail.MAX_TEXT + 1


def test_of_a_filter_only_what_tells_of_no_person_is_kept() -> None:
    fields = {"query": "ana", "email": "ana@example.com", "phone": "+34911", "city": "Madrid", "country": "ES"}
    [change] = filter_summaries.as_changes(CustomerFilter.model_validate({**fields, "min_orders": 2}))
    hidden = dict.fromkeys(("query", "email", "phone", "city"), audit_trail.HIDDEN)
    assert change.after == hidden | {"country": "ES", "min_orders": 2}
    assert set(CustomerFilter.model_fields) >= filter_summaries.SHOWN


def test_a_new_caller_cannot_forget_the_trail(store: Store) -> None:
    group = GroupRecord(keys.store(store.id), keys.group("grp_1"), version=1)
    for write_alone in (records.put, records.delete):
        with pytest.raises(AuditEntryMissingError):
            write_alone(group)
    with pytest.raises(AuditEntryMissingError):
        records.update(group, [GroupRecord.version.set(2)])
    with pytest.raises(AuditEntryMissingError), Transaction() as write:
        write.update(group, [GroupRecord.version.set(2)])
    with pytest.raises(AuditEntryMissingError), Transaction() as write:
        write.delete(group)
    both, other = Transaction(), Transaction()
    other.delete(group)
    both.try_merge(other)
    with pytest.raises(AuditEntryMissingError):
        both.commit()
    with Transaction() as write:
        write.delete(group)
        audit_trail.add(write, store, OFFICE, NOW, "group.deleted", "grp_1")
    assert trail(store)[0].target == "grp_1"


def test_every_kind_of_record_that_staff_change_is_audited() -> None:
    audited = {model.__name__ for model in records.Record.__subclasses__() if model.AUDITED}
    assert ExportRecord.AUDITED
    assert audited >= {"StoreRecord", "KeyRecord", "GroupRecord", "ExportRecord"}
    assert not stores.StoreEntry.AUDITED
