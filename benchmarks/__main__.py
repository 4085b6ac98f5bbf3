"""`python -m benchmarks [case …]`: measure on DynamoDB Local and print the table."""

import argparse
import os
import platform
import sys
import time

import boto3
from local.dynamodb_local import dynamodb_local
from tests.schema import create_table

TABLE = "benchmarks"
ROUNDS = 15
# Nobody's account, and a secret of no worth.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "TABLE_NAME": TABLE, "POWERTOOLS_SERVICE_NAME": "benchmarks",
    "REQUESTS_PER_SECOND": "1000000",  # a key's own limit is not what is measured
}  # fmt: skip


def main() -> None:
    """Start DynamoDB Local, fill a store, measure every case whose name begins like one of those asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of cases' names; all where none is given")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"blocks of each case (default {ROUNDS})")
    wanted = parser.parse_args()
    with dynamodb_local() as endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint)
        create_table(boto3.client("dynamodb"), TABLE)
        _run(tuple(wanted.names), wanted.rounds)


def _run(names: tuple[str, ...], rounds: int) -> None:
    # Imported here: what they use reads the environment set above.
    from benchmarks import cases, measure, shop
    from clientela import signing

    signing._secret = lambda: b"benchmarks" * 6  # the one call that is not DynamoDB's
    started = time.monotonic()
    store = shop.opened()
    customer_ids = shop.filled(store)
    print(f"{len(customer_ids)} customers put in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"CPU per call, Python {platform.python_version()}, {os.cpu_count()} cores of {platform.machine()}\n")
    print(_line("case", "ms", "at most", "floor", "ratio", "calls", "RU", "WU"))
    for case in cases.every(store, customer_ids):
        if not names or case.name.startswith(names):
            _print(measure.measured(case, rounds))


def _print(result) -> None:
    case, traffic = result.case, result.traffic
    print(
        _line(
            case.name, f"{result.ours_ms:.2f}", f"{case.most_ms or '':}", f"{result.floor_ms:.2f}",
            f"{result.ours_ms / result.floor_ms:.2f}", f"{len(traffic.requests) / case.rows:g}",
            f"{traffic.read_units / case.rows:g}", f"{traffic.write_units / case.rows:g}",
        ),
        flush=True,
    )  # fmt: skip


def _line(name: str, *figures: str) -> str:
    return f"{name:22}" + "".join(f"{figure:>9}" for figure in figures)


if __name__ == "__main__":
    main()
