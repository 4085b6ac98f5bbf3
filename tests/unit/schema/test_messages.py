"""Texts with placeholders and plurals."""

import pytest

from clientela.schema import messages

DAYS = "For {days, plural, one {# day} other {# days}}, {name}."


@pytest.mark.parametrize(
    ("days", "text"), [(1, "For 1 day, Ana."), (7, "For 7 days, Ana."), (1200, "For 1,200 days, Ana.")]
)
def test_plural_is_chosen_by_the_number(days: int, text: str) -> None:
    assert messages.fill(DAYS, {"days": days, "name": "Ana"}, "en") == text


def test_plural_is_that_of_the_language() -> None:
    rows = "{rows, plural, one {# ligne} many {# de lignes} other {# lignes}}"
    assert [messages.fill(rows, {"rows": count}, "fr") for count in (0, 1, 2, 1_000_000)] == [
        "0 ligne", "1 ligne", "2 lignes", "1\u202f000\u202f000 de lignes",
    ]  # fmt: skip


def test_exact_number_has_a_text_of_its_own() -> None:
    rows = "{rows, plural, =0 {no rows} one {# row} other {# rows}}"
    assert [messages.fill(rows, {"rows": count}, "en") for count in (0, 1, 2)] == ["no rows", "1 row", "2 rows"]


def test_plural_may_hold_a_placeholder() -> None:
    text = "{rows, plural, one {# row of {file}} other {# rows of {file}}}"
    assert messages.fill(text, {"rows": 2, "file": "a.csv"}, "en") == "2 rows of a.csv"
    assert messages.placeholders(text) == {"rows", "file"}


def test_braces_in_a_value_stay_text() -> None:
    assert messages.fill("Hello {name}, {store}", {"name": "{store}", "store": "#"}, "en") == "Hello {store}, #"
    text = "{rows, plural, other {# rows of {file}}}"
    assert messages.fill(text, {"rows": 1, "file": "{rows} #1"}, "en") == "1 rows of {rows} #1"


def test_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="name"):
        messages.fill("{name}", {}, "en")


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("{name}", True),
        (DAYS, True),
        ("{name", False),
        ("}", False),
        ("{days, plural, one {# day}}", False),
        ("{}", False),
    ],
)
def test_text_is_well_formed(text: str, is_right: bool) -> None:
    assert messages.is_well_formed(text) is is_right
