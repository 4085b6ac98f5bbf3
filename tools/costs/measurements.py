"""The inputs: list prices, sizes, units from docs/costs.md, CPU from benchmarks/README.md.

The units are held by tests/integration/test_documented_costs.py. The CPU is what the last
benchmark measured.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PROJECT = Path(__file__).parents[2]
_FOLDER = Path(__file__).parent


class Units(NamedTuple):
    """The units of DynamoDB that something takes; `low` counts index entries once."""

    read: float
    high: float
    low: float


class Call(NamedTuple):
    """A benchmarked call: CPU in milliseconds, requests to DynamoDB and SQS, and read units."""

    cpu_ms: float
    requests: float
    read_units: float


@cache
def prices() -> dict[str, float]:
    """Return the list prices."""
    return tomllib.loads((_FOLDER / "prices.toml").read_text("utf-8"))


@cache
def sizes() -> dict[str, dict[str, float]]:
    """Return what calls, messages and rows take."""
    return tomllib.loads((_FOLDER / "sizes.toml").read_text("utf-8"))


def units(what: str) -> Units:
    """Return the units of a row of docs/costs.md, "Writes"."""
    _, read, high, low, *_ = _row("docs/costs.md", what)
    return Units(float(read), float(high), float(low))


def call(what: str) -> Call:
    """Return a row of the results in benchmarks/README.md."""
    _, cpu_ms, _, _, _, requests, read_units, *_ = _row("benchmarks/README.md", what)
    return Call(float(cpu_ms), float(requests), float(read_units.rstrip("!")))


def pollers() -> int:
    """Return how many pollers of Lambda wait at the queues of an idle deployment.

    Lambda has five for a queue, or MaximumConcurrency if that is less. With a maximum it does not
    reduce them when the queue is empty.
    """
    text = (PROJECT / "template.yaml").read_text("utf-8")
    limits = re.findall(r"MaximumConcurrency: !Ref (\w+)", text)
    return sum(min(5, int(_default(text, name))) for name in limits)


def secrets() -> int:
    """Return the number of secrets."""
    return (PROJECT / "template.yaml").read_text("utf-8").count("Type: AWS::SecretsManager::Secret")


def _default(text: str, parameter: str) -> Any:
    section = re.search(rf"^  {parameter}:\n((?:    .*\n)+)", text, re.MULTILINE)
    if section is None:
        raise KeyError(f"template.yaml has no parameter {parameter}")
    return yaml.safe_load(section[1])["Default"]


def _row(file: str, what: str) -> list[str]:
    for line in (PROJECT / file).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == what:
            return cells
    raise KeyError(f"{file} has no row “{what}”")
