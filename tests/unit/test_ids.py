"""Ids that are derived: the same for the same origin, and in order."""

from datetime import UTC, datetime

from clientela import ids

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_a_derived_id_is_the_same_again_and_another_for_another_origin() -> None:
    assert ids.derived("cus", NOW, "imp_1", "2") == ids.derived("cus", NOW, "imp_1", "2")
    assert ids.derived("cus", NOW, "imp_1", "2") != ids.derived("cus", NOW, "imp_2", "2")
    assert ids.derived("cus", NOW, "imp_1", "2", number=2) != ids.derived("cus", NOW, "imp_2", "2", number=2)


def test_derived_ids_of_one_moment_sort_by_their_number() -> None:
    numbers = [0, 1, 2, 9, 10, 255, 256, 70_000, 2**32 - 1]
    found = [ids.derived("cus", NOW, "imp_1", str(number), number=number) for number in numbers]
    assert found == sorted(found)
    assert len({len(each) for each in found}) == 1
    assert ids.created_at(found[-1]) == NOW
