"""`python -m benchmarks [case …]`: measure on DynamoDB Local and print the table."""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import boto3
from local.dynamodb_local import dynamodb_local
from tests.support.schema import create_table

from benchmarks import entry_sizes
from benchmarks.environment import ENVIRONMENT, TABLE, prepare
from benchmarks.measure import ROUNDS, Case, Result, measure
from benchmarks.queue_stub import queue_stub
from benchmarks.sample_store import CUSTOMERS, create_store, fill
from clientela.sign_in import sign_in_limits
from clientela.stores.stores import Store
from clientela.table.rate_limits import Rule

FUNCTIONS = Path(__file__).parents[1] / "functions"


def main() -> None:
    """Start DynamoDB Local, fill a store, and measure the chosen cases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="starts of case names; default: all cases")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"measured blocks per case (default {ROUNDS})")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"in the store (default {CUSTOMERS})")
    arguments = parser.parse_args()
    sys.path.insert(0, str(FUNCTIONS))  # as in Lambda, where the handlers are at the root
    setattr(sign_in_limits, "LINKS_OF_STORE", Rule(10**9, 600))  # noqa: B010 - no limit on sign-in links
    prepare()
    with dynamodb_local() as endpoint, queue_stub() as queue_endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint, AWS_ENDPOINT_URL_SQS=queue_endpoint)
        create_table(boto3.client("dynamodb"), TABLE, with_stream=False)
        run(tuple(arguments.names), arguments.rounds, arguments.customers)


def run(names: tuple[str, ...], rounds: int, customers: int) -> None:
    """Fill a store and print a line for each case.

    Times and ratios above their limit are marked. Units above their limit end the program with an
    error.
    """
    from benchmarks import cases, sign_in_cases  # these import the handlers, which are on the path now

    print(f"CPU of this process, Python {platform.python_version()}, {os.cpu_count()} cores of {platform.machine()}\n")
    print(_line("", "ms", "limit", "baseline ms", "ratio", "calls", "RU", "WU", "WU low"))
    all_cases = sign_in_cases.all_cases()
    if not names or any(not _has_match(all_cases, name) for name in names):
        all_cases += cases.all_cases(*_fill_store(customers))
    chosen = [case for case in all_cases if not names or case.name.startswith(names)]
    too_expensive = [
        result.case.name for case in chosen if (result := _print_result(measure(case, rounds))).is_too_expensive
    ]
    if too_expensive:
        sys.exit(f"more units than allowed: {', '.join(too_expensive)}")


def _has_match(cases: list[Case], name: str) -> bool:
    return any(case.name.startswith(name) for case in cases)


def _fill_store(customers: int) -> tuple[Store, list[str]]:
    started = time.monotonic()
    store = create_store()
    customer_ids = fill(store, customers)
    print(f"{len(customer_ids):,} customers written in {time.monotonic() - started:.0f} s", file=sys.stderr)
    for name, size in entry_sizes.sample_sizes(store).items():
        print(f"{name:22}{size:7.0f} bytes", file=sys.stderr)
    return store, customer_ids


def _print_result(result: Result) -> Result:
    case, traffic = result.case, result.traffic
    limit = "" if case.max_ms is None else f"{case.max_ms:.1f}{'!' if result.ours_ms > case.max_ms else ''}"
    ratio_mark = "!" if case.max_ratio is not None and result.ratio > case.max_ratio else ""
    units = (traffic.read_units, traffic.write_units, traffic.write_units_low)
    figures = (
        f"{result.ours_ms:.2f}",
        limit,
        f"{result.baseline_ms:.2f}",
        f"{result.ratio:.2f}{ratio_mark}",
        *(f"{value / case.rows:g}" for value in (len(traffic.requests), *units)),
    )
    print(_line(case.name, *figures), flush=True)
    return result


def _line(name: str, *figures: str) -> str:
    return f"{name:22}" + "".join(f"{figure:>13}" for figure in figures)


if __name__ == "__main__":
    main()
