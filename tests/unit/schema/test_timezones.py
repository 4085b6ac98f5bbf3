"""Time zones of stores and schedules."""

import pytest

from clientela.schema import timezones


@pytest.mark.parametrize("name", ["Factory", "factory", "Europe/Atlantis", "+02:00", "", "localtime", "posixrules"])
def test_a_name_without_a_place_or_an_offset_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        timezones.known_name(name)


@pytest.mark.parametrize(
    "name", ["Europe/Madrid", "america/argentina/buenos_aires", "UTC", "Etc/GMT+5", "Asia/Kolkata"]
)
def test_a_place_or_an_offset_is_a_time_zone(name: str) -> None:
    assert timezones.known_name(name).casefold() == name.casefold()
