"""Circuit breakers: a service that fails repeatedly is not called for a while, then tried once.

The state is an item of the table, not of the process: Lambda's processes are short-lived, and each
would have to detect an outage again. At the end of each cool-down an open circuit lets one caller
through: the first that moves the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.table import keys, records
from clientela.table.records import Record

FAILURES = 5  # in a row: a single slow answer is not an outage
COOL_DOWN = timedelta(minutes=1)
RETENTION = timedelta(days=1)


class CircuitOpenError(Exception):
    """The circuit of the service is open, so the service was not called."""


class CircuitRecord(Record):
    """`CIRCUIT#vies#DE` / `STATE`: failures since the last success; no record means no failure."""

    failures = NumberAttribute()
    next_try_at = UnicodeAttribute()  # used from FAILURES failures on
    ttl = NumberAttribute()


@contextmanager
def guarded(name: str, now: datetime, *failures: type[Exception]) -> Iterator[None]:
    """Run the body if the circuit is closed, and count the `failures` that it raises.

    Raises:
        CircuitOpenError: the circuit is open; the body did not run.

    Cost: 1 read unit; 1 write unit for each failure, and for the success that ends them.
    """
    circuit = CircuitRecord.find(keys.circuit(name), keys.STATE)
    if circuit and circuit.failures >= FAILURES:
        _claim_probe(circuit, now)
    try:
        yield
    except failures:
        _count_failure(name, now)
        raise
    if circuit:
        records.delete(circuit)


def _claim_probe(circuit: CircuitRecord, now: datetime) -> None:
    """Raise CircuitOpenError unless this caller is the first after the cool-down."""
    if circuit.next_try_at > clock.format_timestamp(now):
        raise CircuitOpenError
    is_unclaimed = CircuitRecord.next_try_at == circuit.next_try_at
    next_try = CircuitRecord.next_try_at.set(clock.format_timestamp(now + COOL_DOWN))
    records.update(circuit, [next_try], is_unclaimed, CircuitOpenError())


def _count_failure(name: str, now: datetime) -> None:
    records.update(
        CircuitRecord(keys.circuit(name), keys.STATE),
        [
            CircuitRecord.failures.add(1),
            CircuitRecord.next_try_at.set(clock.format_timestamp(now + COOL_DOWN)),
            CircuitRecord.ttl.set(int((now + RETENTION).timestamp())),
        ],
    )
