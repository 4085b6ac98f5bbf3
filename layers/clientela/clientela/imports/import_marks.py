"""The states that an import passes through by itself: read, planned, running, replaced."""

from contextlib import suppress
from datetime import datetime

from pynamodb.expressions.condition import Condition

from clientela.csv.csv_files import FileLayout
from clientela.imports import import_jobs
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import ImportRecord, StateChangedError
from clientela.table import records


def mark_planned(record: ImportRecord, layout: FileLayout) -> ImportRecord:
    """Store the file's layout, unless the job is further already.

    Return the stored record. Cost: 1 write unit per KB.
    """
    detected = DetectedFormat.of(layout)
    notes = [note.text(record.job.language) for note in layout.notes]
    record.job = record.job.model_copy(update={"detected": detected, "rows_total": layout.rows, "notes": notes})
    record.chunks = len(layout.chunks)
    if record.plan:
        return import_jobs.set_status(record, "reading", is_of_plan(record))
    return import_jobs.set_status(record, "planned", ImportRecord.status.is_in("received", "planned"))


def mark_running(record: ImportRecord, now: datetime) -> ImportRecord:
    """Mark the job as running, unless it is or has ended already.

    Return the stored record. Cost: 1 write unit per KB.
    """
    record.job = record.job.model_copy(update={"running_since": now})
    return import_jobs.set_status(record, "running", ImportRecord.status == "planned")


def mark_replaced(record: ImportRecord) -> None:
    """Note that a newer version of the file replaces this job: its next chunks load nothing.

    Cost: 1 write unit per KB.
    """
    with suppress(StateChangedError):  # it has ended already
        not_ended = ~ImportRecord.status.is_in(*import_jobs.ENDED)
        records.update(record, [ImportRecord.replaced.set(True)], not_ended, StateChangedError(), is_bookkeeping=True)


def mark_plan_made(record: ImportRecord, start_until: datetime) -> ImportRecord:
    """Let the job wait for the start of its plan, unless it has another one or has ended.

    Return the stored record. Cost: 1 write unit per KB.
    """
    record.job = record.job.model_copy(update={"start_until": start_until})
    return import_jobs.set_status(record, "planned", is_of_plan(record))


def is_of_plan(record: ImportRecord) -> Condition:
    """Return the condition that the file is being read for the plan of `record`."""
    is_read: Condition = (ImportRecord.status == "reading") & (ImportRecord.plan == int(record.plan))
    return is_read
