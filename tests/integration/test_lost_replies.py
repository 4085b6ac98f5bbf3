"""Replies that get lost: the call is repeated, and every guarded write recognises its own."""

from collections.abc import Callable

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from tests.support.lost_replies import replies_lost

from clientela import clock
from clientela.errors import BusyError, TooManyRequestsError
from clientela.table import rate_limits, records
from clientela.table.rate_limits import Rule
from clientela.table.records import Record

NOW = clock.now()


class Basket(Record):
    version = NumberAttribute(default=0)
    owner = UnicodeAttribute(null=True)


def basket(owner: str, version: int = 1) -> Basket:
    return Basket("STORE#demo", "BASKET#1", version=version, owner=owner)


def stored() -> tuple[str | None, int] | None:
    found = Basket.find("STORE#demo", "BASKET#1")
    return (found.owner, int(found.version)) if found else None


WRITES: list[Callable[[], None]] = [
    lambda: records.put(basket("ana", 2), Basket.version == 1),
    lambda: records.update(basket("ana"), [Basket.owner.set("ana"), Basket.version.add(1)], Basket.version == 1),
    lambda: records.update(basket("ana"), [Basket.owner.set("ana"), Basket.version.add(1)]),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lost", [(), (0,), (0, 1, 2)])
def test_a_write_whose_reply_is_lost_is_done_once(table: str, write: Callable[[], None], lost: tuple[int, ...]) -> None:
    records.put(basket("nobody"))
    with replies_lost(*lost) as sent:
        write()
    assert (stored(), len(sent)) == (("ana", 2), len(lost) + 1)


def test_a_new_record_whose_reply_is_lost_is_its_writers(table: str) -> None:
    with replies_lost(0):
        records.put(basket("ana"), Basket.pk.does_not_exist())
    with pytest.raises(BusyError):
        records.put(basket("ana"), Basket.pk.does_not_exist())


def test_counting_without_a_record_is_exact_too(table: str) -> None:
    with replies_lost(0, 2):
        records.update(basket(""), [Basket.version.add(1)])
        records.update(basket(""), [Basket.version.add(1)])
    assert stored() == (None, 2)


@pytest.mark.parametrize("write", WRITES[:2])
def test_another_write_before_the_repeat_is_not_taken_for_ones_own(table: str, write: Callable[[], None]) -> None:
    records.put(basket("nobody"))
    with (
        replies_lost(0, meanwhile=lambda: records.put(basket("ben", 3))),
        pytest.raises(BusyError),
    ):
        write()
    assert stored() == ("ben", 3)


def test_a_deletion_whose_reply_is_lost_is_done(table: str) -> None:
    records.put(basket("ana"))
    with replies_lost(0):
        records.delete(basket("ana"), Basket.pk.exists())
    assert stored() is None
    with pytest.raises(BusyError):
        records.delete(basket("ana"), Basket.pk.exists())


def test_a_record_that_came_before_the_repeat_stays(table: str) -> None:
    records.put(basket("ana"))
    with (
        replies_lost(0, meanwhile=lambda: records.put(basket("ben"))),
        pytest.raises(BusyError),
    ):
        records.delete(basket("ana"), Basket.owner == "ana")
    assert stored() == ("ben", 1)


RULE = Rule(2, 60)
LIMITS: list[Callable[[], None]] = [
    lambda: rate_limits.fixed_window("demo", RULE, NOW),
    lambda: rate_limits.sliding_window("demo", [RULE], NOW),
]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_counts_a_call_once(table: str, limit: Callable[[], None]) -> None:
    with replies_lost(0, 2):
        limit()
        limit()
    with pytest.raises(TooManyRequestsError):
        limit()
