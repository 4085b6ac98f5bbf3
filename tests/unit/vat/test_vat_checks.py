"""The status of VAT IDs after answers, outages and changes meanwhile."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.template_file import PROJECT
from tests.support.vies_stand_in import StandIn

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import circuit_breakers, keys, stream
from clientela.table.circuit_breakers import CircuitRecord
from clientela.vat import vat_checks, vies

NOW = clock.now()
SPANISH, OTHER_SPANISH, FRENCH = "ESB12345674", "ESB64717838", "FR27552032534"
SAMPLES = PROJECT / "events"
SAMPLE = stream.read(json.loads((SAMPLES / "dynamodb_stream_vat.json").read_text())["Records"][0])


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com", vat_id=SPANISH), NOW)


def status(store: Store, customer: Customer) -> str:
    return customers.get(store, customer.id).vat_id_status


def check(store: Store, customer: Customer, vat_id: str = SPANISH, now: datetime = NOW) -> str:
    return vat_checks.check(store, customer.id, vat_id, now)


@pytest.mark.parametrize(("known", "answer"), [({SPANISH}, "valid"), (set(), "invalid")])
def test_the_word_of_the_registry_is_the_status(
    store: Store, ana: Customer, registries: StandIn, known: set[str], answer: str
) -> None:
    registries.registered = known
    assert ana.vat_id_status == "pending"
    assert check(store, ana) == answer
    assert status(store, ana) == answer


@pytest.mark.parametrize(
    "trouble",
    [
        "MS_UNAVAILABLE",
        "MS_MAX_CONCURRENT_REQ",
        "TIMEOUT",
        "SERVICE_UNAVAILABLE",
        "userError:MS_UNAVAILABLE",
        "500",
        "html",
        "closed",
    ],
)
def test_an_outage_is_never_invalid(store: Store, ana: Customer, registries: StandIn, trouble: str) -> None:
    registries.trouble["ES"] = trouble
    assert check(store, ana) == "unanswered"
    assert status(store, ana) == "unavailable"


def test_after_the_outage_the_answer_is_got(store: Store, ana: Customer, registries: StandIn) -> None:
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    check(store, ana)
    noted = customers.get(store, ana.id)
    check(store, ana)
    assert customers.get(store, ana.id) == noted, "a second failure is no change of the customer"
    registries.trouble.clear()
    registries.registered.add(SPANISH)
    assert check(store, ana) == "valid"
    assert status(store, ana) == "valid"


@pytest.mark.parametrize("known", [{SPANISH}, set()])
def test_an_outage_takes_no_answer_back(store: Store, ana: Customer, registries: StandIn, known: set[str]) -> None:
    registries.registered = known
    answered = check(store, ana)
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    assert check(store, ana) == "outdated"
    assert status(store, ana) == answered


def test_a_question_that_vies_does_not_take_is_not_checkable_and_not_asked_again(
    store: Store, ana: Customer, registries: StandIn
) -> None:
    registries.trouble["ES"] = "INVALID_INPUT"
    assert check(store, ana) == "not_checkable"
    assert status(store, ana) == "not_checkable"


@pytest.mark.parametrize(
    "vat_id", ["CHE107787577MWST", "GB980780684", "NO995525828MVA", "AU83914571673", "ITRCCMNL83S18D969H"]
)
def test_without_a_registry_to_ask_no_vat_id_is_called_valid(store: Store, registries: StandIn, vat_id: str) -> None:
    shop = customers.create(store, NewCustomer(email="shop@example.com", vat_id=vat_id), NOW)
    assert check(store, shop, vat_id) == "not_checkable"
    assert status(store, shop) == "not_checkable"
    assert registries.asked == []


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Call `happens` while VIES is asked."""
    ask = vies.is_registered

    def is_registered(vat_id: str) -> bool:
        happens()
        return ask(vat_id)

    monkeypatch.setattr(vies, "is_registered", is_registered)


