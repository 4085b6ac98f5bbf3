import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.support import table_items
from tests.support.interleaving import after_first

from clientela import clock
from clientela.errors import (
    InvalidInputError,
    KeyMissingError,
    KeyNotFoundError,
    ScopeMissingError,
    TooManyRequestsError,
)
from clientela.stores import api_keys, key_changes
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

NOW = clock.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def issued(store: Store) -> api_keys.IssuedKey:
    return api_keys.create(store.id, NewKey(name="till"), NOW)


def is_good(store: Store, key: str, now: Any = NOW) -> bool:
    try:
        api_keys.authenticate(store.id, key, now)
    except KeyMissingError:
        return False
    return True


def test_a_key_is_good_and_its_secret_is_nowhere_in_the_table(store: Store, issued: api_keys.IssuedKey) -> None:
    assert is_good(store, issued.key)
    dump = table_items.everything()
    assert issued.key.split("_", 2)[2] not in str(dump)


@pytest.mark.parametrize(
    "change",
    [
        lambda k: k + "x",
        lambda k: k[:-1],
        lambda k: "",
        lambda k: "ck_" + "0" * 26 + "_" + k[-43:],
        lambda k: k.upper(),
    ],
)
def test_any_other_text_is_refused(store: Store, issued: api_keys.IssuedKey, change: Any) -> None:
    assert not is_good(store, change(issued.key))


def test_a_key_ends_at_its_hour(store: Store) -> None:
    key = api_keys.create(store.id, NewKey(name="short", expires_at=NOW + HOUR), NOW).key
    assert [is_good(store, key, NOW + HOUR - timedelta(seconds=1)), is_good(store, key, NOW + HOUR)] == [True, False]


@pytest.mark.parametrize("end", [NOW, NOW - HOUR])
def test_a_key_with_a_past_end_is_refused(store: Store, issued: api_keys.IssuedKey, end: datetime) -> None:
    with pytest.raises(InvalidInputError) as refused:
        api_keys.create(store.id, NewKey(name="late", expires_at=end), NOW)
    assert [field.pointer for field in refused.value.fields] == ["/expires_at"]
    by = api_keys.get_record(store.id, issued.id).key
    with pytest.raises(InvalidInputError):
        key_changes.patch(store.id, issued.id, {"expires_at": clock.format_timestamp(end)}, NOW, by)
    assert [key.id for key in api_keys.list_all(store.id)] == [issued.id]
    assert is_good(store, issued.key)


def test_an_expired_key_can_still_be_renamed(store: Store, issued: api_keys.IssuedKey) -> None:
    by = api_keys.get_record(store.id, issued.id).key
    key = api_keys.create(store.id, NewKey(name="short", expires_at=NOW + HOUR), NOW)
    assert key_changes.patch(store.id, key.id, {"name": "old"}, NOW + 2 * HOUR, by).name == "old"


def test_two_secrets_are_good_while_a_key_is_rotated(store: Store, issued: api_keys.IssuedKey) -> None:
    fresh = key_changes.rotate(store.id, issued.id, NOW)
    assert fresh.id == issued.id
    assert [is_good(store, key, NOW + 23 * HOUR) for key in (issued.key, fresh.key)] == [True, True]
    assert [is_good(store, key, NOW + 24 * HOUR) for key in (issued.key, fresh.key)] == [False, True]


