"""Colours of a store's branding."""


def contrast_colour(colour: str) -> str:
    """Return white or near-black, whichever is easier to read on `colour` (`#1f4f46`).

    By relative luminance; at 0.179 both contrasts are equal.
    Source: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "#1a1a1a"
