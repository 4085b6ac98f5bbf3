"""Write the customers that a chunk of an import creates or changes.

New customers are inserted 25 at a time (customers/customer_inserts.py), changed ones are written in
transactions of many customers. What meets somebody else's work is read again and written alone. A
table or an index that throttles makes the chunk wait, not fail.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from clientela import clock
from clientela.concurrency import LONGEST_WAIT, Pace, back_off, retry_on_conflict, retry_while_busy
from clientela.customers import customer_input, customer_inserts, customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_inserts import FRESH_SECONDS
from clientela.errors import (
    BusyError,
    CustomerNotFoundError,
    EmailTakenError,
    ExternalIdTakenError,
    GroupUnknownError,
    InvalidInputError,
    VersionConflictError,
)
from clientela.imports import import_customers, import_journal
from clientela.imports.import_customers import ImportedCustomer, Rules
from clientela.stores import store_existence
from clientela.stores.store_existence import Watch
from clientela.stores.stores import Store
from clientela.table import inserts
from clientela.table.transactions import Transaction

WRITERS = 4  # concurrent requests of a chunk
PATIENCE_SECONDS = 120  # without one write: as long as a throttled or occupied customer is waited for
_MOST_BYTES = 20  # of a customer as JSON for each character of its rows: six for some, and a name is there twice
_INSERT_UNITS, _CHANGE_UNITS = 6, 18  # of a customer, for the limit of write units in a second
_CONFLICTS = (EmailTakenError, VersionConflictError, BusyError)


class _Context(NamedTuple):
    """What every write of a chunk needs."""

    store: Store
    rules: Rules
    read_clock: Callable[[], datetime]
    watch: Watch
    pace: Pace | None = None

    def wait(self, units: int) -> None:
        """Wait until the import may use so many write units more."""
        if self.pace:
            self.pace.wait(units)


def write(
    store: Store,
    imported: Sequence[ImportedCustomer],
    rules: Rules,
    read_clock: Callable[[], datetime],
    pace: Pace | None = None,
) -> list[ImportedCustomer]:
    """Write changed customers, and return all customers as they are stored.

    Raises:
        BusyError: one of the customers could not be written for PATIENCE_SECONDS.
        StoreNotFoundError: the store is deleted.
    """
    context = _Context(store, rules, read_clock, Watch(store.id, store_existence.WATCH_SECONDS), pace)
    unchanged = [each for each in imported if not each.is_changed]
    new, changed = list[ImportedCustomer](), list[ImportedCustomer]()
    for each in imported:
        if each.is_changed:
            (new if _is_plain(each) else changed).append(each)
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="import") as threads:
        inserted = threads.map(
            lambda batch: _insert(context, batch), itertools.batched(new, inserts.BATCH, strict=False)
        )
        replaced = threads.map(lambda batch: _commit(context, batch), _batches(context, changed))
        return [*unchanged, *itertools.chain.from_iterable([*inserted, *replaced])]


def _is_plain(imported: ImportedCustomer) -> bool:
    """Return whether the rows create a customer that can be inserted."""
    after = imported.after
    if imported.before is not None or after is None or after.external_ids:
        return False
    characters = sum(len(text) for row in imported.rows for text in row.values.values())
    return characters * _MOST_BYTES < customer_input.MAX_BYTES or customer_input.fits(after)


def _insert(context: _Context, batch: Sequence[ImportedCustomer]) -> list[ImportedCustomer]:
    """Insert new customers. Those that are not new by now, or half written, are written alone."""
    done: list[ImportedCustomer] = []
    pending, alone = list(batch), list[ImportedCustomer]()
    is_over = clock.deadline(PATIENCE_SECONDS)
    for attempt in itertools.count():
        context.wait(sum(map(_insert_units, pending)))
        pending = [_refreshed(context, each) for each in pending]
        done += [each for each in pending if not each.is_changed]  # not what the plan says any more
        pending = [each for each in pending if each.is_changed]
        try:
            context.watch.require()  # a deleted store's import stops here
            outcomes = customer_inserts.insert(
                context.store, [_after(each) for each in pending], welcome=context.rules.send_welcome
            )
        except GroupUnknownError:
            context = _with_groups_of_now(context)
            pending = [_applied(context, each) for each in pending]
            continue
        except BusyError:  # nothing is written yet
            outcomes = ["busy"] * len(pending)
        done += [each for each, outcome in zip(pending, outcomes, strict=True) if outcome == "inserted"]
        alone += [each for each, outcome in zip(pending, outcomes, strict=True) if outcome == "open"]
        pending = [each for each, outcome in zip(pending, outcomes, strict=True) if outcome == "busy"]
        if not pending:
            break
        if len(pending) < len(outcomes):
            is_over = clock.deadline(PATIENCE_SECONDS)
        elif is_over():
            raise BusyError
        back_off(attempt, limit=LONGEST_WAIT)
    return [*done, *(_write_one(context, each) for each in alone)]


def _insert_units(imported: ImportedCustomer) -> int:
    return _INSERT_UNITS + (_after(imported).marketing_consent is not None)


def _after(imported: ImportedCustomer) -> Customer:
    return cast("Customer", imported.after)


def _refreshed(context: _Context, imported: ImportedCustomer) -> ImportedCustomer:
    """Return a new customer whose times are those of its write, if they are too old."""
    age = context.read_clock() - _after(imported).updated_at
    if age <= timedelta(seconds=FRESH_SECONDS):
        return imported
    return _applied(context, imported)


def _applied(context: _Context, imported: ImportedCustomer) -> ImportedCustomer:
    return import_customers.apply_rows(imported.rows, None, context.rules, context.read_clock())


def _with_groups_of_now(context: _Context) -> _Context:
    """Return the context after a group was deleted since the groups were read."""
    return context._replace(rules=import_customers.reload_groups(context.store, context.rules))


class _Batch(NamedTuple):
    """Customers, and the transaction that writes them."""

    imported: list[ImportedCustomer]
    write: Transaction


def _batches(context: _Context, imported: Sequence[ImportedCustomer]) -> Iterator[_Batch]:
    """Yield as few transactions as possible."""
    now = context.read_clock()
    batch = _Batch([], Transaction())
    for each in imported:
        prepared, write = _prepare(context, each, now)
        if not batch.write.try_merge(write):
            yield batch
            batch = _Batch([], write)
        batch.imported.append(prepared)
    if batch.imported:
        yield batch


def _prepare(context: _Context, imported: ImportedCustomer, now: datetime) -> tuple[ImportedCustomer, Transaction]:
    """Return a customer and its transaction, which is empty if its rows are rejected."""
    write = Transaction()
    try:
        import_customers.add_to_transaction(write, context.store, imported, context.rules, now)
    except InvalidInputError as error:
        return import_customers.reject(imported, "customer_too_large", error.detail), Transaction()
    return imported, write


def _commit(context: _Context, batch: _Batch) -> Sequence[ImportedCustomer]:
    try:
        context.wait(_CHANGE_UNITS * len(batch.imported))
        context.watch.require()
        batch.write.commit()
    except GroupUnknownError:
        context = _with_groups_of_now(context)
    except (*_CONFLICTS, ExternalIdTakenError):  # of one customer: which one shows only when each is written alone
        pass
    else:
        return batch.imported
    return [_write_one(context, each) for each in batch.imported]


def _write_one(context: _Context, imported: ImportedCustomer) -> ImportedCustomer:
    """Apply rows to the customer's current state and write it.

    Raises:
        BusyError: every attempt met a conflict or was throttled, for PATIENCE_SECONDS.
    """
    return retry_while_busy(lambda: _try_one(context, imported), PATIENCE_SECONDS)


def _try_one(context: _Context, imported: ImportedCustomer) -> ImportedCustomer:
    """Apply rows to the customer's current state and write it — BusyError after many conflicts."""
    context.watch.require()
    store, rules, email = context.store, context.rules, imported.rows[0].canonical

    def attempt() -> ImportedCustomer:
        nonlocal rules
        context.wait(_CHANGE_UNITS)
        now = context.read_clock()
        before = customers.find(store, email, now)
        if before is None and tombstones.is_erased(store, email):
            rules = rules._replace(erased=frozenset({email}))
        again = import_customers.apply_rows(imported.rows, before, rules, now)
        try:
            if again.is_changed:
                again, write = _prepare(context._replace(rules=rules), again, now)
                if again.before and (imported.before is None or imported.before.id != again.before.id):
                    import_journal.write(rules.job_id, rules.chunk, [again])
                if again.before is None and again.after:
                    customer_inserts.clear_leftovers(write, store, again.after)
                write.commit()
        except GroupUnknownError:
            rules = import_customers.reload_groups(store, rules)  # for the next attempt
            raise
        except ExternalIdTakenError as error:
            return import_customers.reject(again, error.code, error.detail)
        except VersionConflictError:
            return _as_created_earlier(store, again, email)
        return again

    return retry_on_conflict(attempt, (*_CONFLICTS, GroupUnknownError, CustomerNotFoundError))


def _as_created_earlier(store: Store, imported: ImportedCustomer, email: str) -> ImportedCustomer:
    """Return the customer that an earlier attempt created and whose e-mail has changed since.

    Raises:
        CustomerNotFoundError: there is none any more.
    """
    stored = customers.get(store, _after(imported).id)
    customer_inserts.release_claim(store, email, stored)
    return imported._replace(before=stored, after=stored)
