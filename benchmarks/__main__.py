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

from benchmarks.measure import ROUNDS, Case, Result, measured
from benchmarks.queue import queue
from benchmarks.shop import filled, opened
from clientela import signing
from clientela.customers import tombstones
from clientela.sign_in import sign_in_limits
from clientela.stores.stores import Store
from clientela.table.rate_limits import Rule

FUNCTIONS = Path(__file__).parents[1] / "functions"
TABLE = "benchmarks"
# Nobody's account, and no limit on the calls of a key.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "TABLE_NAME": TABLE, "POWERTOOLS_SERVICE_NAME": "benchmarks",
    "REQUESTS_PER_SECOND": "1000000", "SIGNING_SECRET_ARN": "benchmarks",
    "MAIL_QUEUE_URL": "http://127.0.0.1/123456789012/mail",
}  # fmt: skip


def main() -> None:
    """Start DynamoDB Local, fill a store, measure every case whose name begins like one of those asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of cases' names; all where none is given")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"blocks of each case (default {ROUNDS})")
    asked = parser.parse_args()
    sys.path.insert(0, str(FUNCTIONS))  # as in Lambda, where the functions are the root
    # The calls to Secrets Manager, one each.
    setattr(signing, "_read", lambda arn: (b"benchmarks" * 6,))  # noqa: B010
    setattr(tombstones, "_secret", lambda: b"benchmarks" * 6)  # noqa: B010
    setattr(sign_in_limits, "LINKS_OF_STORE", Rule(10**9, 600))  # noqa: B010 - a store where more ask than one lets in
    with dynamodb_local() as endpoint, queue() as queue_endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint, AWS_ENDPOINT_URL_SQS=queue_endpoint)
        create_table(boto3.client("dynamodb"), TABLE, with_stream=False)
        run(tuple(asked.names), asked.rounds)


def run(names: tuple[str, ...], rounds: int) -> None:
    """Fill a store and print a line for each case. Times that miss their target are marked, units that do end in an error."""
    from benchmarks import cases, sign_in_cases  # these are the functions: now that they can be found

    print(f"CPU of this process, Python {platform.python_version()}, {os.cpu_count()} cores of {platform.machine()}\n")
    print(_line("", "ms", "at most", "floor ms", "ratio", "calls", "RU", "WU"))
    found = sign_in_cases.every()
    if not names or any(not _begin(found, name) for name in names):
        found += cases.every(*_filled())
    chosen = [case for case in found if not names or case.name.startswith(names)]
    dear = [result.case.name for case in chosen if (result := _told(measured(case, rounds))).is_too_dear]
    if dear:
        sys.exit(f"more units than promised: {', '.join(dear)}")


def _begin(found: list[Case], name: str) -> bool:
    return any(case.name.startswith(name) for case in found)


def _filled() -> tuple[Store, list[str]]:
    started = time.monotonic()
    store = opened()
    customer_ids = filled(store)
    print(f"{len(customer_ids):,} customers put in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return store, customer_ids


def _told(result: Result) -> Result:
    case, traffic = result.case, result.traffic
    most = "" if case.most_ms is None else f"{case.most_ms:.1f}{'!' if result.ours_ms > case.most_ms else ''}"
    figures = (
        f"{result.ours_ms:.2f}",
        most,
        f"{result.floor_ms:.2f}",
        f"{result.ours_ms / result.floor_ms:.2f}",
        *(f"{value / case.rows:g}" for value in (len(traffic.requests), traffic.read_units, traffic.write_units)),
    )
    print(_line(case.name, *figures), flush=True)
    return result


def _line(name: str, *figures: str) -> str:
    return f"{name:22}" + "".join(f"{figure:>10}" for figure in figures)


if __name__ == "__main__":
    main()
