"""`clientela reports`: the six reports as tables and bars; rebuild, check."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import typer

from clientela import clock
from clientela.reports import (
    cohort_report,
    new_returning_report,
    repeat_report,
    report_check,
    report_csv,
    report_generations,
    report_rebuild,
    rfm_report,
    rfm_scores,
    summary_report,
    top_customers_report,
)
from clientela.reports.new_returning_report import NewReturningParameters
from clientela.reports.repeat_report import RepeatParameters
from clientela.reports.report_models import MoneyLine, Report, ReportParameters
from clientela.reports.report_periods import Interval
from clientela.reports.rfm_report import RfmParameters
from clientela.reports.rfm_scores import Window
from clientela.reports.summary_report import SummaryFigures, SummaryParameters
from clientela.reports.top_customers_report import Rank, TopParameters
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli.console import options, output
from clientela_cli.console.exit_codes import REJECTED, CommandError

app = typer.Typer(help="Reports of customers and orders.", no_args_is_help=True)

_BAR_WIDTH = 30
_PART_SECONDS = 270
_DAYS = ["%Y-%m-%d"]
From = Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="The first day.", show_default=False)]
To = Annotated[
    datetime | None, typer.Option("--to", formats=_DAYS, help="The day after the last one.", show_default=False)
]
Currency = Annotated[str | None, typer.Option(help="Amounts in this currency only, e.g. EUR.", show_default=False)]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV only.")]


@app.command()
def summary(
    context: typer.Context,
    store_id: options.Store,
    start: From = None,
    end: To = None,
    currency: Currency = None,
    json: options.Json = False,
    csv: Csv = False,
) -> None:
    """Show customers, orders and money of a period, beside the period before."""
    store = _store(context, store_id)
    parameters = SummaryParameters.model_validate(_period(start, end) | {"currency": currency, "compare": "previous"})
    report = summary_report.compute(store, parameters, clock.now())
    _print(report, json, csv, lambda: _show_summary(report))


@app.command("new-vs-returning")
def new_vs_returning(
    context: typer.Context,
    store_id: options.Store,
    start: From = None,
    end: To = None,
    interval: Annotated[Interval, typer.Option(help="day, week or month.")] = "month",
    currency: Currency = None,
    json: options.Json = False,
    csv: Csv = False,
) -> None:
    """Show new and returning customers and orders by day, week or month."""
    store = _store(context, store_id)
    fields = _period(start, end) | {"currency": currency, "interval": interval}
    report = new_returning_report.compute(store, NewReturningParameters.model_validate(fields), clock.now())
    most = max((row.orders or 0 for row in report.rows), default=0)
    rows = [
        (f"{row.start}", row.new_customers, row.returning_customers, row.new_orders, row.returning_orders,
         _money(row.money), _bar(row.orders, most))
        for row in report.rows
    ]  # fmt: skip
    columns = ["From", "New customers", "Returning", "New orders", "Returning orders", "Amount", ""]
    _print(report, json, csv, lambda: output.table(columns, rows))


@app.command()
def cohorts(
    context: typer.Context,
    store_id: options.Store,
    start: From = None,
    end: To = None,
    currency: Currency = None,
    json: options.Json = False,
    csv: Csv = False,
) -> None:
    """Show which share of the customers of each month came back in the months after."""
    store = _store(context, store_id)
    parameters = ReportParameters.model_validate(_period(start, end) | {"currency": currency})
    report = cohort_report.compute(store, parameters, clock.now())
    most = max((len(cohort.cells) for cohort in report.cohorts), default=0)
    rows = [
        [cohort.month, cohort.customers, *(_percent(cell.share if cell else None) for cell in cohort.cells)]
        for cohort in report.cohorts
    ]
    filled = [row + [""] * (most + 2 - len(row)) for row in rows]
    _print(report, json, csv, lambda: output.table(["Cohort", "Customers", *map(str, range(most))], filled))


@app.command()
def repeat(
    context: typer.Context, store_id: options.Store, end: To = None, json: options.Json = False, csv: Csv = False
) -> None:
    """Show how many orders customers have, and how long the second one took."""
    store = _store(context, store_id)
    report = repeat_report.compute(store, RepeatParameters.model_validate(_period(None, end)), clock.now())

    def show() -> None:
        output.details(
            customers_with_orders=report.customers_with_orders,
            repeat_customers=report.repeat_customers,
            repeat_rate=_percent(report.repeat_rate),
        )
        orders = [(f"{each.orders}{'+' * each.or_more}", each.customers) for each in report.orders_per_customer]
        output.table(["Orders of a customer", "Customers", ""], _with_bars(orders))
        waits = [(_days(each.from_days, each.to_days), each.customers) for each in report.time_to_second_order]
        output.table(["Days to the second order", "Customers", ""], _with_bars(waits))

    _print(report, json, csv, show)


@app.command("top-customers")
def top_customers(
    context: typer.Context,
    store_id: options.Store,
    rank: Annotated[Rank, typer.Option(help="spend, orders or average.")] = "spend",
    start: From = None,
    end: To = None,
    currency: Currency = None,
    group: Annotated[str | None, typer.Option(help="Only customers of this group.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many customers.")] = 10,
    json: options.Json = False,
    csv: Csv = False,
) -> None:
    """Show the best customers, ever or of a period."""
    store = _store(context, store_id)
    fields = _period(start, end) | {"currency": currency, "rank": rank, "group": group, "limit": limit}
    report = top_customers_report.compute(store, TopParameters.model_validate(fields), clock.now())
    rows = [
        (each.rank, each.email, each.name, each.orders, f"{each.amount} {report.currency}", each.average)
        for each in report.customers
    ]
    columns = ["Rank", "E-mail", "Name", "Orders", "Spent", "Average"]
    _print(report, json, csv, lambda: output.table(columns, rows))


@app.command()
def rfm(
    context: typer.Context,
    store_id: options.Store,
    window: Annotated[Window, typer.Option(help="year or ever.")] = "year",
    json: options.Json = False,
    csv: Csv = False,
) -> None:
    """Show the cut-offs of RFM scores and the sizes of the segments."""
    store = _store(context, store_id)
    report = rfm_report.compute(store, RfmParameters(window=window), clock.now())

    def show() -> None:
        cut_offs = [(name, *values) for name, values in report.cut_offs.model_dump(mode="json").items()]
        output.table(["Scores begin with", "2", "3", "4", "5"], cut_offs)
        output.table(["Segment", "Customers", ""], _with_bars(report.segments.items()))

    _print(report, json, csv, show)


@app.command()
def rebuild(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """Count all customers and orders anew, beside the reports in use, and compare the two.

    Orders may arrive meanwhile. It ends six minutes later, when the former counters are deleted.
    """
    store, now = _store(context, store_id), clock.now()
    generation, differences = report_generations.start(store, now), 0
    progress = _advance(store_id)
    while progress.wait is not None:
        differences += progress.differences
        time.sleep(progress.wait)
        progress = _advance(store_id)
    result = {"store": store.id, "generation": generation.number, "differences": differences}
    if json:
        output.json(cast("dict[str, Any]", result))
    else:
        output.details(**result)
    if differences:
        raise CommandError(f"{differences} counters differed from the former ones.", REJECTED)


@app.command()
def check(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """Check tonight's sample of customers, count wrong ones anew, and compute RFM's cut-offs."""
    store, now = _store(context, store_id), clock.now()
    found = report_check.check(store, now)
    rfm_scores.compute(store, now)
    if json:
        output.json(found._asdict())
    else:
        output.details(checked=found.checked, differing=found.differing)
    if found.differing:
        raise CommandError(f"{len(found.differing)} customers had been counted wrong.", REJECTED)


def _advance(store_id: str) -> report_rebuild.Progress:
    """Do a part of a rebuild that is as long as one of the function.

    The store is read for each part: its directory may grow meanwhile, and waits for those who know
    the old one for a quarter of an hour only.
    """
    end = time.monotonic() + _PART_SECONDS
    return report_rebuild.advance(stores.read(store_id), clock.now(), lambda: time.monotonic() > end)


def _store(context: typer.Context, store_id: str) -> Store:
    context.obj()
    return stores.read(store_id)


def _period(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Return the days that are given, by their names in the API."""
    return {name: day.date() for name, day in (("from", start), ("to", end)) if day}


