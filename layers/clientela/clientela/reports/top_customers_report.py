"""The best customers by spend, orders or average, ever or of a period, also of one group.

Names and addresses are those of the customers now: whoever was erased is in no list.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import batched
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from clientela.customers import customer_search, group_filter, stored_customers
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.stored_customers import CustomerJson
from clientela.reports import report_generations, report_models, report_periods, report_states
from clientela.reports.report_generations import Generation
from clientela.reports.report_models import Report, ReportParameters, ReportPeriod, Sum
from clientela.reports.report_periods import Period
from clientela.reports.report_updates import COUNTER_SHARDS
from clientela.schema import currencies
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.schema.fields import Name
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, report_keys

LEAST_ORDERS = 3  # of an average: a single large order is none
type Rank = Literal["spend", "orders", "average"]


class TopParameters(ReportParameters):
    """The order of the list, its period and its customers; without a period: ever."""

    rank: Rank = "spend"
    """What the best customers have most of. An average takes three orders. Example: spend"""
    group: Name | None = None
    """Only customers of this group, by id or code. Example: retail"""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    """The number of customers. Example: 10"""


class TopCustomer(Model):
    """A customer in the list."""

    rank: int
    """The place in the list. Example: 1"""
    customer_id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    name: str | None
    """The full name. Example: Helena Holý"""
    email: str
    """The e-mail. Example: hholy@gmail.com"""
    orders: int
    """The counted orders, in all currencies. Example: 7"""
    amount: Sum
    """The amount of those in the currency of the report."""
    average: Sum | None
    """The average of those in the currency of the report."""


class TopReport(Report):
    """The best customers."""

    period: ReportPeriod | None
    """The period; null for ever. Example: null"""
    complete: bool
    """Whether the period is over; false for ever. Example: false"""
    rank: Rank
    """The order of the list."""
    currency: Currency
    """The currency of the amounts."""
    customers: list[TopCustomer]
    """The customers, the best one first."""


class _Spender(NamedTuple):
    customer_id: str
    orders: int  # in all currencies
    amount: Decimal
    counted: int  # orders in the currency

    def value(self, rank: Rank) -> Decimal:
        """Return what the customer is ranked by, -1 for one who is not in the list."""
        if rank == "orders":
            return Decimal(self.orders)
        if rank == "average":
            return self.amount / self.counted if self.counted >= LEAST_ORDERS else Decimal(-1)
        return self.amount or Decimal(-1)


def compute(store: Store, parameters: TopParameters, now: datetime) -> TopReport:
    """Return the best customers.

    Raises:
        InvalidInputError: the period or the group is invalid.
        ReportsNotReadyError: the reports are built for the first time.

    Cost: ever by spend in the store's currency, or by orders: as a page of customers. Else ever:
    half a read unit per 4 KB of the index by orders. Of a period: half a read unit per 4 KB of what
    customers ordered in its months, some 150 bytes each. And half a unit for each customer listed.
    """
    generation, currency = report_generations.current(store.id), parameters.currency or store.currency
    filter_ = group_filter.resolve(store, CustomerFilter(group=parameters.group))
    is_ever = parameters.start is None and parameters.end is None
    today = report_periods.today_in(generation.timezone, now)
    if is_ever:
        period, customers = None, _ever(store, parameters, currency, filter_)
    else:
        period, _ = report_models.period_of(parameters, generation, now)
        customers = _of_period(store, generation, parameters, (period, currency), filter_)
    end = period.end if period else report_periods.day_after(today)
    return TopReport(
        **report_models.head(generation, now, end, "counted_order", "top_customers", "average", "money"),
        period=report_models.reported_period(period) if period else None,
        complete=report_models.is_complete(end, generation, now),
        rank=parameters.rank,
        currency=currency,
        customers=[_listed(place, *found, currency) for place, found in enumerate(customers, 1)],
    )


type _Found = tuple[CustomerJson, _Spender]


def _ever(store: Store, parameters: TopParameters, currency: str, filter_: CustomerFilter) -> list[_Found]:
    rank = parameters.rank
    if rank == "orders" or (rank == "spend" and currency == store.currency):
        sort: Any = "-orders" if rank == "orders" else "-spent"
        page = customer_search.page(store, sort=sort, filter_=filter_, limit=parameters.limit)
        customers: Iterable[CustomerJson] = page.items
    else:
        least = LEAST_ORDERS if rank == "average" else 1
        wanted = filter_.model_copy(update={"min_orders": least})
        customers = map(stored_customers.load_raw, customer_search.all_profiles(store, wanted))
    found = ((customer, _spender_of(customer, currency)) for customer in customers if customer.get("orders_count"))
    ranked = (each for each in found if each[1].value(rank) >= 0)
    return heapq.nlargest(parameters.limit, ranked, key=lambda each: _order(each[1], rank))


def _spender_of(customer: CustomerJson, currency: str) -> _Spender:
    spent = next((spend for spend in customer.get("total_spent", []) if spend["currency"] == currency), None)
    amount, counted = (Decimal(spent["amount"]), int(spent["orders"])) if spent else (Decimal(0), 0)
    return _Spender(customer["id"], int(customer["orders_count"]), amount, counted)


def _of_period(
    store: Store,
    generation: Generation,
    parameters: TopParameters,
    place: tuple[Period, str],
    filter_: CustomerFilter,
) -> list[_Found]:
    rank, found = parameters.rank, list[_Found]()
    ranked = [each for each in _spenders(store, generation, *place) if each.value(rank) >= 0]
    best = _best_first(ranked, parameters)
    for block in batched(best, dynamodb.BATCH_READ, strict=False):
        profiles = dynamodb.get_many([(keys.customer(store.id, each.customer_id), keys.PROFILE) for each in block])
        customers = {each["id"]: each for each in map(stored_customers.load_raw, profiles)}
        for spender in block:
            customer = customers.get(spender.customer_id)
            if customer and (filter_.group is None or filter_.group in customer.get("groups", [])):
                found.append((customer, spender))
        if len(found) >= parameters.limit:
            break
    return found[: parameters.limit]


def _best_first(ranked: list[_Spender], parameters: TopParameters) -> Iterator[_Spender]:
    """Yield the best ones, more than are wanted: some may be gone or in no such group."""
    if parameters.group is None:
        yield from heapq.nlargest(2 * parameters.limit, ranked, key=lambda each: _order(each, parameters.rank))
    else:
        yield from sorted(ranked, key=lambda each: _order(each, parameters.rank), reverse=True)


def _spenders(store: Store, generation: Generation, period: Period, currency: str) -> Iterator[_Spender]:
    """Yield what each customer ordered in a period."""
    sums: dict[str, tuple[int, Decimal, int]] = defaultdict(lambda: (0, Decimal(0), 0))
    for month in report_periods.months(report_periods.with_whole_months(period)):
        days = _days_of_month(period, month)
        for shard in range(COUNTER_SHARDS):
            pk = report_keys.buyers(store.id, generation.number, f"{month:%Y-%m}", shard)
            for item in dynamodb.query_partition(pk, "sk, totals"):
                customer_id = item["sk"]["S"]
                sums[customer_id] = _added(sums[customer_id], json.loads(item["totals"]["S"]), days, currency)
    return (_Spender(customer_id, *numbers) for customer_id, numbers in sums.items() if numbers[0])


def _days_of_month(period: Period, month: date) -> range:
    """Return the days of a month that are in a period."""
    last = report_periods.month_end(month) - timedelta(days=1)
    return range(max(period.start, month).day, min(period.end - timedelta(days=1), last).day + 1)


def _added(
    sums: tuple[int, Decimal, int], totals: list[list[Any]], days: range, currency: str
) -> tuple[int, Decimal, int]:
    orders, amount, counted = sums
    for day, line, number, text in totals:
        if day in days and report_states.is_own(line):
            orders += number
            if line == currency:
                amount, counted = amount + Decimal(text), counted + number
    return orders, amount, counted


def _order(spender: _Spender, rank: Rank) -> tuple[Decimal, str]:
    """Return the sort key: of equal customers the newest one is the better one, as in lists."""
    return spender.value(rank), spender.customer_id


def _listed(place: int, customer: CustomerJson, spender: _Spender, currency: str) -> TopCustomer:
    return TopCustomer(
        rank=place,
        customer_id=spender.customer_id,
        name=customer.get("name"),
        email=customer["email"],
        orders=spender.orders,
        amount=currencies.format_amount(spender.amount, currency),
        average=report_models.average(spender.amount, spender.counted, currency),
    )
