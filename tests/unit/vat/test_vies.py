"""Requests to VIES: only a registry's complete answer counts."""

import pytest
import urllib3
from tests.support.vies_stand_in import StandIn

from clientela.vat import vies

DANONE, REGISTERED_IN_SPAIN = "FR27552032534", "ESB12345674"


def test_a_registered_number_is_valid_and_another_is_not(registries: StandIn) -> None:
    registries.registered.add(DANONE)
    assert vies.is_registered(DANONE) is True
    assert vies.is_registered(REGISTERED_IN_SPAIN) is False
    assert registries.asked == [("FR", "27552032534"), ("ES", "B12345674")]


@pytest.mark.parametrize(
    ("vat_id", "state"),
    [
        ("EL094259216", "EL"),
        ("XI980780684", "XI"),
        ("GB980780684", None),
        ("CHE107787577", None),
        ("NO995525828MVA", None),
    ],
)
def test_vies_knows_the_eu_and_northern_ireland(vat_id: str, state: str | None) -> None:
    assert vies.member_state(vat_id) == state
    assert len(vies.MEMBER_STATES) == 28


@pytest.mark.parametrize("code", sorted(vies._TEMPORARY_ERRORS))
@pytest.mark.parametrize("form", ["", "userError:"])
def test_trouble_of_vies_is_never_an_answer(registries: StandIn, form: str, code: str) -> None:
    registries.trouble["FR"] = form + code
    with pytest.raises(vies.ViesUnavailableError, match=f"^{code}$"):
        vies.is_registered(DANONE)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("500", "HTTP_500"),
        ("502", "HTTP_502"),
        ("503", "HTTP_503"),
        ("403", "HTTP_403"),
        ("429", "HTTP_429"),
        ("html", "HTTP_200"),
        ("list", "HTTP_200"),
        ("redirect", "HTTP_302"),
        ("empty", "NO_ANSWER"),
        ("undecided", "NO_ANSWER"),
        ("other", "OTHER_NUMBER"),
        ("SOMETHING_NEW", "UNKNOWN"),
        ("userError:VALID", "NO_ANSWER"),
        ("closed", "ProtocolError"),
        ("half", "ProtocolError"),
        ("slow", "ReadTimeoutError"),
    ],
)
def test_an_outage_of_any_kind_is_never_an_answer(
    registries: StandIn, trouble: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries.registered.add(DANONE)
    registries.trouble["FR"], registries.slow_seconds = trouble, 1
    monkeypatch.setattr(vies, "READ_SECONDS", 0.4)
    with pytest.raises(vies.ViesUnavailableError, match=f"^{reason}$"):
        vies.is_registered(DANONE)


def test_a_question_that_vies_does_not_take_is_told_apart(registries: StandIn) -> None:
    registries.trouble["FR"] = "INVALID_INPUT"
    with pytest.raises(vies.ViesRefusedError):
        vies.is_registered(DANONE)


def test_nobody_listening_is_an_outage(registries: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIES_URL", "http://127.0.0.1:9")
    with pytest.raises(vies.ViesUnavailableError, match="NewConnectionError"):
        vies.is_registered(DANONE)


@pytest.mark.parametrize("country", ["ES", "FR"])
def test_the_other_form_of_the_answer_reads_the_same(registries: StandIn, country: str) -> None:
    registries.registered.add(REGISTERED_IN_SPAIN)
    number = {"ES": REGISTERED_IN_SPAIN, "FR": DANONE}[country]
    answer = urllib3.request("GET", f"{registries.url}/ms/{country}/vat/{number[2:]}").json()
    assert answer["userError"] == ("VALID" if country == "ES" else "INVALID")
    assert vies._read({"countryCode": country, "vatNumber": number[2:]}, answer) is (country == "ES")
