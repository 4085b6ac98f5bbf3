"""The counters of a generation as they are stored, and sums over days and months of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from clientela.reports import report_periods
from clientela.reports.report_contributions import NTHS, WAITS
from clientela.reports.report_generations import Generation
from clientela.reports.report_periods import Interval, Period
from clientela.reports.report_updates import COUNTER_SHARDS
from clientela.stores.stores import Store
from clientela.table import dynamodb, report_keys

type Numbers = dict[str, int | Decimal]  # by the counter's name
_DISTANCES = ("g", "h")  # the counters by distance: they are not summed, but looked up
_NOTHING: Numbers = {}


class Ledger(NamedTuple):
    """The counters that a report needs: all months until its end, and days near its end."""

    days: dict[str, Numbers]  # by day, like 2026-11-21
    months: dict[str, Numbers]  # by month, like 2026-11


def read(store: Store, generation: Generation, periods: Iterable[Period], interval: Interval = "month") -> Ledger:
    """Return the counters for the figures of periods that lie next to each other.

    Cost: half a read unit per 4 KB: of a store of five years about 10 for the months, and 0.2 for
    each day.
    """
    periods = list(periods)
    first, end = min(period.start for period in periods), max(period.end for period in periods)
    months = _read(store, generation, report_keys.month(""), report_keys.month(end.isoformat()[:7]))
    wanted = [period.end.replace(day=1) for period in periods if period.end.day > 1]
    if interval != "month" or not all(period.has_whole_months for period in periods):
        wanted.append(first)
    days: dict[str, Numbers] = {}
    if wanted:
        days = _read(store, generation, report_keys.day(min(wanted).isoformat()), report_keys.day(end.isoformat()))
    return Ledger(_unprefixed(days), _unprefixed(months))


def read_cohorts(store: Store, generation: Generation, first: date, end: date) -> dict[str, Numbers]:
    """Return the counters of cohorts by month, from the first month until before a day.

    Cost: half a read unit per 4 KB: about 13 for five years of a large store.
    """
    last = (end - timedelta(days=1)).isoformat()[:7]
    found = _read(store, generation, report_keys.cohorts(first.isoformat()[:7]), report_keys.cohorts(last))
    return _unprefixed(found)


def read_today(store: Store, generation: Generation) -> Numbers:
    """Return the counters of the customers as they are now. Cost: 1 read unit or a few."""
    found = _read(store, generation, report_keys.TODAY, report_keys.TODAY)
    return found.get(report_keys.TODAY, _NOTHING)


def read_all(store: Store, generation: Generation) -> dict[str, Numbers]:
    """Return all counters by sort key, without zeros, to compare two generations.

    Cost: half a read unit per 4 KB.
    """
    found = _read(store, generation, "A", "Z")
    return {sk: kept for sk, numbers in found.items() if (kept := {n: v for n, v in numbers.items() if v})}


def total(ledger: Ledger, period: Period) -> Numbers:
    """Return the sums of a period, with `once`: its customers whose only order is their first.

    `active` counts every customer once.
    """
    items, start = _items(ledger, period)
    sums: Counter[str] = Counter()
    once = 0
    for place, numbers in items:
        for name, number in numbers.items():
            if name[0] in _DISTANCES and name[1:].isdigit():
                if int(name[1:]) <= place - start:
                    if name[0] == "g":
                        sums["active"] -= number  # type: ignore[assignment]
                    else:
                        once -= int(number)
            else:
                sums[name] += number  # type: ignore[assignment]
    return {**sums, "once": once + sums["n1"]}


def as_of(ledger: Ledger, end: date) -> Numbers:
    """Return the sums of all that was before a day: customers, n-th orders, and times between."""
    names = ("created", *(f"n{nth}" for nth in range(1, NTHS + 1)), *(f"wait{c}" for c in range(len(WAITS) + 1)))
    first = end.replace(day=1)
    items = [numbers for month, numbers in ledger.months.items() if month < first.isoformat()[:7]]
    items += [ledger.days.get(_day(first, place), _NOTHING) for place in range((end - first).days)]
    return {name: sum(int(numbers.get(name, 0)) for numbers in items) for name in names}


def lines(numbers: Mapping[str, int | Decimal], kind: str) -> dict[str, int | Decimal]:
    """Return the numbers of a kind by currency: of `money` those of `money:EUR`, `money:USD`."""
    return {name.partition(":")[2]: number for name, number in numbers.items() if name.startswith(f"{kind}:")}


def _items(ledger: Ledger, period: Period) -> tuple[list[tuple[int, Numbers]], int]:
    """Return the items of a period with their places in time, and the place of the first one."""
    if period.has_whole_months:
        months = report_periods.months(period)
        found = [(day.year * 12 + day.month, ledger.months.get(day.isoformat()[:7], _NOTHING)) for day in months]
        return found, found[0][0]
    start = period.start.toordinal()
    places = range(period.days)
    return [(start + place, ledger.days.get(_day(period.start, place), _NOTHING)) for place in places], start


def _day(first: date, place: int) -> str:
    return (first + timedelta(days=place)).isoformat()


def _unprefixed(items: dict[str, Numbers]) -> dict[str, Numbers]:
    return {sk.partition("#")[2]: numbers for sk, numbers in items.items()}


def _read(store: Store, generation: Generation, first: str, last: str) -> dict[str, Numbers]:
    """Return the counters with sort keys from one to another, summed over the shards."""
    sums: dict[str, Numbers] = {}
    for shard in range(COUNTER_SHARDS):
        pages = dynamodb.query_pages(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": report_keys.counters(store.id, generation.number, shard)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
        )
        for page in pages:
            for item in page["Items"]:
                _add(sums.setdefault(item["sk"]["S"], {}), item)
    return sums


def _add(numbers: Numbers, item: dynamodb.Item) -> None:
    for name, attribute in item.items():
        if "N" in attribute:
            text = attribute["N"]
            number = Decimal(text) if "." in text or "E" in text else int(text)
            numbers[name] = numbers[name] + number if name in numbers else number
