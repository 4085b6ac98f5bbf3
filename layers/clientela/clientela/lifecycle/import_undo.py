"""Undoing an import within seven days: each customer as if the import had not been, or untouched.

A customer whom the import created, and whom nobody has touched since, is removed. One whom it
changed gets the former values of the changed fields, if these still have the import's values; other
fields, orders and statistics stay as they are. Whoever was touched is kept as they are, and listed.
The former values come from the history of the customer: an erased person has none, and never comes
back.

The state machine runs the undo over the chunks of the import. What is done of a customer is noted
in the transaction that does it, so the counts are exact however often a chunk is repeated.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, NumberSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela.concurrency import retry_on_conflict
from clientela.csv.csv_survey import Chunk
from clientela.customers import customers, external_ids
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.errors import (
    BusyError,
    CustomerMergedError,
    CustomerNotFoundError,
    ExternalIdTakenError,
    GroupUnknownError,
    ImportNotFoundError,
    ImportStateError,
    InvalidInputError,
    StoreNotFoundError,
)
from clientela.imports import import_customers, import_files, import_jobs, import_journal, import_start
from clientela.imports.import_jobs import ImportJob, ImportRecord, ImportUndo, StateChangedError
from clientela.lifecycle import customer_removal, import_reversal
from clientela.lifecycle.import_reversal import KeptCustomer, KeptError, UndoneChunk
from clientela.schema.actors import OPERATOR, Actor
from clientela.sign_in import passwords
from clientela.stores import audit_trail, store_existence, stores
from clientela.stores.stores import Store
from clientela.table import job_keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=30)  # as long as the job's files
_CONFLICTS = (BusyError, GroupUnknownError)


class UndoRecord(Record):
    """`STORE#demo#IMPORT#imp_01K…` / `UNDO#000012`: the lines that are undone of one chunk."""

    removed = NumberSetAttribute(null=True)
    restored = NumberSetAttribute(null=True)
    ttl = NumberAttribute(null=True)


def undo(store: Store, job_id: str, now: datetime, by: Actor) -> ImportJob:
    """Undo an import. Repeated, it returns the same import; a failed undo goes on.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import has not ended, has changed nothing, or is too old.

    Cost: 1 read unit, and 4 write units per KB of the job.
    """

    def attempt() -> ImportRecord:
        before = import_jobs.get_record(store.id, job_id)
        if before.undo and before.undo.status != "failed":
            return before
        _require_undoable(before, now)
        undone = ImportUndo(status="running", started_at=before.undo.started_at if before.undo else now)
        actions: list[Action] = [
            ImportRecord.undo.set(undone),
            ImportRecord.undo_number.set(int(before.undo_number) + 1),
            ImportRecord.undone_by.set(by),
        ]
        is_same: Condition = ImportRecord.undo_number == int(before.undo_number)
        with Transaction() as write:
            write.update(before, actions, is_same, StateChangedError())
            audit_trail.add(write, store, by, now, "import.undone", job_id)
        return import_jobs.get_record(store.id, job_id)

    after = retry_on_conflict(attempt, (StateChangedError,))
    if after.undo and after.undo.status == "running":
        import_start.execute(store.id, after, f"{import_start.UNDOING}-{int(after.undo_number)}")
    return after.as_job()


def undo_chunk(store_id: str, job_id: str, chunk: Chunk, now: datetime) -> None:
    """Undo one chunk of an import. Safe to repeat.

    Raises:
        BusyError: others keep changing one of the customers.

    Cost: for a removed customer 2 write units for each of its items and index entries and 3 read
    units; for a restored one that of a change and 2 write units, and 2 read units; 2 read units for
    one who is kept. 2 requests to S3 and more for a chunk that was repeated.
    """
    with suppress(StoreNotFoundError):
        store, job = stores.read(store_id), import_jobs.get_record(store_id, job_id)
        journal = import_journal.read(job_id, chunk.index)
        created = {line: _created_id(job, line) for line in sorted(journal.created)}
        changed = {line: each for line, each in journal.updated.items() if each not in created.values()}
        work = _ChunkUndo(store, job, chunk.index, now)
        for line, customer_id in created.items():
            work.do(line, customer_id, work.remove)
        for line, customer_id in sorted(changed.items()):
            work.do(line, customer_id, work.restore)
        done = work.progress()
        result = UndoneChunk(removed=len(done.removed or ()), restored=len(done.restored or ()), kept=work.kept)
        import_reversal.write_result(job_id, chunk.index, result)


def finish(store_id: str, job_id: str, number: int, now: datetime, failed: str | None) -> str:
    """Sum up an undo, and write the report of the customers who are kept. Safe to repeat.

    `failed` names the error that stopped the state machine.
    """
    if not store_existence.exists(store_id):
        return "cancelled"
    job = import_jobs.get_record(store_id, job_id)
    if job.undo is None or int(job.undo_number) != number or job.undo.status != "running":
        return job.status
    counts = import_reversal.summarise(job)
    status = "failed" if failed else "succeeded"
    undone = job.undo.model_copy(update={**counts, "status": status, "finished_at": now})
    with suppress(StateChangedError):
        is_same: Condition = ImportRecord.undo_number == number
        records.update(job, [ImportRecord.undo.set(undone)], is_same, StateChangedError(), is_bookkeeping=True)
    return job.status


def report_url(store: Store, job_id: str) -> str:
    """Return a URL of the CSV file of the kept customers, valid for five minutes.

    Raises:
        ImportNotFoundError: there is no such import, or it was not undone to the end.
    """
    job = import_jobs.get(store, job_id)
    if job.undo is None or job.undo.finished_at is None:
        raise ImportNotFoundError("The list is available when the undo has ended.")
    return import_files.report_url(job_id, "kept")


def _require_undoable(job: ImportRecord, now: datetime) -> None:
    until = job.as_job().undo_until
    if not import_jobs.has_ended(job):
        raise ImportStateError("The import has not ended: cancel it first.")
    if until is None:
        raise ImportStateError("The import has changed nothing.")
    if now > until:
        raise ImportStateError("An import can be undone for seven days.")


def _created_id(job: ImportRecord, line: int) -> str:
    return import_customers.new_id(job.job.started_at, job.job.id, line)


class _ChunkUndo:
    """The undo of one chunk."""

    def __init__(self, store: Store, job: ImportRecord, chunk: int, now: datetime) -> None:
        self.kept: list[KeptCustomer] = []
        self._store, self._job, self._now = store, job, now
        self._key = job_keys.import_chunks(store.id, job.job.id), job_keys.import_undo(chunk)
        self._by = job.undone_by or OPERATOR
        self._done = self._read_done()

    def progress(self) -> UndoRecord:
        """Return what is done of the chunk."""
        return UndoRecord.find(*self._key) or UndoRecord(*self._key)

    def _read_done(self) -> set[int]:
        progress = self.progress()
        return {*map(int, progress.removed or ()), *map(int, progress.restored or ())}

    def do(self, line: int, customer_id: str, way: Callable[[int, str], None]) -> None:
        """Undo one customer, or keep and list it."""
        try:
            retry_on_conflict(lambda: way(line, customer_id), _CONFLICTS)
        except CustomerMergedError as error:
            self.kept.append(KeptCustomer(line=line, customer_id=error.into_id, code="merged"))
        except CustomerNotFoundError:  # deleted or erased since, or never written
            return
        except KeptError as error:
            self._done = self._read_done()
            if line not in self._done:  # else another run of this chunk has just undone it
                self.kept.append(KeptCustomer(line=line, customer_id=customer_id, code=error.code))

    def remove(self, line: int, customer_id: str) -> None:
        """Remove a created customer — KeptError if it was touched since."""
        if line not in self._done:
            customer = customers.get(self._store, customer_id)
            import_reversal.require_untouched(self._store, customer, self._job.job.id)
            with Transaction() as write:
                write.delete(record(self._store, customer), CustomerRecord.version == customer.version, BusyError())
                write.delete(claim(self._store, customer))
                external_ids.add_changes(write, self._store, (customer, None))
                self._note(write, UndoRecord.removed.add({line}))
        customer_removal.remove_belongings(self._store, customer_id, lambda: False)

    def restore(self, line: int, customer_id: str) -> None:
        """Give a changed customer its former values — KeptError if they were touched since."""
        if line in self._done:
            return
        before = customers.get(self._store, customer_id)
        after = import_reversal.reverse(self._store, before, self._job.job.id)
        password = passwords.imported_by(self._store, customer_id, self._job.job.started_at)
        if after is None and password is None:
            self._require_history()
            return
        try:
            with Transaction() as write:
                if after:
                    after = after.model_copy(update={"version": before.version + 1, "updated_at": self._now})
                    customers.replace(write, self._store, before, after, self._by)
                    import_reversal.add_consent(write, self._store, before, after)
                if password:
                    passwords.delete_imported(write, password)
                self._note(write, UndoRecord.restored.add({line}))
        except (ExternalIdTakenError, InvalidInputError) as error:
            raise KeptError(error.code) from None

    def _require_history(self) -> None:
        """Raise KeptError if the store keeps the history for a shorter time than an undo needs."""
        days, since = self._store.retention.history_days, self._job.job.running_since
        if days and since and since + timedelta(days=days) <= self._now:
            raise KeptError("history_expired")

    def _note(self, write: Transaction, action: Action) -> None:
        expires = UndoRecord.ttl.set(int((self._now + RETENTION).timestamp()))
        write.update(UndoRecord(*self._key), [action, expires])
