"""Making the plan of an import on the state machine: each chunk without writing, then the summary.

Each step is safe to repeat. A plan that is not the newest any more, because the merchant changed
the columns or cancelled the import, stops at the next step.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import cast

from pynamodb.expressions.update import Action

from clientela.csv.csv_survey import Chunk
from clientela.csv.file_texts import FileNote
from clientela.customers import customer_input
from clientela.errors import InvalidInputError, StoreNotFoundError
from clientela.imports import (
    import_customers,
    import_files,
    import_finish,
    import_jobs,
    import_load,
    import_marks,
    import_plans,
    import_reasons,
    import_states,
)
from clientela.imports.chunk_results import build_result
from clientela.imports.import_customers import ImportedCustomer
from clientela.imports.import_jobs import Counts, ImportRecord, StateChangedError, Status
from clientela.imports.import_plans import PlannedChunk, RowCells
from clientela.imports.import_reasons import ReasonCounter
from clientela.imports.import_reports import open_reports
from clientela.stores import store_existence, stores
from clientela.table import records

PLAN_VALID_FOR = timedelta(hours=16)  # after the upload: the sweep deletes the file four hours later
_NOTHING_EARLIER = frozenset[int]()
_EXPIRED = FileNote("plan_expired")


class PlanIncompleteError(RuntimeError):
    """A chunk has no plan: a bug, or its file was deleted."""


def plan_chunk(store_id: str, job_id: str, chunk: Chunk, number: int, now: datetime) -> None:
    """Plan one chunk: apply its rows to the customers in memory, and write the result.

    Cost: 3 read units, and those of `import_load.run` for each row; 1 write unit per KB of the job.
    """
    with suppress(StoreNotFoundError):
        store, record = stores.read(store_id), import_jobs.get_record(store_id, job_id)
        if not _is_current(record, number) or record.job.detected is None:
            return
        parsed = import_load.parse_chunk(record, record.job.detected, chunk)
        rules = import_customers.build_rules(store, record, record.job.detected, _NOTHING_EARLIER, chunk.index)
        applied = import_load.apply_chunk(store, parsed.rows, rules, now, parsed.repeated_ids)
        imported = [_fitting(each) for each in applied]
        results = [result for each in imported for result in each.results]
        found = build_result([*parsed.results, *results], parsed.cells, rules.columns, record.job.language)
        cells = RowCells(parsed.cells, rules.columns, record.job.detected.secret_fields)
        planned = import_plans.plan_chunk(found, imported, cells)
        import_files.write_result(job_id, chunk.index, planned.model_dump_json().encode(), number)
        _count(record, planned)


def finish(store_id: str, job_id: str, number: int, now: datetime, failed: str | None) -> Status:
    """Sum up a plan, and let it wait for its start; a dry run has ended then.

    `failed` names the error that stopped the state machine: the job fails with it.

    Cost: 1 read unit and 1 write unit per KB of the job.
    """
    if not store_existence.exists(store_id):
        return "cancelled"
    record = import_jobs.get_record(store_id, job_id)
    if not _is_current(record, number) or record.job.detected is None:
        return cast("Status", record.status)
    if failed is not None:
        reason = FileNote("not_started", {"error": failed})
        return cast("Status", import_jobs.end(record, "failed", Counts(), now, reason).status)
    counts = _write_summary(record, now)
    if record.job.dry_run:
        record = import_jobs.end(record, "succeeded", counts, now)
        if record.job.detected and record.job.detected.has_passwords:
            import_files.delete(record.source)
    else:
        record = import_marks.mark_plan_made(record, record.job.started_at + PLAN_VALID_FOR)
        if record.status == "planned" and record.start_for:
            store = stores.read(store_id)
            return import_states.start(store, job_id, now, record.start_for, number).status
    return cast("Status", record.status)


def expire(store_id: str, job_id: str, number: int, now: datetime) -> Status:
    """End an import whose plan was not started in time, and delete its file. Safe to repeat."""
    if not store_existence.exists(store_id):
        return "cancelled"
    record = import_jobs.get_record(store_id, job_id)
    if record.status == "planned" and int(record.plan) == number:
        record = import_jobs.end(record, "cancelled", Counts(), now, _EXPIRED)
    if record.status == "cancelled" and not record.job.running_since:
        import_files.delete(record.source)
    return cast("Status", record.status)


def _fitting(imported: ImportedCustomer) -> ImportedCustomer:
    """Return a customer, its rows rejected if it would become too large, as the load does it."""
    try:
        if imported.after and imported.is_changed:
            customer_input.require_fits(imported.after)
    except InvalidInputError as error:
        return import_customers.reject(imported, "customer_too_large", error.detail)
    return imported


def _is_current(record: ImportRecord, number: int) -> bool:
    return record.status == "reading" and int(record.plan) == number


def _count(record: ImportRecord, planned: PlannedChunk) -> None:
    """Add the rows of a chunk to the progress, unless the plan is void."""
    actions: list[Action] = [ImportRecord.planned_rows.add(planned.counts.rows)]
    with suppress(StateChangedError):
        records.update(record, actions, import_marks.is_of_plan(record), StateChangedError(), is_bookkeeping=True)


def _write_summary(record: ImportRecord, now: datetime) -> Counts:
    """Write the summary and the reports of a plan, with one chunk in memory at a time."""
    detected, number, totals, summary = record.job.detected, int(record.plan), Counts(), import_plans.Summary()
    assert detected is not None  # noqa: S101 - the caller has checked it
    reasons = ReasonCounter()  # for the mail of a dry run
    contents = import_files.read_results(record.job.id, int(record.chunks), number)
    with open_reports(record.job.id, detected, record.job.language) as reports:
        for content in contents:
            if content is None:
                raise PlanIncompleteError(record.job.id)
            chunk = PlannedChunk.model_validate_json(content)
            import_finish.add(totals, chunk.counts)
            summary.add(chunk)
            reports.add(chunk)
            reasons.add(chunk.rejects)
        import_reasons.write(record.job.id, reasons.top())
    summary.write(record, totals, now)
    return totals
