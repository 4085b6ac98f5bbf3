"""Sessions: what a token is good for, and when it is no longer."""

from datetime import timedelta

import pytest

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import NotFoundError
from clientela.sign_in import sessions, user_agents
from clientela.sign_in.sessions import Session, SessionRecord
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

NOW = clock.now()


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com"), NOW)


def started(store: Store, customer: Customer) -> tuple[str, Session]:
    with Transaction() as write:
        return sessions.start(write, store, customer, None, NOW)


def refused(store: Store, token: str, days: float = 0) -> None:
    with pytest.raises(SessionInvalidError):
        sessions.current(store, token, NOW + timedelta(days=days))


def test_token_leads_to_its_customer_and_is_stored_only_as_a_hash(store: Store, ana: Customer) -> None:
    token, session = started(store, ana)
    assert sessions.current(store, token, NOW) == (session, ana)
    assert token.startswith(f"cs_{ana.id.removeprefix('cus_')}_{session.id.removeprefix('ses_')}_")
    (record,) = SessionRecord.query(f"STORE#demo#CUSTOMER#{ana.id}", SessionRecord.sk.startswith("SESSION#"))
    assert token.split("_", 3)[3] not in str(record.serialize())


@pytest.mark.parametrize("token", ["", "cs_", "cs_1_2_3", "ck_1_2", "cs_" + "0" * 26 + "_" + "0" * 26 + "_x", "_" * 9])
def test_other_texts_are_no_session(store: Store, token: str) -> None:
    refused(store, token)


def test_changed_secret_is_refused(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    refused(store, token + "x")


def test_token_of_another_store_is_refused(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    refused(stores.create("other", stores.StoreSettings(name="Other"), NOW), token)


def test_session_ends_after_two_weeks_without_use(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    refused(store, token, days=14)
    assert sessions.current(store, token, NOW + timedelta(days=14, seconds=-1))


def test_session_in_use_ends_after_thirty_days(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    for day in (10, 20, 29.9):
        assert sessions.current(store, token, NOW + timedelta(days=day))
    refused(store, token, days=30)


def test_shorter_times_hold_at_once_for_open_sessions(store: Store, ana: Customer) -> None:
    token, session = started(store, ana)
    shorter = store_settings.change_settings(store.id, {"sessions": {"idle_hours": 24, "absolute_hours": 48}}, NOW)
    refused(shorter, token, days=1)
    sessions.current(shorter, token, NOW + timedelta(hours=23))
    assert sessions.list_active(shorter, ana, NOW + timedelta(hours=23))[0].expires_at == NOW + timedelta(hours=48)
    sessions.current(shorter, token, NOW + timedelta(hours=45))
    refused(shorter, token, days=2)
    assert sessions.list_active(shorter, ana, NOW + timedelta(days=2)) == []
    # A longer time is for sessions to come: what was promised at sign-in stays.
    longer = store_settings.change_settings(store.id, {"sessions": {"idle_hours": 8760, "absolute_hours": 8760}}, NOW)
    assert sessions.current(longer, token, NOW + timedelta(days=29))[0].expires_at == session.expires_at
    refused(longer, token, days=30)


def test_session_in_use_outlives_the_shortest_idle_time(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    strict = store_settings.change_settings(store.id, {"sessions": {"idle_hours": 1}}, NOW)
    for minutes in range(50, 500, 50):
        assert sessions.current(strict, token, NOW + timedelta(minutes=minutes))


def test_session_without_proof_ends_when_the_email_is_proven(store: Store, ana: Customer) -> None:
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, NOW, way="password", email_proven=False)
    assert sessions.current(store, token, NOW)[0].email_proven is False
    customers.change(store, ana.id, lambda before: before.model_copy(update={"email_status": "proven"}), NOW)
    refused(store, token)


def test_ending_all_others_keeps_one_that_follows_the_email(store: Store, ana: Customer) -> None:
    kept, session = started(store, ana)
    others = [started(store, ana)[0] for _ in range(sessions.MAX_ENDED + 3)]
    moved = customers.patch(store, ana.id, {"email": "ana@example.org"}, NOW)
    with Transaction() as write:
        sessions.end_others(write, store, ana, moved, session)
    assert sessions.current(store, kept, NOW)
    assert [each.id for each in sessions.list_active(store, moved, NOW)] == [session.id]
    refused(store, others[0])


def test_use_is_noted_at_most_once_an_hour(store: Store, ana: Customer) -> None:
    token, _ = started(store, ana)
    sessions.current(store, token, NOW + timedelta(minutes=59))
    assert sessions.list_active(store, ana, NOW)[0].last_seen_at == NOW
    sessions.current(store, token, NOW + timedelta(minutes=61))
    assert sessions.list_active(store, ana, NOW)[0].last_seen_at == NOW + timedelta(minutes=61)


def test_ended_session_is_refused_at_once(store: Store, ana: Customer) -> None:
    token, session = started(store, ana)
    other, _ = started(store, ana)
    sessions.end(store, ana.id, session.id)
    refused(store, token)
    assert sessions.current(store, other, NOW)
    with pytest.raises(NotFoundError):
        sessions.end(store, ana.id, session.id)


def test_signing_out_everywhere_ends_them_all(store: Store, ana: Customer) -> None:
    tokens = [started(store, ana)[0] for _ in range(3)]
    sessions.end_all(store, ana.id)
    for token in tokens:
        refused(store, token)
    assert sessions.list_active(store, ana, NOW) == []


def test_session_ended_while_it_is_used_does_not_come_back(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, session = started(store, ana)
    original = sessions._customer

    def ended_meanwhile(store: Store, record: SessionRecord) -> Customer:
        sessions.end(store, ana.id, session.id)
        return original(store, record)

    monkeypatch.setattr(sessions, "_customer", ended_meanwhile)
    refused(store, token, days=1)
    assert sessions.list_active(store, ana, NOW) == []


@pytest.mark.parametrize("changes", [{"status": "disabled"}, {"email": "ana@example.org"}])
def test_disabling_and_a_new_email_end_sessions_at_once(store: Store, ana: Customer, changes: dict[str, str]) -> None:
    token, _ = started(store, ana)
    customers.patch(store, ana.id, changes, NOW)
    refused(store, token)


def test_expired_sessions_are_no_devices(store: Store, ana: Customer) -> None:
    started(store, ana)
    assert sessions.list_active(store, ana, NOW + timedelta(days=30)) == []


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8.0", None),
        (None, None),
    ],
)
def test_devices_have_plain_names(agent: str | None, device: str | None) -> None:
    assert user_agents.summary(agent) == device
