"""What happens, and what each service takes for it."""

from collections import Counter
from collections.abc import Mapping

from tools.costs import measurements
from tools.costs.measurements import Units

MILLION = 1_000_000
SECONDS_OF_MONTH = 30 * 24 * 3600
POLL_SECONDS = 20  # that a request for messages waits

type Bill = Counter[str]  # service → US$


def times(bill: Bill, number: float) -> Bill:
    """Return the bill of a number of the same thing."""
    return Counter({service: usd * number for service, usd in bill.items()})


def added(*bills: Bill) -> Bill:
    """Return the sum of bills."""
    total: Bill = Counter()
    for bill in bills:
        total.update(bill)
    return total


def api_call(what: str, write_units: float = 0) -> Bill:
    """Return the bill of one call of the API, by its row in benchmarks/README.md."""
    measured, logs = measurements.call(what), measurements.sizes()["logs"]
    return added(
        Counter({"HTTP API": _price("http_api_million_calls") / MILLION}),
        _invocation(measured.cpu_ms, measured.requests),
        _logs(logs["access_line"] + logs["invocation_lines"]),
        _units(measured.read_units, write_units),
    )


def order_version(what: str, benchmark: str, *, high: bool) -> Bill:
    """Return the bill of one version of an order: its message, its units, and its two events."""
    measured, batch = measurements.call(benchmark), measurements.sizes()["batches"]["orders"]
    return added(
        _message(batch, measured.cpu_ms, measured.requests),
        _of(measurements.units(what), high=high),
        events(2),
    )


def report_message(what: str) -> Bill:
    """Return the bill of one change that reports look at: its message and its units."""
    each, batch = measurements.sizes()["report"], measurements.sizes()["batches"]["reports"]
    return added(_message(batch, each["cpu_ms"], each["requests"]), _of(measurements.units(what), high=True))


def mail() -> Bill:
    """Return the bill of one mail with a link: queue, sender and SES."""
    sizes = measurements.sizes()
    each, function = sizes["mail"], sizes["function"]
    waits = each["requests"] + each["wait_ms"] / function["wait_ms"]
    return added(
        Counter({"SES": _price("ses_thousand_mails") / 1000}),
        _message(sizes["batches"]["mails"], each["cpu_ms"], waits),
        _of(measurements.units("the mail with it is sent"), high=True),
    )


def sign_in(*, high: bool) -> Bill:
    """Return the bill of one sign-in by mail: the request, the mail, the sign-in and its event."""
    asked, signed_in = measurements.units("a link is requested"), measurements.units("a customer signs in")
    return added(
        api_call("ask for a link", asked.high if high else asked.low),
        mail(),
        api_call("sign in", signed_in.high if high else signed_in.low),
        events(1),
    )


def events(number: int) -> Bill:
    """Return the bill of one change of a customer with so many events on the bus."""
    each, logs = measurements.sizes()["event"], measurements.sizes()["logs"]
    return added(
        Counter({"events": number * _price("eventbridge_million_events") / MILLION}),
        _invocation(each["cpu_ms"], 1 + each["write_units"]),
        _logs(logs["invocation_lines"] + logs["message_line"]),
        _units(0, each["write_units"]),
    )


def imported_row() -> Bill:
    """Return the bill of one new row of an import. Its events come in batches of a hundred."""
    sizes, row = measurements.sizes(), measurements.call("import, per row")
    chunk, batch = sizes["import"], 100
    milliseconds = row.cpu_ms + row.requests * sizes["function"]["wait_ms"]
    by_chunk = {
        "Step Functions": chunk["transitions_of_chunk"] * _price("step_functions_thousand_transitions") / 1000,
        "S3": chunk["puts_of_chunk"] * _price("s3_thousand_puts") / 1000,
    }
    return added(
        Counter({"Lambda": milliseconds / 1000 * chunk["gigabytes"] * _price("lambda_gigabyte_second")}),
        times(Counter(by_chunk), 1 / chunk["rows_of_chunk"]),
        _of(measurements.units("a new row of an import"), high=True),
        Counter({"events": _price("eventbridge_million_events") / MILLION}),
        times(_invocation(sizes["event"]["cpu_ms"] * batch, batch / 25), 2 / batch),
        _units(0, sizes["event"]["write_units"]),
    )


def created_customer() -> Bill:
    """Return the bill of one customer that the API creates, with its event and its follow-up."""
    follow_up = added(_invocation(1.0, 1), _logs(measurements.sizes()["logs"]["invocation_lines"]))
    return added(api_call("create", measurements.units("a customer is created").high), events(1), follow_up)


def month(*, high: bool) -> Bill:
    """Return the bill of a month of active customers, with mails and what stands still."""
    active = measurements.sizes()["month"]
    people, orders = active["customers"], active["customers"] * active["orders"]
    versions = added(
        order_version("a repeat order", "second order", high=high),
        order_version("a first order is paid later", "order paid", high=high),
        order_version("a parcel's status", "order shipped", high=high),
    )
    # A parcel's status does not concern reports, and an order that is not paid yet changes none.
    in_reports = added(report_message("reports look at a note"), report_message("reports count a repeat order"))
    return added(
        times(api_call("session check"), people * active["calls"]),
        times(sign_in(high=high), people * active["sign_ins"]),
        times(versions, orders * active["versions"] / 3),
        times(in_reports, orders),
        standing_still(),
    )


def standing_still() -> Bill:
    """Return the bill of a month without traffic: secrets, and Lambda's polls of the queues."""
    polls = measurements.pollers() * SECONDS_OF_MONTH / POLL_SECONDS
    paid = max(0, polls - _price("sqs_free_requests"))
    return Counter(
        {
            "secrets": measurements.secrets() * _price("secret_month"),
            "SQS": paid * _price("sqs_million_requests") / MILLION,
        }
    )


def _message(batch: float, cpu_ms: float, requests: float) -> Bill:
    """Return the bill of one message of a queue: sent, received and deleted, and worked on."""
    logs = measurements.sizes()["logs"]
    invocation = added(_invocation(0, 0), _logs(logs["invocation_lines"]))
    return added(
        Counter({"SQS": (1 + 2 / batch) * _price("sqs_million_requests") / MILLION}),
        times(invocation, 1 / batch),
        _time(cpu_ms, requests),
        _logs(logs["message_line"]),
    )


def _invocation(cpu_ms: float, requests: float) -> Bill:
    overhead = measurements.sizes()["function"]["overhead_ms"]
    return added(
        Counter({"Lambda": _price("lambda_million_calls") / MILLION}), _milliseconds(overhead), _time(cpu_ms, requests)
    )


def _time(cpu_ms: float, requests: float) -> Bill:
    function = measurements.sizes()["function"]
    return _milliseconds(cpu_ms / function["processors"] + requests * function["wait_ms"])


def _milliseconds(number: float) -> Bill:
    gigabyte_seconds = number / 1000 * measurements.sizes()["function"]["gigabytes"]
    return Counter({"Lambda": gigabyte_seconds * _price("lambda_gigabyte_second")})


def _logs(size: float) -> Bill:
    return Counter({"logs": size / 1e9 * _price("logs_gigabyte")})


def _units(read: float, write: float) -> Bill:
    usd = read * _price("dynamodb_million_read_units") + write * _price("dynamodb_million_write_units")
    return Counter({"DynamoDB": usd / MILLION})


def _of(units: Units, *, high: bool) -> Bill:
    return _units(units.read, units.high if high else units.low)


def _price(name: str) -> float:
    prices: Mapping[str, float] = measurements.prices()
    return prices[name]
