from decimal import Decimal
from typing import Any

import pytest
from tests.support.interleaving import after_first

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_values import Spend
from clientela.errors import InvalidInputError, StoreExistsError, StoreNotFoundError, VersionConflictError
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()


def test_a_store_is_made_once_and_found_in_the_list_of_all(store: Store) -> None:
    stores.create("other", StoreSettings(name="Other"), NOW)
    assert sorted(stores.list_ids()) == ["demo", "other"]
    with pytest.raises(StoreExistsError):
        stores.create("demo", StoreSettings(name="Again"), NOW)
    assert stores.read("demo").name == "Demo"


@pytest.mark.parametrize("store_id", ["nowhere", "", "A", "x" * 3000])
def test_an_unknown_store_is_not_found(store: Store, store_id: str) -> None:
    with pytest.raises(StoreNotFoundError):
        stores.get(store_id)


def test_settings_of_an_old_version_are_refused(store: Store) -> None:
    store_settings.change_settings("demo", {"name": "First"}, NOW, version=1)
    with pytest.raises(VersionConflictError):
        store_settings.change_settings("demo", {"name": "Second"}, NOW, version=1)


def test_a_store_sends_only_from_what_its_operator_allows(store: Store) -> None:
    with pytest.raises(InvalidInputError) as refused:
        store_settings.change_settings("demo", {"sender": "ceo@bank.example.com"}, NOW)
    assert refused.value.fields[0].pointer == "/sender"
    stores.allow_sender("demo", "shop@mail.example.com", NOW)
    assert (
        store_settings.change_settings("demo", {"sender": "shop@mail.example.com"}, NOW).sender
        == "shop@mail.example.com"
    )
    assert store_settings.change_settings("demo", {"sender": None}, NOW).sender is None


def test_the_currency_stays_once_customers_have_orders(store: Store) -> None:
    assert store_settings.change_settings("demo", {"currency": "EUR"}, NOW).currency == "EUR"
    ana = customers.create(stores.read("demo"), NewCustomer(email="ana@example.com"), NOW)
    spent = {"orders_count": 1, "total_spent": [Spend(amount=Decimal(5), currency="EUR", orders=1)]}
    customers.change(stores.read("demo"), ana.id, lambda before: before.model_copy(update=spent), NOW)
    with pytest.raises(InvalidInputError) as refused:
        store_settings.change_settings("demo", {"currency": "USD"}, NOW)
    assert refused.value.fields[0].pointer == "/currency"
    assert store_settings.change_settings("demo", {"currency": "EUR", "name": "New"}, NOW).name == "New"


def test_a_part_of_a_rule_is_changed_alone(store: Store) -> None:
    store_settings.change_settings(
        "demo", {"sessions": {"idle_hours": 2}, "country_rules": {"no_automatic_account": ["Alemania"]}}, NOW
    )
    changed = store_settings.change_settings("demo", {"sessions": {"absolute_hours": 24}}, NOW)
    assert (changed.sessions.idle_hours, changed.sessions.absolute_hours) == (2, 24)
    assert changed.country_rules.no_automatic_account == ["DE"]


@pytest.mark.parametrize(
    "changes",
    [
        {"storefront_url": "http://shop.example.com"},
        {"storefront_url": "https://shop.example.com@evil.example"},
        {"allowed_origins": ["https://shop.example.com/path"]},
        {"allowed_origins": ["*"]},
        {"sign_in_path": "//evil.example"},
        {"login_mode": "sometimes"},
        {"name": ""},
        {"languages": ["ja"]},
        {"country_rules": {"no_automatic_account": ["Atlantis"]}},
        {"sessions": {"idle_hours": 0}},
        {"retention": {"history_days": 1.5}},
        {"allowed_senders": ["me@example.com"]},
        [],
    ],
)
def test_settings_that_cannot_be_are_refused(store: Store, changes: Any) -> None:
    with pytest.raises(InvalidInputError):
        store_settings.change_settings("demo", changes, NOW)


def test_an_address_for_passwords_of_another_system_is_stored(store: Store) -> None:
    url = {"url": "https://old-shop.example.com/passwords"}
    changed = store_settings.change_settings(store.id, {"password_migration": url}, NOW)
    assert changed.password_migration is not None
    assert stores.read(store.id).model_dump(mode="json")["password_migration"] == url
    removed = store_settings.change_settings(store.id, {"password_migration": None}, NOW)
    assert removed.password_migration is None


@pytest.mark.parametrize(
    "url", ["http://old-shop.example.com", "http://localhost/x", "ftp://a.example", "https://", "x"]
)
def test_an_address_for_passwords_is_encrypted(store: Store, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        store_settings.change_settings(store.id, {"password_migration": {"url": url}}, NOW)
    [field] = refused.value.fields
    assert (field.pointer, field.message) == (
        "/password_migration/url",
        "Use an address with TLS, such as https://shop.example.com/passwords.",
    )


def test_a_time_zone_is_one_of_the_iana_database_in_any_case(store: Store) -> None:
    assert store.timezone == "UTC"
    for text, name in (("europe/MADRID", "Europe/Madrid"), ("UTC", "UTC"), ("America/Argentina/Salta",) * 2):
        assert store_settings.change_settings("demo", {"timezone": text}, NOW).timezone == name
    for wrong in ("Madrid", "Europe/../UTC", "/etc/passwd", "GMT+25", ""):
        with pytest.raises(InvalidInputError) as refused:
            store_settings.change_settings("demo", {"timezone": wrong}, NOW)
        assert [field.pointer for field in refused.value.fields] == ["/timezone"]


def test_of_two_changes_of_the_settings_at_once_none_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    after_first(monkeypatch, stores, "read", lambda: store_settings.change_settings("demo", {"name": "First"}, NOW))
    with pytest.raises(VersionConflictError):
        store_settings.change_settings("demo", {"language": "es"}, NOW)
    assert (stores.read("demo").name, stores.read("demo").language) == ("First", "en")


def test_a_change_that_is_already_made_is_answered_whatever_the_version(store: Store) -> None:
    made = store_settings.change_settings("demo", {"name": "First"}, NOW, version=1)
    assert store_settings.change_settings("demo", {"name": "First"}, NOW, version=1) == made
    with pytest.raises(VersionConflictError):
        store_settings.change_settings("demo", {"name": "First", "language": "es"}, NOW, version=1)
