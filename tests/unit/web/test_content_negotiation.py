"""Which media type a client gets."""

import pytest

from clientela.web import content_negotiation

JSON, CSV = "application/json", "text/csv"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("Text/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("text/csv, */*;q=0.1", CSV),
        ("text/csv, */*", CSV),
        ("application/json, text/csv", JSON),
        ("text/csv, application/json", CSV),
        ("application/json;q=0.5, text/csv", CSV),
        ("application/json, text/csv;q=0.5", JSON),
        ("text/csv;q=0", JSON),
        ("text/csv;q=none", JSON),
        ("application/json, text/csv;q=0", JSON),
        ("text/csv-schema", JSON),
        ("application/x-text/csv", JSON),
        ("image/png", JSON),
    ],
)
def test_the_preferred_type_is_chosen(accept: str | None, chosen: str) -> None:
    assert content_negotiation.choose(accept, (JSON, CSV)) == chosen
