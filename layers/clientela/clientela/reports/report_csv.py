"""Reports as CSV: one row for each row, cohort's month, class or customer of a report, and notes.

The amounts of a currency are columns of their own, such as `amount_EUR`. Cells that a spreadsheet
would run as a formula have an apostrophe in front.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from clientela.csv import csv_cells
from clientela.reports.cohort_report import CohortCell, CohortReport
from clientela.reports.new_returning_report import NewReturningReport
from clientela.reports.repeat_report import RepeatReport
from clientela.reports.report_models import Report
from clientela.reports.rfm_report import RfmCustomer, RfmReport, Score
from clientela.reports.summary_report import SummaryReport
from clientela.reports.top_customers_report import TopCustomer, TopReport
from clientela.schema.documents import Model

type Cells = dict[str, str]
_MONEY = ("money", "base")
_NOTED = ("as_of", "timezone", "complete_until", "period", "until", "window", "currency")
_SCORES = ("recency", "frequency", "monetary")
_COHORT_COLUMNS = ("cohort", "cohort_customers", *(name for name in CohortCell.model_fields if name != "money"))
_TOP_COLUMNS = (*TopCustomer.model_fields, "currency")
_RFM_COLUMNS = tuple(
    column
    for name in RfmCustomer.model_fields
    for column in ([f"{name}_{part}" for part in Score.model_fields] if name in _SCORES else [name])
)


def write(report: Report) -> str:
    """Return a report as CSV: a header, its rows, and notes, in UTF-8 and with commas.

    The notes are rows whose first cell begins with `#`: the time, the zone and the definitions.
    """
    fixed = (
        _COHORT_COLUMNS if isinstance(report, CohortReport) else _TOP_COLUMNS if isinstance(report, TopReport) else ()
    )
    head = _json(report)
    notes = [f"# {name}: {_note(head[name])}" for name in _NOTED if head.get(name) is not None]
    notes += [f"# {term}: {text}" for term, text in report.definitions.items()]
    return _write(fixed, [_flat(row) for row in rows_of(report)], notes)


def write_customers(customers: Iterable[RfmCustomer]) -> str:
    """Return a page of customers with their scores as CSV."""
    return _write(_RFM_COLUMNS, [_flat(_json(each)) for each in customers], [])


def _write(fixed: Sequence[str], rows: Sequence[Cells], notes: Sequence[str]) -> str:
    columns = list(dict.fromkeys([*fixed, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([csv_cells.escape(row.get(name, "")) for name in columns] for row in rows)
    writer.writerows([note, *[""] * (len(columns) - 1)] for note in notes)
    return text.getvalue()


def rows_of(report: Report) -> Sequence[dict[str, Any]]:
    """Return the rows of a report as JSON values."""
    match report:
        case SummaryReport():
            periods = (("current", report.current), ("previous", report.previous), ("today", report.today))
            return [{"of": name} | _json(each) for name, each in periods if each]
        case NewReturningReport():
            rows = [{"of": "row"} | _json(row) for row in report.rows]
            return [*rows, {"of": "total"} | _json(report.total)]
        case CohortReport():
            return list(_cohort_rows(report))
        case RepeatReport():
            orders = [{"of": "orders_per_customer"} | _json(each) for each in report.orders_per_customer]
            return orders + [{"of": "time_to_second_order"} | _json(each) for each in report.time_to_second_order]
        case TopReport():
            return [_json(each) | {"currency": report.currency} for each in report.customers]
        case RfmReport():
            return list(_rfm_rows(report))
    raise TypeError(type(report).__name__)


def _cohort_rows(report: CohortReport) -> Iterator[dict[str, Any]]:
    for cohort in report.cohorts:
        for cell in cohort.cells:
            if cell:
                money = {name: [each for each in cell.money if each.is_base == (name == "base")] for name in _MONEY}
                shown = _json(cell) | {name: [_json(each) for each in lines] for name, lines in money.items()}
                yield {"cohort": cohort.month, "cohort_customers": cohort.customers} | shown


def _rfm_rows(report: RfmReport) -> Iterator[dict[str, Any]]:
    for name, values in _json(report.cut_offs).items():
        for place, value in enumerate(values, 1):
            yield {"of": f"{name}_cut_off", "name": f"{place}", "value": value}
    for segment, customers in report.segments.items():
        yield {"of": "segment", "name": segment, "value": customers}


def _json(model: Model) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _note(value: Any) -> str:
    return f"{value['start']} to {value['end']}" if isinstance(value, dict) else _text(value)


def _flat(row: dict[str, Any]) -> Cells:
    cells: Cells = {}
    for name, value in row.items():
        if name in _MONEY:
            cells |= _money(value or [], "base_" if name == "base" else "")
        elif isinstance(value, dict):
            cells |= {f"{name}_{key}": _text(each) for key, each in value.items()}
        else:
            cells[name] = _text(value)
    return cells


def _money(lines: list[dict[str, Any]], prefix: str) -> Cells:
    return {
        f"{prefix}{name}_{line['currency']}": _text(value)
        for line in lines
        for name, value in line.items()
        if name not in ("currency", "is_base")
    }


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
