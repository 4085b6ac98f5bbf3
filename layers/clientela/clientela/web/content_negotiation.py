"""The media type of a response, as the Accept header asks for it (RFC 9110 section 12.5.1)."""

from collections.abc import Sequence


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that a client prefers; the first one if it accepts none.

    Of types with the same quality the one with the more exact range wins, then the one that the
    header names first, then the one that is offered first.
    """
    ranges = [_parse(each) for each in (accept or "*/*").split(",")]
    ranked = [(*_quality(type_, ranges), type_) for type_ in offered]
    quality, _, _, best = max(ranked, key=lambda each: each[:3])
    return best if quality > 0 else offered[0]


type _Range = tuple[str, float]


def _parse(text: str) -> _Range:
    """Return a media range and its quality: `text/csv;q=0.5` is ("text/csv", 0.5)."""
    name, *parameters = (each.strip().lower() for each in text.split(";"))
    quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0


def _quality(type_: str, ranges: Sequence[_Range]) -> tuple[float, int, int]:
    """Return the quality of a type by its most exact range, the exactness, the range's place."""
    patterns = (type_, f"{type_.split('/')[0]}/*", "*/*")
    for exactness, pattern in enumerate(patterns):
        for place, (name, quality) in enumerate(ranges):
            if name == pattern:
                return quality, -exactness, -place
    return 0.0, -len(patterns), 0
