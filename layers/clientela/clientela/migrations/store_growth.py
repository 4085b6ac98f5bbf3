"""Growing a store's directory: more buckets for its customers, while lists go on working.

1. Lists read the new buckets too, and wait until no process is left that reads the old ones only.
2. Changed customers are written to the new buckets.
3. All other customers are moved, by the migration that computes their index entries anew.
4. Lists stop expecting customers to move.

The store says which step is done, so a run that died is continued by the next one. Two runs at once
do no harm: neither takes the store back to an earlier step, and each waits for step 1 and 2.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from clientela.concurrency import retry_on_conflict
from clientela.errors import FieldError, InvalidInputError, VersionConflictError
from clientela.migrations import migration_runs
from clientela.migrations.migration_list import REINDEX_CUSTOMERS
from clientela.migrations.migration_runs import MigrationRun, ReadClock, Report, RunTakenOverError
from clientela.sentences import Sentence
from clientela.stores import stores
from clientela.stores.setting_groups import Directory
from clientela.stores.stores import Store

MAX_BUCKETS = 256
# Seconds until every process knows the new buckets: functions cache a store for half a minute, and
# use it until they end, after a quarter of an hour at most.
STORE_KNOWN_AFTER = stores.CACHED_SECONDS + 900


def grow(
    store_id: str,
    buckets: int,
    read_clock: ReadClock,
    rate: float = migration_runs.RATE,
    report: Report = lambda _run: None,
    wait: Callable[[float], None] = time.sleep,
) -> MigrationRun:
    """Spread a store's directory over more buckets, or continue doing so.

    `buckets` is the present number multiplied by a power of two. `wait` is called with the seconds
    to wait for processes that know the old number.

    Raises:
        InvalidInputError: `buckets` is not such a number, or the store grows to another one.
        StoreNotFoundError: there is no such store.
        RunTakenOverError: another process continued this run.

    Cost: as reindexing the store's customers; nearly all index entries move: 2 write units each.
    """
    store = stores.read(store_id)
    before = store.directory
    growing_from = before.growing_from or before.buckets
    _require_growth(before, growing_from, buckets)
    steps = [
        before,
        Directory(buckets=buckets, written_buckets=growing_from, growing_from=growing_from),
        Directory(buckets=buckets, written_buckets=buckets, growing_from=growing_from),
        Directory(buckets=buckets, written_buckets=buckets),
    ]
    if before != steps[2]:
        wait(_seconds_until_known(_reach(store_id, steps, 1, read_clock()), read_clock()))
        store = _reach(store_id, steps, 2, read_clock())
    wait(_seconds_until_known(store, read_clock()))
    run = migration_runs.run(REINDEX_CUSTOMERS, read_clock, store_id, rate, report)
    _reach(store_id, steps, 3, read_clock())
    return run


def _require_growth(before: Directory, growing_from: int, buckets: int) -> None:
    """Check the number: a customer must stay in its bucket or go to a new one."""
    is_other = before.growing_from is not None and before.buckets != buckets
    factor, remainder = divmod(buckets, growing_from)
    is_power = factor > 1 and factor.bit_count() == 1
    if is_other or remainder or not is_power or buckets > MAX_BUCKETS:
        numbers = [before.buckets] if is_other else [growing_from * 2**n for n in range(1, 8)]
        expected = tuple(number for number in numbers if number <= MAX_BUCKETS)
        sentence = Sentence("Use one of these values: {expected}.", expected=expected)
        raise InvalidInputError(fields=[FieldError("buckets", sentence)])


def _seconds_until_known(store: Store, now: datetime) -> float:
    """Return the seconds until every process knows the directory, by the store's latest change."""
    return max(0.0, STORE_KNOWN_AFTER - (now - store.updated_at).total_seconds())


def _reach(store_id: str, steps: Sequence[Directory], number: int, now: datetime) -> Store:
    """Take the store to that step, unless another run of the same growth has; return the store.

    Raises:
        RunTakenOverError: the directory grows to another size since the first step was read.
    """

    def attempt() -> Store:
        store = stores.read(store_id)
        if store.directory not in steps:
            raise RunTakenOverError
        if steps.index(store.directory) >= number:
            return store
        return stores.replace(store, store.model_copy(update={"directory": steps[number]}), now)

    return retry_on_conflict(attempt, (VersionConflictError,))
