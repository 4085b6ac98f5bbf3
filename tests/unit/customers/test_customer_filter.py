from typing import Any

import pytest
from pydantic import ValidationError

from clientela import clock
from clientela.customers.customer_filter import MAX_WORDS, CustomerFilter, Range, compile_filter, contains
from clientela.stores.stores import Store

STORE = Store(id="demo", name="Demo", created_at=clock.now(), updated_at=clock.now())


@pytest.mark.parametrize("query", ["\ufdfa", "ana " * 25, " ".join(["a"] * MAX_WORDS)])
def test_an_expression_of_a_query_is_short_enough_for_dynamodb(query: str) -> None:
    tests = compile_filter(CustomerFilter(query=query), STORE)
    assert len(contains("search", tests.words).text) < 4096


@pytest.mark.parametrize("name", ["query", "company"])
def test_a_query_that_becomes_too_many_words_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValidationError, match=f"Use at most {MAX_WORDS} words"):
        CustomerFilter.model_validate({name: "\ufdfa" * 60})


def ranges(wanted: dict[str, Any], timezone: str) -> list[Range]:
    store = STORE.model_copy(update={"timezone": timezone})
    return list(compile_filter(CustomerFilter.model_validate(wanted), store).ranges.values())


@pytest.mark.parametrize(
    ("timezone", "day", "first", "last"),
    [
        ("UTC", "2026-11-21", "2026-11-21T00:00:00.000Z", "2026-11-21T23:59:59.999Z"),
        ("Europe/Madrid", "2026-11-21", "2026-11-20T23:00:00.000Z", "2026-11-21T22:59:59.999Z"),
        ("America/Sao_Paulo", "2026-11-21", "2026-11-21T03:00:00.000Z", "2026-11-22T02:59:59.999Z"),
        # The days on which Madrid's clocks change have 23 and 25 hours.
        ("Europe/Madrid", "2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),
        ("Europe/Madrid", "2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"),
        ("Asia/Tokyo", "0001-01-01", "0001-01-01T00:00:00.000Z", "0001-01-01T14:41:00.999Z"),  # local mean time
        ("America/Lima", "9999-12-31", "9999-12-31T05:00:00.000Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_day_without_a_time_is_one_of_the_stores_zone(timezone: str, day: str, first: str, last: str) -> None:
    for name in ("created", "updated", "last_order"):
        assert ranges({f"{name}_from": day, f"{name}_to": day}, timezone) == [Range(first, last)]


def test_a_time_is_taken_as_it_is() -> None:
    wanted = {"created_from": "2026-11-21T10:00:00+01:00", "created_to": "2026-11-21T10:00:00Z"}
    assert ranges(wanted, "Asia/Tokyo") == [Range("2026-11-21T09:00:00.000Z", "2026-11-21T10:00:00.000Z")]


@pytest.mark.parametrize("text", ["2026-02-30", "21.11.2026", "2026-11", "yesterday", "", "2026-11-21T10:00:00", 5])
def test_other_dates_are_refused_in_words(text: object) -> None:
    with pytest.raises(ValidationError, match="Use a day such as 2026-11-21 or a time such as"):
        CustomerFilter.model_validate({"created_from": text})


def test_a_filter_with_a_day_is_stored_as_it_was_sent() -> None:
    wanted = CustomerFilter.model_validate({"created_from": "2026-11-21", "created_to": "2026-11-22T00:00:00Z"})
    assert CustomerFilter.model_validate_json(wanted.model_dump_json()) == wanted
