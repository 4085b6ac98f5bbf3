"""Cron expressions: what EventBridge Scheduler accepts, and when they run, also when clocks change."""

from datetime import UTC, datetime

import pytest

from clientela.schema import cron_expressions

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def runs(cron: str, zone: str = "UTC", after: datetime = NOW, count: int = 3) -> list[str]:
    found = cron_expressions.next_runs(cron_expressions.normalize(cron), zone, after, count)
    return [run.isoformat(timespec="minutes").removesuffix("+00:00") for run in found]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0 3 * * ? *", "0 3 * * ? *"),
        ("cron(0 3 * * ? *)", "0 3 * * ? *"),
        ("15 10 ? * 6L 2026-2027", "15 10 ? * 6L 2026-2027"),
        ("0 3 L * ? *", "0 3 L * ? *"),
        ("0 3 15w jan,jul ? *", "0 3 15W JAN,JUL ? *"),
        ("0 3 ? * mon-fri *", "0 3 ? * MON-FRI *"),
        # Five fields, as in Unix.
        ("0 3 * * *", "0 3 * * ? *"),
        (" 30  4 1 * * ", "30 4 1 * ? *"),
        ("0 3 * * 0", "0 3 ? * SUN *"),
        ("0 3 * * 7", "0 3 ? * SUN *"),
        ("0 3 * * 1-5", "0 3 ? * MON,TUE,WED,THU,FRI *"),
        ("0 3 * * 5-7", "0 3 ? * SUN,FRI,SAT *"),
        ("0 3 * * SAT,SUN", "0 3 ? * SUN,SAT *"),
        ("0 */6 * * *", "0 */6 * * ? *"),
        ("0 1-9/4,22 * * *", "0 1,5,9,22 * * ? *"),
        # EventBridge documents no steps for days of the week, and a step of one value is none.
        ("0 3 ? * 2/2 *", "0 3 ? * 2,4,6 *"),
        ("0 3 ? * */3 *", "0 3 ? * 1,4,7 *"),
        ("59/1 3 * * *", "59 3 * * ? *"),
        ("30/30 3 * * ? *", "30 3 * * ? *"),
        ("0 22/5 31/1 12/1 ? 2199/1", "0 22 31 12 ? 2199"),
        ("0 0/23 * * ? *", "0 0/23 * * ? *"),
        ("0 3 */10 1/3 ? 2026/2", "0 3 */10 1/3 ? 2026/2"),
    ],
)
def test_expressions_are_stored_with_six_fields(given: str, stored: str) -> None:
    assert cron_expressions.normalize(given) == stored
    assert cron_expressions.normalize(stored) == stored


@pytest.mark.parametrize(
    "cron",
    [
        "", "nightly", "0 3 * *", "0 3 * * ? * *", "rate(1 day)", "at(2026-11-21T03:00:00)", "60 3 * * *", "0 24 * * *",
        "0 3 0 * *", "0 3 32 * *", "0 3 * 13 *", "0 3 * * 8", "0 3 ? * 0 *", "0 3 ? * 8 *", "0 3 * * ? 1969",
        "0 3 * * ? 2200", "0 3 5-1 * ? *", "0 3 1/0 * ? *", "0 3 32W * ? *", "0 3 ? * 6#6 *", "0 3 ? * 8L *", "0 x * * *",
        "-1 3 * * *", "0 3 *-5 * ? *", "0 3 1, * ? *", "0 3 ? * FRI-MON *", "\u0660 3 * * *", "0 3 LW * ? *",
        "0/60 3 * * *", "*/60 3 * * *", "0-30/60 3 * * *", "0 0/24 * * *", "0 */24 * * *", "0 1-5/99 * * *", "0 3 1/31 * *",
        "0 3 */31 * *", "0 3 * 1/12 *", "0 3 * */12 *", "0 3 ? * 1/7 *", "0 3 * * */8", "0 3 * * ? 2026/230",
        "0 3 * * ? */999999999999",
    ],
)  # fmt: skip
def test_other_text_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"Use a cron expression with five or six fields"):
        cron_expressions.normalize(cron)


@pytest.mark.parametrize("cron", ["0 3 * * * *", "0 3 ? * ? *", "0 3 1 * MON *", "0 3 1 * 1"])
def test_a_day_of_the_month_and_one_of_the_week_exclude_each_other(cron: str) -> None:
    with pytest.raises(ValueError, match="not both"):
        cron_expressions.normalize(cron)


@pytest.mark.parametrize("cron", ["* * * * *", "*/15 * * * *", "0,30 3 * * ? *", "0/59 3 * * ? *", "0-1 3 1 1 ? *"])
def test_runs_closer_than_an_hour_are_refused(cron: str) -> None:
    with pytest.raises(ValueError, match="at least an hour apart"):
        cron_expressions.normalize(cron)


