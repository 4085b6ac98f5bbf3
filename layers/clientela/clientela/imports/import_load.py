"""Load one chunk of an import: parse its rows, create or change the customers, write the results.

A chunk may run again at any time, after a failure at any call, and produces the same customers and
the same report:
- A new customer's id is derived from the job and the row, so a row finds the customer that an
  earlier attempt created from it.
- The rows that will update a customer are stored before anything is written. A later attempt finds
  the customer already updated, and still counts an update.
- One transaction adds the chunk's counts to the job and marks the chunk as done.
All rows of one e-mail become one write, in the chunk of the last one, so that the last wins.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, NumberSetAttribute

from clientela import settings
from clientela.concurrency import Pace, retry_while_busy
from clientela.csv import csv_files, csv_records
from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_records import CsvRecord, RecordError
from clientela.csv.csv_survey import Chunk
from clientela.customers import tombstones
from clientela.errors import ImportNotFoundError, StoreNotFoundError
from clientela.imports import (
    import_customers,
    import_files,
    import_jobs,
    import_journal,
    import_rows,
    import_writes,
    planned_changes,
    row_external_ids,
    row_owners,
)
from clientela.imports.chunk_results import ChunkResult, RowResult, build_result
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_customers import ImportedCustomer, Rules
from clientela.imports.import_jobs import ImportRecord
from clientela.imports.import_rows import Row
from clientela.imports.row_issues import RowIssue, RowRefusedError
from clientela.imports.row_owners import RowOwner
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import job_keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=30)  # as long as the job's files
_NO_REPEATS: Mapping[int, int] = MappingProxyType({})
_OUTDATED = RowIssue(
    "", "email_repeated", "More than a hundred later rows have the same e-mail: this one has no effect."
)


class ChunkRecord(Record):
    """`STORE#demo#IMPORT#imp_01K…` / `CHUNK#000012`.

    `updates` are the lines of rows that update a customer.
    """

    done = BooleanAttribute(default=False)
    updates = NumberSetAttribute(null=True)
    ttl = NumberAttribute()


def run(store_id: str, job_id: str, chunk: Chunk, read_clock: Callable[[], datetime]) -> None:
    """Load one chunk, unless it is done or the store is deleted. Safe to repeat.

    Raises:
        BusyError: others keep changing one of the customers.

    Cost of a row: 6 write units and 1.5 read units if it creates a customer, 1 write unit more with
    a consent; 10 to 18 and 1 if it updates one; 1 read unit if it changes nothing. In addition half
    a read unit for each added external id; 1 read unit for each group of 25 new
    customers; 2 read units for a chunk.
    """
    with suppress(StoreNotFoundError):
        # Loading it again is safe: so a throttled read or note of the progress fails no import.
        retry_while_busy(lambda: _run(stores.read(store_id), job_id, chunk, read_clock), import_writes.PATIENCE_SECONDS)


def _run(store: Store, job_id: str, chunk: Chunk, read_clock: Callable[[], datetime]) -> None:
    now = read_clock()
    record = import_jobs.get_record(store.id, job_id)
    key = job_keys.import_chunks(store.id, job_id), job_keys.import_chunk(chunk.index)
    progress = ChunkRecord.find(*key) or ChunkRecord(*key, ttl=int((now + RETENTION).timestamp()))
    if record.job.detected is None or progress.done or import_jobs.is_over(record):
        return
    parsed = parse_chunk(record, record.job.detected, chunk)
    earlier_updates = frozenset(map(int, progress.updates or ()))
    rules = import_customers.build_rules(store, record, record.job.detected, earlier_updates, chunk.index)
    if record.plan:
        rules = rules._replace(planned=planned_changes.read(job_id, int(record.plan), chunk.index))
    imported = apply_chunk(store, parsed.rows, rules, now, parsed.repeated_ids)
    if not record.job.dry_run:
        _store_updates(progress, imported, rules)
        import_journal.write(job_id, chunk.index, imported)
        imported = import_writes.write(store, imported, rules, read_clock, _pace(int(record.chunks)))
    results = [result for each in imported for result in each.results]
    chunk_result = build_result([*parsed.results, *results], parsed.cells, rules.columns, record.job.language)
    import_files.write_result(job_id, chunk.index, chunk_result.model_dump_json().encode())
    retry_while_busy(lambda: _mark_done(record, progress, chunk_result), import_writes.PATIENCE_SECONDS)


class ParsedChunk(NamedTuple):
    """A chunk's valid rows, the results of its other rows, and the cells of both by line.

    `repeated_ids` are the lines of rows with an external id of an earlier row, each with its line.
    """

    rows: list[Row]
    results: list[RowResult]
    cells: dict[int, Sequence[str]]
    repeated_ids: dict[int, int]


def parse_chunk(record: ImportRecord, detected: DetectedFormat, chunk: Chunk) -> ParsedChunk:
    """Read the rows of a chunk from the source, with those of other chunks that belong to it."""
    repeats = import_files.read_repeats(record.job.id, chunk)
    columns, parsed = detected.as_columns(), ParsedChunk([], [], {}, dict(repeats.external_ids))
    left, outdated = frozenset(repeats.left), frozenset(repeats.outdated)
    stream, shape = import_files.open_chunk(record.source, chunk), detected.shape
    for row in csv_files.rows(stream, detected.encoding, shape, chunk.first_line, in_damage=chunk.in_damage):
        if row.line in outdated:
            parsed.results.append(RowResult(row.line, "unchanged", [_OUTDATED]))
        elif row.line not in left:
            _parse_record(parsed, row, detected.delimiter, columns)
    for line, content in import_files.read_rows(record.source, repeats.moved):
        for row in csv_files.rows(io.BytesIO(content), detected.encoding, shape, line):
            _parse_record(parsed, row, detected.delimiter, columns)
    parsed.rows.sort(key=lambda row: row.line)
    return parsed


def _parse_record(parsed: ParsedChunk, record: CsvRecord, delimiter: str, columns: FileColumns) -> None:
    try:
        parsed.cells[record.line] = csv_records.cells(record, delimiter)
        parsed.rows.append(import_rows.parse_row(record.line, parsed.cells[record.line], columns))
    except RecordError as error:
        if not columns.secrets:  # the cells of a damaged row may be in the wrong columns
            parsed.cells[record.line] = csv_records.split(record.text, delimiter)
        parsed.results.append(RowResult(record.line, "rejected", [RowIssue("", error.code, error.message)]))
    except RowRefusedError as error:
        parsed.results.append(RowResult(record.line, "rejected", [error.issue]))


def apply_chunk(
    store: Store, rows: Sequence[Row], rules: Rules, now: datetime, repeated_ids: Mapping[int, int] = _NO_REPEATS
) -> list[ImportedCustomer]:
    """Apply a chunk's rows, grouped by e-mail, to their customers.

    The rows of two e-mails that lead to one customer, who was merged, are one group. `repeated_ids`
    are those of `ParsedChunk`.
    """
    owners = row_owners.find(store, list(dict.fromkeys(row.canonical for row in rows)))
    rules = rules._replace(erased=tombstones.erased_among(store, {row.canonical for row in rows} - owners.keys()))
    groups: dict[str, list[Row]] = {}
    for row in rows:
        owner = owners.get(row.canonical)
        groups.setdefault(owner.id if owner else row.canonical, []).append(row)
    imported = [_apply_rows(group, owners.get(group[0].canonical), rules, now) for group in groups.values()]
    if rules.planned:  # it has refused the ids of others
        return imported
    return row_external_ids.reject_taken(store, imported, repeated_ids)


def _apply_rows(rows: Sequence[Row], owner: RowOwner | None, rules: Rules, now: datetime) -> ImportedCustomer:
    if owner and len(rows) == 1 and import_customers.only_repeats(rows[0], owner.fields, rules):
        return ImportedCustomer(rows, None, None, [RowResult(rows[0].line, "unchanged")])
    return import_customers.apply_rows(rows, owner.customer if owner else None, rules, now)


def _pace(chunks: int) -> Pace | None:
    """Return this chunk's share of the write units that an import may use in a second."""
    units = settings.import_write_units_per_second()
    return Pace(units / min(chunks, settings.import_concurrency())) if units else None


def _store_updates(progress: ChunkRecord, imported: Sequence[ImportedCustomer], rules: Rules) -> None:
    updates = {result.line for each in imported for result in each.results if result.outcome == "updated"}
    if updates - rules.earlier_updates:
        progress.updates = {*updates, *rules.earlier_updates}
        records.put(progress)


def _mark_done(record: ImportRecord, progress: ChunkRecord, chunk_result: ChunkResult) -> None:
    """Add the chunk's counts to the job and mark it as done, unless another attempt did so."""
    adds = [getattr(ImportRecord, name).add(count) for name, count in chunk_result.counts if count]
    progress.done, progress.updates = True, None
    try:
        with Transaction() as write:
            is_open = ChunkRecord.pk.does_not_exist() | (ChunkRecord.done == False)  # noqa: E712
            write.put_record(progress, is_open, _AlreadyDoneError())
            if adds:
                write.update(record, adds, ImportRecord.pk.exists(), ImportNotFoundError(), is_bookkeeping=True)
    except _AlreadyDoneError:
        return


class _AlreadyDoneError(Exception):
    """Another attempt has marked the chunk as done."""
