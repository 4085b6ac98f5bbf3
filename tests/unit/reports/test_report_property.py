"""Counters and brute force agree after any history, in whatever order the changes are told.

`REPORT_HISTORIES=5000 .venv/bin/pytest tests/unit/reports/test_report_property.py` tries more.
"""

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientela.reports import report_counters, report_states, report_updates
from clientela.reports.report_contributions import difference
from clientela.reports.report_counters import Ledger
from clientela.reports.report_periods import Period
from clientela.reports.report_states import CountedOrder, OrderState, State

HISTORIES = int(os.environ.get("REPORT_HISTORIES", "300"))
ZONES = ("UTC", "Europe/Madrid", "Pacific/Kiritimati", "America/Los_Angeles")
CURRENCIES = ("EUR", "USD")
FIRST = datetime(2025, 10, 20, 22, 30, tzinfo=UTC)  # around months' and years' ends, and a change of the clocks
LABELS = ("consent", "country:ES", "source:order")


@dataclass
class PlacedOrder:
    """An order at its newest version; without owner if its customer was erased, or it never had one."""

    id: str
    placed_at: datetime
    currency: str
    total: Decimal
    counts: bool
    owner: int | None
    base: Decimal | None = None

    @property
    def lines(self) -> report_states.Lines:
        own = ((self.currency, self.total),)
        return own if self.base is None else (*own, ("~GBP", self.base))


@dataclass
class World:
    """The truth, and beside it what reports counted of it."""

    zone: str = "UTC"
    customers: dict[int, tuple[datetime, tuple[str, ...]]] = field(default_factory=dict)
    orders: dict[str, PlacedOrder] = field(default_factory=dict)
    untold: list[int | str] = field(default_factory=list)
    states: dict[int | str, State | None] = field(default_factory=dict)
    counters: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def state(self, source: int | str) -> State | None:
        zone = ZoneInfo(self.zone)
        if isinstance(source, str):
            order = self.orders.get(source)
            if order is None or not order.counts or order.owner is not None:
                return None
            return OrderState(report_states.day_of(order.placed_at, zone), order.lines)
        if source not in self.customers:
            return None
        created_at, labels = self.customers[source]
        own = [order for order in self.orders.values() if order.owner == source and order.counts]
        counted = [CountedOrder(order.placed_at, order.id, order.lines) for order in own]
        return report_states.customer_state(created_at, labels, counted, zone)

    def tell(self, source: int | str) -> None:
        target = self.state(source)
        while (before := self.states.get(source)) != target:
            after = report_updates.next_state(before, target)
            for (sk, name), amount in difference(before, after).items():
                self.counters[sk][name] += amount  # type: ignore[assignment]
            self.states[source] = report_states.unpack(report_states.pack(after)) if after else None

    def rebuild(self, zone: str) -> None:
        self.zone, self.states, self.counters = zone, {}, defaultdict(Counter)
        sources: list[int | str] = [*self.customers, *self.orders]
        for source in sources:
            self.tell(source)

    def ledger(self) -> Ledger:
        def those(kind: str) -> dict[str, Any]:
            return {sk.partition("#")[2]: dict(names) for sk, names in self.counters.items() if sk.startswith(kind)}

        return Ledger(those("DAY#"), those("MONTH#"))


def moment(step: int) -> datetime:
    """Places in time near each other and far apart."""
    return FIRST + timedelta(hours=step * 7 if step % 3 else step * 61)


def act(world: World, kind: str, who: int, what: int, step: int) -> None:
    order_id = str(what)
    order = world.orders.get(order_id)
    match kind:
        case "create":
            world.customers.setdefault(who, (moment(step), LABELS[: step % 4]))
            world.untold.append(who)
        case "place" if order is None:
            owner = who if who in world.customers else None
            total, base = Decimal(step * 25) / 100, Decimal(step) / 2 if what % 5 == 0 else None
            world.orders[order_id] = PlacedOrder(
                order_id, moment(step), CURRENCIES[step % 2], total, what % 4 != 1, owner, base
            )
            world.untold += [order_id] if owner is None else [owner]
        case "pay" | "cancel" if order:
            order.counts = kind == "pay"
            world.untold += [order_id] if order.owner is None else [order.owner]
        case "change" if order:
            order.placed_at, order.currency = moment(step), CURRENCIES[what % 2]
            order.total = Decimal(step * 10) / 100
            world.untold += [order_id] if order.owner is None else [order.owner]
        case "move" if order and who in world.customers:
            world.untold += [order_id, who] if order.owner is None else [order.owner, who]
            order.owner = who
        case "merge" if {who, what} <= world.customers.keys() and who != what:
            for each in world.orders.values():
                each.owner = who if each.owner == what else each.owner
            del world.customers[what]
            world.untold += [what, who]
        case "erase" if who in world.customers:
            del world.customers[who]
            for each in world.orders.values():
                if each.owner == who:
                    each.owner = None
                    world.untold.append(each.id)
            world.untold.append(who)
        case "label" if who in world.customers:
            world.customers[who] = (world.customers[who][0], LABELS[step % 3 :])
            world.untold.append(who)
        case "tell" if world.untold:
            world.tell(world.untold[step % len(world.untold)])  # late, repeated, in any order
        case "zone" if step % 8 == 0:
            world.rebuild(ZONES[what % len(ZONES)])
        case _:
            pass


