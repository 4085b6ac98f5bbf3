"""The cut-offs of RFM scores, computed each night from all customers and stored as one item.

R is the days since the last counted order, F the number and M the amount of counted orders in a
window: the last 365 days, or ever. Each is divided into fifths by value. Equal values have the same
score: that of the middle of them. A customer's own scores are computed when they are read, so
nothing is written per customer.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Literal, NamedTuple, get_args

from pynamodb.attributes import UnicodeAttribute

from clientela import clock
from clientela.errors import ReportsNotReadyError
from clientela.reports import report_counters, report_generations, report_periods, report_states
from clientela.reports.report_generations import Generation
from clientela.reports.report_states import BASE, REPLACED, CountedCustomer, is_own
from clientela.reports.report_updates import STATE_SHARDS
from clientela.schema import currencies
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records, report_keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record

Window = Literal["year", "ever"]
Segment = Literal[
    "champions", "loyal", "active", "new", "promising", "needs_attention", "at_risk", "previously_loyal",
    "almost_lost", "dormant",
]  # fmt: skip
WINDOW_DAYS = 365
_UNITS = 10_000  # of an amount: no currency has more decimals
_MAX_UNITS, _MAX_COUNT = 2**63 - 1, 2**31 - 1  # of an array's entries
COMPUTED_AT_ONCE = 20_000  # customers of a store whose first scores a request may compute

# By R, from 1 to 5, and by the rounded mean of F and M, from 1 to 5.
SEGMENTS: tuple[tuple[Segment, ...], ...] = (
    ("dormant", "dormant", "dormant", "previously_loyal", "previously_loyal"),
    ("almost_lost", "almost_lost", "at_risk", "at_risk", "at_risk"),
    ("needs_attention", "needs_attention", "active", "loyal", "loyal"),
    ("promising", "promising", "active", "loyal", "champions"),
    ("new", "promising", "active", "loyal", "champions"),
)


class CutOffs(Model):
    """The values with which the scores 2, 3, 4 and 5 begin; null if nobody has so high a score."""

    recency: list[int | None]
    """The most days since the last order with R 2, 3, 4 and 5. Example: [300, 130, 60, 14]"""
    frequency: list[int | None]
    """The fewest orders with F 2, 3, 4 and 5. Example: [1, 2, 3, 5]"""
    monetary: list[Decimal | None]
    """The least amounts with M 2, 3, 4 and 5. Example: ["9.90", "49.90", "120.00", "300.00"]"""


class WindowScores(Model):
    """The cut-offs of one window, and how many customers each segment has."""

    customers: int
    """The customers with a counted order. Example: 59"""
    cut_offs: CutOffs
    """The values between the fifths."""
    segments: dict[Segment, int]
    """The customers of each segment. Example: {"champions": 9}"""


class Scores(Model):
    """What a night has computed of a store."""

    computed_at: Timestamp
    timezone: str
    currency: str
    windows: dict[Window, WindowScores]


class ScoresRecord(Record):
    """`STORE#demo` / `REPORT_SCORES`."""

    computed_at = UnicodeAttribute()
    scores = DocumentAttribute(Scores)


class Values(NamedTuple):
    """R, F and M of one customer."""

    recency: int
    frequency: int
    monetary: Decimal


class _ValueColumns:
    """The values of all customers, in 20 bytes for each: a large store has a million."""

    def __init__(self) -> None:
        self.recency, self.frequency = array("i"), array("i")
        self.monetary = array("q")  # in _UNITS

    def add(self, values: Values) -> None:
        """Add a customer."""
        self.recency.append(-values.recency)
        self.frequency.append(min(values.frequency, _MAX_COUNT))
        self.monetary.append(min(int(values.monetary * _UNITS), _MAX_UNITS))

    def scores(self, currency: str) -> WindowScores:
        """Return the cut-offs, and how many customers each segment has."""
        recency, frequency, monetary = map(cut_offs_of, (self.recency, self.frequency, self.monetary))
        begins = [[value for value in each if value is not None] for each in (recency, frequency, monetary)]
        counted = Counter(
            CustomerScores(*(_score(value, begin) for value, begin in zip(values, begins, strict=True))).segment
            for values in zip(self.recency, self.frequency, self.monetary, strict=True)
        )
        amounts = [each if each is None else Decimal(each) / _UNITS for each in monetary]
        return WindowScores(
            customers=len(self.recency),
            cut_offs=CutOffs(
                recency=[each if each is None else -each for each in recency],
                frequency=frequency,
                monetary=[each if each is None else currencies.format_amount(each, currency) for each in amounts],
            ),
            segments={name: counted[name] for name in get_args(Segment)},
        )


class CustomerScores(NamedTuple):
    """The scores of one customer, each from 1 to 5."""

    recency: int
    frequency: int
    monetary: int

    @property
    def segment(self) -> Segment:
        """The name of R and the mean of F and M, rounded half up."""
        return SEGMENTS[self.recency - 1][(self.frequency + self.monetary + 1) // 2 - 1]


def get(store: Store, now: datetime) -> Scores:
    """Return the newest scores; compute them if a small store has none yet.

    Raises:
        ReportsNotReadyError: a large store has none before its first night.

    Cost: 1 read unit.
    """
    record = ScoresRecord.find(keys.store(store.id), report_keys.SCORES)
    if record:
        return record.scores
    customers = report_counters.read_today(store, report_generations.current(store.id)).get("customers", 0)
    if customers > COMPUTED_AT_ONCE:
        raise ReportsNotReadyError
    return compute(store, now)


def compute(store: Store, now: datetime) -> Scores:
    """Compute and store the scores of all customers.

    Raises:
        ReportsNotReadyError: the reports are built for the first time.

    Cost: half a read unit per 4 KB of the counted states, some 250 bytes each; 1 write unit. 40
    bytes of memory for each customer with orders.
    """
    generation = report_generations.current(store.id)
    today = report_periods.today_in(generation.timezone, now).toordinal()
    columns = {window: _ValueColumns() for window in get_args(Window)}
    for state in _states(store, generation):
        for window, found in columns.items():
            found.add(values_of(state, window, today, store.currency))
    scores = Scores(
        computed_at=now,
        timezone=generation.timezone,
        currency=store.currency,
        windows={window: found.scores(store.currency) for window, found in columns.items()},
    )
    computed_at = clock.format_timestamp(now)
    records.put(ScoresRecord(keys.store(store.id), report_keys.SCORES, computed_at=computed_at, scores=scores))
    return scores


def values_of(state: CountedCustomer, window: Window, today: int, currency: str) -> Values:
    """Return R, F and M of a customer with orders.

    M is the sum of what each order carries in the base currency, or else of its own amount in it.
    """
    since = today - WINDOW_DAYS if window == "year" else 0
    inside = [total for total in state.totals if total.day > since]
    signs = {currency: 1, f"{BASE}{currency}": 1, f"{REPLACED}{currency}": -1}
    return Values(
        max(0, today - state.totals[-1].day),
        sum(total.orders for total in inside if is_own(total.line)),
        sum((signs[total.line] * total.amount for total in inside if total.line in signs), Decimal(0)),
    )


def scores_of(values: Values, cut_offs: CutOffs) -> CustomerScores:
    """Return the scores of a customer."""
    return CustomerScores(
        _score(-values.recency, [-days for days in cut_offs.recency if days is not None]),
        _score(values.frequency, [orders for orders in cut_offs.frequency if orders is not None]),
        _score(values.monetary, [amount for amount in cut_offs.monetary if amount is not None]),
    )


def cut_offs_of[N: (int, Decimal)](values: Iterable[N]) -> list[N | None]:
    """Return the values with which the scores 2 to 5 begin; a greater value is a better one.

    Customers stand in line by their values. Those in the first fifth of the line have 1, those in
    the last one 5; several with the same value all have the score of the middle of them.
    """
    in_order = sorted(values)
    begin, below = list[N | None](), 0
    for value, same in groupby(in_order):
        equal = sum(1 for _ in same)
        score = 5 * (2 * below + equal) // (2 * len(in_order)) + 1
        begin += [value] * (score - 1 - len(begin))
        below += equal
    return begin + [None] * (4 - len(begin))


def _score[N: (int, Decimal)](value: N, begin: list[N]) -> int:
    return 1 + bisect_right(begin, value)


def _states(store: Store, generation: Generation) -> Iterator[CountedCustomer]:
    """Yield the counted state of each customer with a counted order."""
    for shard in range(STATE_SHARDS):
        pk = report_keys.reported(store.id, generation.number, report_keys.CUSTOMERS, shard)
        for item in dynamodb.query_partition(pk, "#state", names={"#state": "state"}):
            state = report_states.unpack(item["state"]["B"])
            if isinstance(state, CountedCustomer) and state.totals:
                yield state
