"""Colours of a store's branding, so that texts are readable on them in light and dark.

Contrasts are those of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from typing import NamedTuple

TEXT_CONTRAST = 4.5  # of a text and its background
SHAPE_CONTRAST = 3.0  # of a button and the surface below it
# The surfaces of mails, as in mail_templates/layout.html.
LIGHT_PAGE, LIGHT_CARD = "#f4f2ee", "#ffffff"
DARK_PAGE, DARK_CARD = "#191918", "#252523"

_WHITE, _INK, _BLACK = "#ffffff", "#1a1a1a", "#000000"
_STEPS = 20  # from a colour to black or white


class Scheme(NamedTuple):
    """The colours of buttons and links on light or on dark surfaces."""

    button: str
    border: str
    ink: str
    link: str


class Palette(NamedTuple):
    """The colours of a store's mails."""

    light: Scheme
    dark: Scheme


def palette(colour: str) -> Palette:
    """Return the colours of mails from the store's one.

    In light the button has exactly the store's colour, and a border if it is nearly white. In dark
    it is lightened if it is nearly as dark as the surface.
    """
    button = _towards(_WHITE, colour, DARK_CARD, SHAPE_CONTRAST)
    return Palette(
        Scheme(
            colour,
            _towards(_BLACK, colour, LIGHT_CARD, SHAPE_CONTRAST),
            contrast_colour(colour),
            # The page is darker than the card: readable there is readable on both.
            _towards(_BLACK, colour, LIGHT_PAGE, TEXT_CONTRAST),
        ),
        Scheme(button, button, contrast_colour(button), _towards(_WHITE, colour, DARK_CARD, TEXT_CONTRAST)),
    )


def contrast_colour(colour: str) -> str:
    """Return the colour of texts on `colour` (`#1f4f46`): white or near-black; black if neither.

    The contrast is at least TEXT_CONTRAST.
    """
    best = max((_WHITE, _INK), key=lambda ink: contrast(ink, colour))
    return best if contrast(best, colour) >= TEXT_CONTRAST else _BLACK


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _towards(end: str, colour: str, surface: str, least: float) -> str:
    """Return the colour, mixed with as little of `end` as gives it the contrast to `surface`."""
    mixtures = (_mix(colour, end, step / _STEPS) for step in range(_STEPS + 1))
    return next((mixed for mixed in mixtures if contrast(mixed, surface) >= least), end)


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (one + (two - one) * share)):02x}" for one, two in pairs)