def test_a_late_answer_about_an_old_vat_id_changes_nothing(
    store: Store, ana: Customer, registries: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries.registered.add(SPANISH)
    meanwhile(monkeypatch, lambda: customers.patch(store, ana.id, {"vat_id": OTHER_SPANISH}, NOW))
    assert check(store, ana) == "outdated"
    assert status(store, ana) == "pending"


def test_a_late_outage_does_not_undo_what_another_check_learned(
    store: Store, ana: Customer, registries: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered_elsewhere() -> None:
        customers.change(store, ana.id, lambda it: it.model_copy(update={"vat_id_status": "valid"}), NOW)

    registries.trouble["ES"] = "TIMEOUT"
    meanwhile(monkeypatch, answered_elsewhere)
    check(store, ana)
    assert status(store, ana) == "valid"


def test_a_change_of_something_else_meanwhile_is_kept(
    store: Store, ana: Customer, registries: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries.registered.add(SPANISH)
    meanwhile(monkeypatch, lambda: customers.patch(store, ana.id, {"note": "VIP"}, NOW))
    assert check(store, ana) == "valid"
    after = customers.get(store, ana.id)
    assert (after.note, after.vat_id_status, after.version) == ("VIP", "valid", 3)


def test_who_is_gone_or_has_no_vat_id_any_more_is_not_asked_about(
    store: Store, ana: Customer, registries: StandIn
) -> None:
    customers.patch(store, ana.id, {"vat_id": None}, NOW)
    assert check(store, ana) == "outdated"
    assert vat_checks.check(store, "cus_gone", SPANISH, NOW) == "outdated"
    assert registries.asked == []
    assert status(store, ana) == "none"


def test_a_state_that_fails_again_and_again_is_left_alone_and_then_tried_once(
    store: Store, ana: Customer, registries: StandIn
) -> None:
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    for _ in range(circuit_breakers.FAILURES + 3):
        assert check(store, ana) == "unanswered"
    assert len(registries.asked) == circuit_breakers.FAILURES
    later = NOW + circuit_breakers.COOL_DOWN
    assert [check(store, ana, now=later) for _ in range(3)] == ["unanswered"] * 3
    assert len(registries.asked) == circuit_breakers.FAILURES + 1, "one tries, the others wait for the next cool-down"


def test_a_success_closes_the_circuit(store: Store, ana: Customer, registries: StandIn) -> None:
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    for _ in range(circuit_breakers.FAILURES):
        check(store, ana)
    registries.trouble.clear()
    assert check(store, ana) == "unanswered"
    assert check(store, ana, now=NOW + circuit_breakers.COOL_DOWN + timedelta(seconds=1)) == "invalid"
    assert CircuitRecord.find(keys.circuit("vies#ES"), keys.STATE) is None


def test_the_trouble_of_one_state_stops_no_other(store: Store, ana: Customer, registries: StandIn) -> None:
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    for _ in range(circuit_breakers.FAILURES + 1):
        check(store, ana)
    registries.registered.add(FRENCH)
    jean = customers.create(store, NewCustomer(email="jean@example.com", vat_id=FRENCH), NOW)
    assert check(store, jean, FRENCH) == "valid"


def test_another_store_of_the_same_customer_id_is_left_alone(store: Store, ana: Customer, registries: StandIn) -> None:
    other = stores.create("other", stores.StoreSettings(name="Other"), NOW)
    registries.registered.add(SPANISH)
    assert vat_checks.check(other, ana.id, SPANISH, NOW) == "outdated"
    assert status(store, ana) == "pending"


def test_a_new_vat_id_asks_for_a_check() -> None:
    for before in (SAMPLE.before, None):
        wanted = vat_checks.check_for(SAMPLE._replace(before=before))
        assert wanted is not None
        assert wanted.model_dump() == {
            "store_id": "demo",
            "customer_id": "cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6",
            "vat_id": SPANISH,
            "round": 1,
        }


def test_other_changes_ask_for_none() -> None:
    assert vat_checks.check_for(SAMPLE._replace(before=SAMPLE.after)) is None
    assert vat_checks.check_for(SAMPLE._replace(after=SAMPLE.before)) is None
    assert vat_checks.check_for(SAMPLE._replace(after=None)) is None
    assert vat_checks.check_for(SAMPLE._replace(after={"pk": {"S": "STORE#demo"}, "sk": {"S": "SETTINGS"}})) is None