def test_a_revoked_key_is_refused_also_where_it_was_cached(
    store: Store, issued: api_keys.IssuedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_good(store, issued.key)
    cached = dict(api_keys._cache._entries)
    key_changes.revoke(store.id, issued.id, NOW)
    assert not is_good(store, issued.key)
    api_keys._cache._entries.update(cached)  # another process that has read it before
    later = time.monotonic() + api_keys.CACHED_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert api_keys.CACHED_SECONDS <= 60
    assert not is_good(store, issued.key)
    with pytest.raises(KeyNotFoundError):
        key_changes.revoke(store.id, issued.id, NOW)


def test_the_hour_of_the_last_use_is_shown(store: Store, issued: api_keys.IssuedKey) -> None:
    assert api_keys.list_all(store.id)[0].last_used_at is None
    api_keys.authenticate(store.id, issued.key, NOW)
    assert api_keys.list_all(store.id)[0].last_used_at == NOW.replace(minute=0, second=0, microsecond=0)


def test_a_scope_that_the_key_lacks_is_demanded_in_vain(store: Store) -> None:
    key = api_keys.create(store.id, NewKey(name="reader", scopes=["customers:read"]), NOW)
    api_keys.require_scope(key, "customers:read")
    with pytest.raises(ScopeMissingError):
        api_keys.require_scope(key, "customers:write")


@pytest.mark.parametrize("changed_before", [False, True])
def test_two_patches_at_once_both_count(
    store: Store, issued: api_keys.IssuedKey, monkeypatch: pytest.MonkeyPatch, *, changed_before: bool
) -> None:
    by = api_keys.get_record(store.id, issued.id).key
    if changed_before:
        key_changes.patch(store.id, issued.id, {"name": "desk"}, NOW, by)
    read = api_keys.get_record

    def read_and_then_it_changes(store_id: str, key_id: str) -> api_keys.KeyRecord:
        record = read(store_id, key_id)
        monkeypatch.setattr(api_keys, "get_record", read)
        key_changes.patch(store_id, key_id, {"scopes": ["customers:read"]}, NOW, by)
        return record

    monkeypatch.setattr(api_keys, "get_record", read_and_then_it_changes)
    key_changes.patch(store.id, issued.id, {"name": "counter"}, NOW, by)
    after = api_keys.get_record(store.id, issued.id).to_key()
    assert (after.name, after.scopes) == ("counter", ["customers:read"])


def test_a_patch_changes_neither_the_secrets_nor_the_last_use_of_a_key(
    store: Store, issued: api_keys.IssuedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, fresh = api_keys.get_record, []

    def read_and_then_it_is_rotated(store_id: str, key_id: str) -> api_keys.KeyRecord:
        record = read(store_id, key_id)
        monkeypatch.setattr(api_keys, "get_record", read)
        fresh.append(key_changes.rotate(store_id, key_id, NOW).key)
        assert is_good(store, fresh[0])
        return record

    by = read(store.id, issued.id).key
    monkeypatch.setattr(api_keys, "get_record", read_and_then_it_is_rotated)
    key_changes.patch(store.id, issued.id, {"name": "counter"}, NOW, by)
    after = read(store.id, issued.id).to_key()
    assert (after.name, after.last_used_at) == ("counter", NOW.replace(minute=0, second=0, microsecond=0))
    assert is_good(store, fresh[0])
    assert is_good(store, issued.key)


def test_a_key_revoked_meanwhile_stays_revoked(
    store: Store, issued: api_keys.IssuedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = api_keys.get_record

    def read_and_then_it_is_revoked(store_id: str, key_id: str) -> api_keys.KeyRecord:
        record = read(store_id, key_id)
        monkeypatch.setattr(api_keys, "get_record", read)
        key_changes.revoke(store_id, key_id, NOW)
        return record

    by = read(store.id, issued.id).key
    monkeypatch.setattr(api_keys, "get_record", read_and_then_it_is_revoked)
    with pytest.raises(KeyNotFoundError):
        key_changes.patch(store.id, issued.id, {"name": "counter"}, NOW, by)
    assert not api_keys.list_all(store.id)


def test_two_rotations_at_once_leave_every_secret_that_was_given_out_valid(
    store: Store, issued: api_keys.IssuedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    rotate = partial(key_changes.rotate, store.id, issued.id, NOW)
    after_first(monkeypatch, api_keys, "get_record", lambda: given.append(rotate().key))
    given.append(rotate().key)
    assert [is_good(store, key) for key in (issued.key, *given)] == [True, True, True]


def test_a_rotation_that_is_repeated_ends_no_secret_in_use(store: Store, issued: api_keys.IssuedKey) -> None:
    given = [issued.key]
    for _ in range(key_changes.MAX_EARLIER):
        given.append(key_changes.rotate(store.id, issued.id, NOW).key)
    with pytest.raises(TooManyRequestsError) as refused:
        key_changes.rotate(store.id, issued.id, NOW + HOUR)
    assert refused.value.retry_after == 23 * 3600
    assert all(is_good(store, key, NOW + 23 * HOUR) for key in given)
    assert [is_good(store, key, NOW + 24 * HOUR) for key in given] == [False] * 5 + [True]
    assert key_changes.rotate(store.id, issued.id, NOW + 24 * HOUR).id == issued.id


@pytest.mark.parametrize("change", ["rotate", "revoke"])
def test_a_key_that_becomes_stronger_meanwhile_is_out_of_a_weaker_ones_reach(
    store: Store, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    weak = api_keys.create(store.id, NewKey(name="weak", scopes=["keys:write", "customers:read"]), NOW)
    other = api_keys.create(store.id, NewKey(name="other", scopes=["customers:read"]), NOW)
    stronger = {"scopes": ["customers:write"]}
    after_first(monkeypatch, api_keys, "get_record", lambda: key_changes.patch(store.id, other.id, stronger, NOW))
    with pytest.raises(ScopeMissingError):
        getattr(key_changes, change)(store.id, other.id, NOW, weak)
    assert is_good(store, other.key)


def test_a_key_cannot_revoke_a_stronger_one_but_itself(store: Store, issued: api_keys.IssuedKey) -> None:
    weak = api_keys.create(store.id, NewKey(name="weak", scopes=["keys:write"]), NOW)
    with pytest.raises(ScopeMissingError):
        key_changes.revoke(store.id, issued.id, NOW, weak)
    key_changes.revoke(store.id, weak.id, NOW, weak)
    assert [key.id for key in api_keys.list_all(store.id)] == [issued.id]


def test_unknown_keys_take_no_memory(store: Store, issued: api_keys.IssuedKey) -> None:
    assert is_good(store, issued.key)
    before = len(api_keys._cache._entries)
    for number in range(50):
        assert not is_good(store, f"ck_{number:026d}_{'x' * 43}")
    assert len(api_keys._cache._entries) == before
