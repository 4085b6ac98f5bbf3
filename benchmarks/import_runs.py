"""Whole imports of a file with name, e-mail, phone and country: `python -m benchmarks.import_runs`.

Receive, every chunk and finish run in this process, which is measured. DynamoDB Local and a
stand-in for S3 are others. The file is imported three times: with new rows, unchanged, and changed.
With `--django` and a Python that has Django, Django imports the same files (`django_import`).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
from local.dynamodb_local import dynamodb_local
from tests.support.schema import create_table

from benchmarks.bucket_stub import bucket_stub
from clientela import clock, signing
from clientela.aws import clients
from clientela.stores import stores
from clientela.stores.stores import StoreSettings
from clientela.table import dynamodb

FUNCTIONS = Path(__file__).parents[1] / "functions"
BUCKET = "imports"
DOMAINS = ("gmail.com", "hotmail.es", "web.de", "example.com", "libero.it")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": "benchmarks",
    "IMPORTS_BUCKET": BUCKET,
    "IMPORT_JOBS_BUCKET": "jobs",
    "IMPORT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:1:stateMachine:import",
    "IMPORT_CONCURRENCY": "3",
    "IMPORT_WRITE_UNITS_PER_SECOND": "0",
    "MAX_IMPORT_MEGABYTES": "100000",
    "POWERTOOLS_SERVICE_NAME": "benchmarks",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "benchmarks",
    "SIGNING_SECRET_ARN": "benchmarks",
    "ERASURE_SECRET_ARN": "benchmarks",
}


class StateMachines:
    """Remembers the executions that are started."""

    class exceptions:  # noqa: N801 - botocore's name
        class ExecutionAlreadyExists(Exception): ...  # noqa: N818 - botocore's name

        class ExecutionDoesNotExist(Exception): ...  # noqa: N818 - botocore's name

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803, A002
        self.started.append(json.loads(input))


def rows(count: int, suffix: str = "", *, are_invalid: bool = False) -> Iterator[str]:
    """Yield the lines of a file."""
    yield "name,email,phone,country\n"
    for number in range(count):
        email = f"person{number}" if are_invalid else f"person{number}@{DOMAINS[number % len(DOMAINS)]}"
        yield f"Ana Pérez {number}{suffix},{email},+3491{number % 10_000_000:07d},ES\n"


def main() -> None:
    """Import the file in each state of the table, and print a line for each import."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_runs", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rejected", action="store_true", help="only one import, whose rows are all rejected")
    parser.add_argument("--django", type=Path, metavar="PYTHON", help="a Python with the packages of benchmarks.txt")
    arguments = parser.parse_args()
    sys.path.insert(0, str(FUNCTIONS))
    setattr(signing, "_read", lambda arn: (b"benchmarks" * 6,))  # noqa: B010 - not Secrets Manager
    setattr(signing, "_permanent_key", lambda arn: b"benchmarks" * 6)  # noqa: B010
    machines = StateMachines()
    clients.step_functions = lambda: machines  # type: ignore[assignment,return-value]
    with dynamodb_local() as endpoint, bucket_stub() as bucket_endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint, AWS_ENDPOINT_URL_S3=bucket_endpoint)
        create_table(boto3.client("dynamodb"), "benchmarks", with_stream=False)
        stores.create("shop", StoreSettings(name="Benchmark"), clock.now())
        print(f"{arguments.rows:,} rows; CPU of this process in microseconds a row, memory in MB")
        print("".join(f"{title:>13}" for title in ("", "receive", "load", "finish", "all", "requests", "peak")))
        cases = {"rejected": ""} if arguments.rejected else {"new": "", "unchanged": "", "updated": " B"}
        for name, suffix in cases.items():
            lines = rows(arguments.rows, suffix, are_invalid=arguments.rejected)
            print(_line(name, *_measured(name, lines, machines, arguments.rows)), flush=True)
    if arguments.django:
        _import_by_django(arguments.django, arguments.rows)


def _import_by_django(python: Path, count: int) -> None:
    """Let Django import the same files in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"new": Path(folder) / "new.csv", "updated": Path(folder) / "updated.csv"}
        for name, file in files.items():
            file.write_text("".join(rows(count, " B" if name == "updated" else "")), "utf-8")
        print("\nDjango, import-export in bulk mode: the same, `database` is SQLite's part of `all`", flush=True)
        imports = [f"new={files['new']}", f"unchanged={files['new']}", f"updated={files['updated']}"]
        subprocess.run([python, Path(__file__).with_name("django_import.py"), *imports], check=True)


def _measured(name: str, lines: Iterator[str], machines: StateMachines, count: int) -> list[str]:
    import csv_import  # on the path now

    event = _dropped(f"{name}.csv", lines)
    with _counted_requests() as requests:
        spent = [_spent(lambda: csv_import.receive(event, None))]
        work = machines.started.pop()
        plan = json.loads(clients.s3().get_object(Bucket=work["bucket"], Key=work["plan_key"])["Body"].read())
        spent.append(_spent(lambda: [csv_import.load({**work, "chunk": chunk}, None) for chunk in plan]))
        finish = {key: work[key] for key in ("store_id", "job_id", "run") if key in work}
        spent.append(_spent(lambda: csv_import.finish(finish, None)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    figures = [seconds * 1e6 / count for seconds in (*spent, sum(spent))]
    return [*(f"{figure:.1f}" for figure in figures), f"{1000 * requests.total() / count:.1f}", f"{peak:.0f}"]


def _spent(call: Any) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


@contextmanager
def _counted_requests() -> Iterator[Counter[str]]:
    counted, send = Counter[str](), dynamodb.client.send

    def count(operation: str, body: bytes) -> Any:
        counted[operation] += 1
        return send(operation, body)

    dynamodb.client.send = count  # type: ignore[method-assign]
    yield counted
    dynamodb.client.send = send  # type: ignore[method-assign]


def _dropped(name: str, lines: Iterator[str]) -> dict[str, Any]:
    """Upload a file that was never in memory as a whole, because the peak is measured."""
    key = f"shop/{name}"
    with tempfile.TemporaryFile() as file:
        file.writelines(line.encode() for line in lines)
        size = file.tell()
        file.seek(0)
        clients.s3().put_object(Bucket=BUCKET, Key=key, Body=file)
    stored = {"key": quote_plus(key), "sequencer": f"{time.time_ns():016X}", "size": size}
    return {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": stored}}]}


def _line(*cells: str) -> str:
    return "".join(f"{cell:>13}" for cell in cells)


if __name__ == "__main__":
    main()
