"""Texts, buttons and links are readable on every colour that a store chooses."""

import pytest

from clientela.stores import branding
from clientela.stores.branding import DARK_CARD, DARK_PAGE, LIGHT_CARD, LIGHT_PAGE

COLOURS = [
    f"#{red:02x}{green:02x}{blue:02x}"
    for red in range(0, 256, 51)
    for green in range(0, 256, 51)
    for blue in range(0, 256, 51)
]
GREYS = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]


@pytest.mark.parametrize("colours", [COLOURS, GREYS])
def test_every_colour_gives_readable_buttons_and_links(colours: list[str]) -> None:
    for colour in colours:
        light, dark = branding.palette(colour)
        for scheme in (light, dark):
            assert branding.contrast(scheme.ink, scheme.button) >= 4.5, colour
        assert branding.contrast(light.link, LIGHT_PAGE) >= 4.5
        assert branding.contrast(light.link, LIGHT_CARD) >= 4.5
        assert branding.contrast(dark.link, DARK_CARD) >= 4.5
        assert branding.contrast(dark.link, DARK_PAGE) >= 4.5
        # The button is seen by its surface or its border.
        assert max(branding.contrast(each, LIGHT_CARD) for each in (light.button, light.border)) >= 3
        assert branding.contrast(dark.button, DARK_CARD) >= 3


def test_a_colour_that_is_readable_stays_as_it_is() -> None:
    assert branding.palette("#1f4f46").light == ("#1f4f46", "#1f4f46", "#ffffff", "#1f4f46")
    assert branding.palette("#c8a2ff").dark == ("#c8a2ff", "#c8a2ff", "#1a1a1a", "#c8a2ff")


def test_contrasts_are_those_of_wcag() -> None:
    assert branding.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert branding.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
