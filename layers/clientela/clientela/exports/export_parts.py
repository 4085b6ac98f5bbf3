"""Large exports: parts of the order of creation, written one by one and joined at the end.

The state machine calls `write` for each part and `join` afterwards. A part may run twice and die at
any call: each attempt writes an object of its own, and the first one that is recorded counts. So
the file is the same however often a step is repeated, and no reader sees half of it.
"""

from datetime import datetime

import orjson

from clientela import ids, settings
from clientela.aws import clients
from clientela.aws.s3_objects import ObjectWriter
from clientela.customers import customer_search, directory_walks
from clientela.customers.customer_filter import compile_filter
from clientela.customers.directory_walks import EVERYBODY, KeyRange
from clientela.exports import export_changes, export_content, export_files, export_part_records
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.exports.export_files import FileSummary
from clientela.exports.export_jobs import ExportJob, ExportRecord
from clientela.exports.export_part_records import PartRecord, PartWrittenError
from clientela.stores import store_existence
from clientela.stores.stores import Store

MOST = 500  # parts of an export: the input of the state machine takes 256 KiB, its history 25,000 events


def plan(store: Store, job: ExportJob) -> list[KeyRange]:
    """Return the parts of an export, in the order of its rows: one if it is small.

    Cost: half a read unit per 4 KB of one bucket of the directory index.
    """
    if job.changes:
        return export_changes.plan(store, job.changes, settings.export_part_rows())
    if customer_search.is_by_key(job.filter):
        return [EVERYBODY]
    return directory_walks.split(store, compile_filter(job.filter, store), settings.export_part_rows(), MOST)


def execute(store: Store, record: ExportRecord, parts: list[KeyRange]) -> None:
    """Start the state machine for a run of an export, once: its name is that of the run."""
    shared = {"store_id": store.id, "job_id": record.job.id, "run": int(record.run or 0)}
    numbered = [{"number": number, **part._asdict()} for number, part in enumerate(parts)]
    execution = {**shared, "parts": numbered, "concurrency": settings.export_part_concurrency()}
    machines = clients.step_functions()
    try:
        machines.start_execution(
            stateMachineArn=settings.export_state_machine(),
            name=f"{record.job.id}-{shared['run']}",
            input=orjson.dumps(execution).decode(),
        )
    except machines.exceptions.ExecutionAlreadyExists:
        return


def write(store: Store, record: ExportRecord, number: int, within: KeyRange, now: datetime) -> None:
    """Write one part of a run, unless it is written. Safe to repeat.

    Raises:
        ExportIncompleteError: customers are missing in the part.
        StoreNotFoundError: the store was deleted.

    Cost: as `export_content.write_rows`, and 2 read units and 1 write unit.
    """
    run, job = int(record.run or 0), record.job
    if export_part_records.find(store.id, job.id, run, number):
        return
    key = export_files.part_key(store.id, job.id, f"{run}-{number:06d}-{ids.new('prt', now)}")
    summary = export_content.write_rows(store, job, key, within, with_header=number == 0)
    try:
        export_part_records.add(
            store.id, job.id, run, number, object_key=key, rows=summary.rows, size=summary.size, now=now
        )
    except PartWrittenError:
        export_files.delete(key)


def join(store: Store, record: ExportRecord, count: int) -> FileSummary:
    """Write the export's file from its parts, read one after the other in constant memory.

    Raises:
        ExportIncompleteError: a part is missing, or its object is not as it was written.
        StoreNotFoundError: the store was deleted meanwhile; no object is left.

    Cost: 1 read unit per 4 KB of the parts' records, and 1.
    """
    parts = export_part_records.list_all(store.id, record.job.id, int(record.run or 0))
    if len(parts) != count:
        raise ExportIncompleteError(f"{len(parts)} of {count} parts are written.")
    key = export_files.file_key(store.id, record.job.id, record.job.created_at, record.job.what)
    export_files.abort_uploads(key)  # of an attempt that died
    with ObjectWriter(settings.exports_bucket(), key, export_files.CONTENT_TYPE) as writer:
        for part in parts:
            _append(writer, part)
        store_existence.require(store.id)
    return FileSummary(sum(int(part.rows) for part in parts), writer.size, writer.digest.hexdigest())


def clean(store_id: str, job_id: str, run: int) -> None:
    """Delete the objects of a run's parts, also of attempts that died. Safe to repeat."""
    export_files.delete_below(export_files.part_key(store_id, job_id, f"{run}-"))


def _append(writer: ObjectWriter, part: PartRecord) -> None:
    before = writer.size
    for block in export_files.read(part.object_key):
        writer.write(block)
    if writer.size - before != int(part.size):
        raise ExportIncompleteError(f"{part.object_key} has {writer.size - before} bytes instead of {part.size}.")
