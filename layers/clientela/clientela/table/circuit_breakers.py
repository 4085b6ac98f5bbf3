"""Circuit breakers for outside services: what fails again and again is left alone for a while, then tried once.

The state is one item of the table, not the process's: Lambda's processes come and go, and each would have to learn of an
outage anew. An open circuit lets one caller through at the end of each cool-down, whoever moves its end first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.table import keys, records
from clientela.table.records import Record

FAILURES = 5  # one after the other: a single slow answer is no outage
COOL_DOWN = timedelta(minutes=1)
RETENTION = timedelta(days=1)


class CircuitOpenError(Exception):
    """The service is being left alone: not asked."""


class CircuitRecord(Record):
    """`CIRCUIT#vies#DE` / `STATE`: failures since the last success; there is none while all is well."""

    failures = NumberAttribute()
    next_try_at = UnicodeAttribute()  # heeded once there are enough failures
    ttl = NumberAttribute()


@contextmanager
def guarded(name: str, now: datetime, *failures: type[Exception]) -> Iterator[None]:
    """Count the `failures` that the body raises; OpenError, without running it, while the circuit is open.

    1 read unit while all is well; 1 write unit for each failure, and for the success that ends them.
    """
    before = CircuitRecord.find(keys.circuit(name), keys.STATE)
    if before and before.failures >= FAILURES:
        _claim_probe(before, now)
    try:
        yield
    except failures:
        _count_failure(name, now)
        raise
    if before:
        records.delete(before)


def _claim_probe(record: CircuitRecord, now: datetime) -> None:
    """Be the one caller that finds out whether the service is back."""
    if record.next_try_at > clock.format_timestamp(now):
        raise CircuitOpenError
    unmoved = CircuitRecord.next_try_at == record.next_try_at
    records.update(
        record, [CircuitRecord.next_try_at.set(clock.format_timestamp(now + COOL_DOWN))], unmoved, CircuitOpenError()
    )


def _count_failure(name: str, now: datetime) -> None:
    records.update(
        CircuitRecord(keys.circuit(name), keys.STATE),
        [
            CircuitRecord.failures.add(1),
            CircuitRecord.next_try_at.set(clock.format_timestamp(now + COOL_DOWN)),
            CircuitRecord.ttl.set(int((now + RETENTION).timestamp())),
        ],
    )