def _print(report: Report, json: bool, csv: bool, show: Callable[[], None]) -> None:
    if json:
        output.json(report)
    elif csv:
        print(report_csv.write(report), end="")  # noqa: T201
    else:
        show()
        is_open = report.complete_until < report.as_of
        days = f"Days of {report.timezone}, complete until {report.complete_until:%Y-%m-%d %H:%M} UTC."
        output.say(days if is_open else f"Days of {report.timezone}.")


def _show_summary(report: summary_report.SummaryReport) -> None:
    now, before = report.current, report.previous
    names = [name for name in SummaryFigures.model_fields if name not in ("period", "money", "base")]
    rows = [(_label(name), _figure(now, name), _figure(before, name) if before else "") for name in names]
    rows.append(("Amount", _money(now.money), _money(before.money if before else None)))
    previous = f"{before.period.start} to {before.period.end}" if before else ""
    output.table(["", f"{now.period.start} to {now.period.end}", previous], rows)
    output.details(
        customers_today=report.today.customers,
        consenting=report.today.consenting,
        by_country=[f"{name} {number}" for name, number in report.today.by_country.items()],
        by_source=[f"{name} {number}" for name, number in report.today.by_source.items()],
    )


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _figure(figures: SummaryFigures, name: str) -> str:
    value = getattr(figures, name)
    return f"{value:,}" if isinstance(value, int) else _percent(value)


def _money(lines: list[MoneyLine] | None) -> str:
    return ", ".join(f"{line.amount} {line.currency}" for line in lines or [])


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share * 100:.1f} %"


def _days(first: int, last: int | None) -> str:
    return f"{first}+" if last is None else f"{first}" if first == last else f"{first}-{last}"


def _with_bars(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int, str]]:
    found = list(rows)
    most = max((number for _, number in found), default=0)
    return [(name, number, _bar(number, most)) for name, number in found]


def _bar(number: int | None, most: int) -> str:
    return "█" * round(_BAR_WIDTH * (number or 0) / most) if most else ""
