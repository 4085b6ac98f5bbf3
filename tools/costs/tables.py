"""The table of costs, as README.md shows it."""

import re

from tools.costs import bills, measurements
from tools.costs.bills import MILLION, Bill

README = measurements.PROJECT / "README.md"
_HEAD = "| What | Made of | US$ |\n|---|---|---|\n"
_SECTION = re.compile(r"(\n## What it costs\n.*?\n\n)(\|.*?\n)(?=\n)", re.DOTALL)


def main_table() -> str:
    """Return the table of what things cost, with the services that make it."""
    rows = [
        ("A million calls of a signed-in shopper", bills.times(bills.api_call("session check"), MILLION)),
        ("A million reads of a customer by the merchant API", bills.times(bills.api_call("read"), MILLION)),
        ("A million new customers by the API, with their events", bills.times(bills.created_customer(), MILLION)),
        ("A million new rows of an import, with their events", bills.times(bills.imported_row(), MILLION)),
        ("A thousand mails", bills.times(bills.mail(), 1000)),
        ("A thousand sign-ins by mail", bills.times(bills.sign_in(high=True), 1000)),
    ]
    in_reports = bills.times(bills.report_message("reports count a repeat order"), MILLION)
    ranges = [
        (
            "A million first orders that create the account, with their events",
            *_both("a first order, creating the account", "first order"),
        ),
        ("A million repeat orders, with their events", *_both("a repeat order", "second order")),
        (_month(), bills.month(high=False), bills.month(high=True)),
    ]
    last = [("Standing still, a month", bills.standing_still())]
    lines = [_line(what, bill, bill) for what, bill in rows]
    lines += [_line(what, low, high) for what, low, high in ranges[:2]]
    lines += [_line("The same million in the reports, besides", in_reports, in_reports)]
    lines += [_line(what, low, high) for what, low, high in ranges[2:]]
    lines += [_line(what, bill, bill) for what, bill in last]
    return _HEAD + "".join(lines)


def with_table(text: str) -> str:
    """Return the README with the current table."""
    return _SECTION.sub(lambda match: match[1] + main_table(), text)


def _both(what: str, benchmark: str) -> tuple[Bill, Bill]:
    low, high = (bills.times(bills.order_version(what, benchmark, high=each), MILLION) for each in (False, True))
    return low, high


def _month() -> str:
    active = measurements.sizes()["month"]
    return (
        f"A month of {active['customers']:,.0f} active customers, each with {active['sign_ins']:.0f} sign-ins by mail, "
        f"{active['calls']:.0f} calls and {active['orders']} orders of {active['versions']:.0f} versions"
    )


def _line(what: str, low: Bill, high: Bill) -> str:
    services = ", ".join(f"{name} {_usd(high[name])}" for name, _ in high.most_common() if high[name] >= 0.005)
    total = _usd(high.total()) if low == high else f"{_usd(low.total())} to {_usd(high.total())}"
    return f"| {what} | {services} | {total} |\n"


def _usd(amount: float) -> str:
    return f"{amount:.2f}"