def brute_force(world: World, period: Period) -> dict[str, Any]:
    """The figures of a period by their definitions, from the orders themselves."""
    zone = ZoneInfo(world.zone)
    counted = sorted((o for o in world.orders.values() if o.counts), key=lambda o: (o.placed_at, o.id))
    day = {order.id: order.placed_at.astimezone(zone).date() for order in counted}
    of_customer: dict[int, list[PlacedOrder]] = defaultdict(list)
    for order in counted:
        if order.owner is not None:
            of_customer[order.owner].append(order)
    inside = [order for order in counted if period.start <= day[order.id] < period.end]
    mine = [order for order in inside if order.owner is not None]
    new = [order for order in mine if order.owner is not None and of_customer[order.owner][0] is order]
    returning = [order for order in mine if order not in new]
    until = {who: [o for o in own if day[o.id] < period.end] for who, own in of_customer.items()}
    money: Counter[str] = Counter()
    first_money: Counter[str] = Counter()
    for order in mine:
        for line, amount in order.lines:
            money[line] += amount  # type: ignore[assignment]
            first_money[line] += amount if order in new else Decimal(0)  # type: ignore[assignment]
    return {
        "customers": sum(at.astimezone(zone).date() < period.end for at, _ in world.customers.values()),
        "created": sum(period.start <= at.astimezone(zone).date() < period.end for at, _ in world.customers.values()),
        "orders": len(mine),
        "alone": len(inside) - len(mine),
        "new": len(new),
        "active": len({order.owner for order in mine}),
        "returning": len({order.owner for order in returning}),
        "with_orders": sum(bool(own) for own in until.values()),
        "repeaters": sum(len(own) > 1 for own in until.values()),
        "money": {line: amount for line, amount in money.items() if amount},
        "first": {line: amount for line, amount in first_money.items() if amount},
    }


def by_counters(world: World, period: Period) -> dict[str, Any]:
    ledger = world.ledger()
    sums, until = report_counters.total(ledger, period), report_counters.as_of(ledger, period.end)
    return {
        "customers": until["created"],
        "created": sums.get("created", 0),
        "orders": sums.get("orders", 0),
        "alone": sums.get("alone", 0),
        "new": sums.get("n1", 0),
        "active": sums.get("active", 0),
        "returning": sums.get("active", 0) - sums["once"],
        "with_orders": until["n1"],
        "repeaters": until["n2"],
        "money": {line: amount for line, amount in report_counters.lines(sums, "money").items() if amount},
        "first": {line: amount for line, amount in report_counters.lines(sums, "first").items() if amount},
    }


def cohorts_by_force(world: World) -> dict[tuple[str, int], tuple[int, dict[str, Any]]]:
    zone = ZoneInfo(world.zone)
    cells: dict[tuple[str, int], tuple[set[int], Counter[str]]] = {}
    for who in world.customers:
        own = sorted((o for o in world.orders.values() if o.counts and o.owner == who), key=lambda o: o.placed_at)
        months = [order.placed_at.astimezone(zone).date().replace(day=1) for order in own]
        for order, month in zip(own, months, strict=True):
            distance = (month.year - months[0].year) * 12 + month.month - months[0].month
            people, money = cells.setdefault((f"{month:%Y-%m}", distance), (set(), Counter()))
            people.add(who)
            for line, amount in order.lines:
                money[line] += amount  # type: ignore[assignment]
    return {key: (len(people), {k: v for k, v in money.items() if v}) for key, (people, money) in cells.items()}


def cohorts_by_counters(world: World) -> dict[tuple[str, int], tuple[int, dict[str, Any]]]:
    cells = {}
    for sk, names in world.counters.items():
        if sk.startswith("COHORTS#"):
            for name, number in names.items():
                if number and ":" not in name:
                    money = {n.partition(":")[2]: v for n, v in names.items() if n.startswith(f"{name}:") and v}
                    cells[sk.removeprefix("COHORTS#"), int(name[1:])] = int(number), money
    return cells


KINDS = ("create", "create", "place", "place", "place", "place", "pay", "cancel", "change", "move", "merge", "erase",
         "label", "tell", "tell", "zone")  # fmt: skip
ACTIONS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.integers(0, 19), st.integers(0, 63)), max_size=60
)


@pytest.mark.parametrize("max_items", [12, 90])
def test_counters_and_brute_force_agree_after_any_history(max_items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_updates, "MAX_ITEMS", max_items)

    @settings(max_examples=HISTORIES, deadline=None)
    @given(ACTIONS, st.integers(0, 75), st.integers(1, 62), st.integers(1, 6))
    def check(actions: list[tuple[str, int, int, int]], start: int, days: int, months: int) -> None:
        world = World()
        for action in actions:
            act(world, *action)
        for source in world.untold:
            world.tell(source)
        first = date(2025, 10, 18) + timedelta(days=start)
        month = date(2025, 10, 1)
        last = date(2025 + (9 + months) // 12, (9 + months) % 12 + 1, 1)
        for period in (Period(first, first + timedelta(days=days)), Period(month, last)):
            assert by_counters(world, period) == brute_force(world, period), period
        assert cohorts_by_counters(world) == cohorts_by_force(world)
        today = {name: number for name, number in world.counters["TODAY"].items() if number and name != "customers"}
        assert today == Counter(label for _, labels in world.customers.values() for label in labels)

    check()