@pytest.mark.parametrize(
    ("cron", "found"),
    [
        ("0 3 * * *", ["2026-12-01T03:00", "2026-12-02T03:00", "2026-12-03T03:00"]),
        ("0 * * * *", ["2026-11-30T13:00", "2026-11-30T14:00", "2026-11-30T15:00"]),
        ("0 5/8 * * ? *", ["2026-11-30T13:00", "2026-11-30T21:00", "2026-12-01T05:00"]),
        ("0 1-9/4 * * ? *", ["2026-12-01T01:00", "2026-12-01T05:00", "2026-12-01T09:00"]),
        ("0 3 31 * *", ["2026-12-31T03:00", "2027-01-31T03:00", "2027-03-31T03:00"]),
        ("0 3 29 2 *", ["2028-02-29T03:00", "2032-02-29T03:00", "2036-02-29T03:00"]),
        ("0 3 L * ? *", ["2026-12-31T03:00", "2027-01-31T03:00", "2027-02-28T03:00"]),
        ("0 3 ? * L *", ["2026-12-05T03:00", "2026-12-12T03:00", "2026-12-19T03:00"]),
        ("0 3 ? * 6L *", ["2026-12-25T03:00", "2027-01-29T03:00", "2027-02-26T03:00"]),
        ("0 3 ? * 3#2 *", ["2026-12-08T03:00", "2027-01-12T03:00", "2027-02-09T03:00"]),
        ("0 3 ? * 2#5 *", ["2027-03-29T03:00", "2027-05-31T03:00", "2027-08-30T03:00"]),
        # A Saturday goes to Friday, a Sunday to Monday, but never to another month.
        ("0 3 12W 12 ? 2026", ["2026-12-11T03:00"]),
        ("0 3 13W 12 ? 2026", ["2026-12-14T03:00"]),
        ("0 3 1W 5 ? 2027", ["2027-05-03T03:00"]),
        ("0 3 31W 1 ? 2027", ["2027-01-29T03:00"]),
        ("0 3 31W 2 ? 2027", []),
        ("0 3 30 2 *", []),
        ("0 3 * * ? 2025", []),
        ("0 3 31 12 ? 2199", ["2199-12-31T03:00"]),
    ],
)
def test_the_next_runs(cron: str, found: list[str]) -> None:
    assert runs(cron) == found


def test_a_run_is_after_the_moment_not_at_it() -> None:
    assert runs("0 12 * * *", count=1) == ["2026-12-01T12:00"]
    assert runs("0 12 * * *", after=NOW.replace(hour=11, minute=59), count=1) == ["2026-11-30T12:00"]


def test_runs_keep_their_local_time_when_clocks_change() -> None:
    """Madrid leaves summer time on 25 October 2026 and enters it on 28 March 2027."""
    before = datetime(2026, 10, 23, 12, tzinfo=UTC)
    assert runs("0 4 * * *", "Europe/Madrid", before) == ["2026-10-24T02:00", "2026-10-25T03:00", "2026-10-26T03:00"]


def test_a_local_time_that_does_not_exist_is_left_out() -> None:
    before = datetime(2027, 3, 26, 12, tzinfo=UTC)
    assert runs("30 2 * * *", "Europe/Madrid", before) == ["2027-03-27T01:30", "2027-03-29T00:30", "2027-03-30T00:30"]


def test_a_local_time_that_comes_twice_runs_the_first_time_only() -> None:
    before = datetime(2026, 10, 23, 12, tzinfo=UTC)
    assert runs("30 2 * * *", "Europe/Madrid", before) == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]
    assert runs("30 1 * * *", "America/New_York", datetime(2026, 11, 1, tzinfo=UTC), 2) == [
        "2026-11-01T05:30",
        "2026-11-02T06:30",
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_runs_are_found_at_the_ends_of_the_world(zone: str) -> None:
    found = cron_expressions.next_runs("0 0 * * ? *", zone, NOW, 400)
    assert len(set(found)) == 400
    assert found == sorted(found)
    assert found[0] > NOW
    assert (found[0] - NOW).total_seconds() <= 24 * 3600


@pytest.mark.parametrize("cron", ["0 3 29 2 *", "0 3 ? 2 1#5 *", "0 3 * * *"])
def test_rare_runs_are_found_quickly(cron: str) -> None:
    normal = cron_expressions.normalize(cron)
    assert len(cron_expressions.next_runs(normal, "Europe/Madrid", NOW, 3)) == 3
