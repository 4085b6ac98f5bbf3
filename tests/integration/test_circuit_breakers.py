"""Circuit breakers under concurrency: only one caller tries the service again."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from clientela import clock
from clientela.stores.stores import Store
from clientela.table import circuit_breakers

NOW = clock.now()
THREADS = 16


class BrokenError(Exception):
    """The service failed."""


def failing(name: str, now: datetime, calls: list[str]) -> str:
    try:
        with circuit_breakers.guarded(name, now, BrokenError):
            calls.append(name)
            raise BrokenError
    except (BrokenError, circuit_breakers.CircuitOpenError) as error:
        return type(error).__name__


@pytest.fixture
def name(store: Store) -> str:
    return f"test#{uuid.uuid4().hex}"


def test_failures_that_come_together_are_all_counted(name: str) -> None:
    with ThreadPoolExecutor(circuit_breakers.FAILURES) as pool:
        list(pool.map(lambda _: failing(name, NOW, []), range(circuit_breakers.FAILURES)))
    assert failing(name, NOW, []) == "CircuitOpenError"


def test_exactly_one_of_many_tries_after_the_cool_down(name: str) -> None:
    calls: list[str] = []
    for _ in range(circuit_breakers.FAILURES):
        failing(name, NOW, calls)
    for cool_downs in range(1, 6):
        calls.clear()
        later = NOW + cool_downs * circuit_breakers.COOL_DOWN
        with ThreadPoolExecutor(THREADS) as pool:
            seen = list(pool.map(lambda _, at=later: failing(name, at, calls), range(THREADS)))
        assert len(calls) == 1
        assert sorted(seen) == ["BrokenError"] + ["CircuitOpenError"] * (THREADS - 1)
