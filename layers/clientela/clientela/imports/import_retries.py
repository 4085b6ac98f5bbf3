"""Corrected rows of an import, imported again as a small import of their own."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from clientela.errors import FieldError, ImportStateError, InvalidInputError
from clientela.imports import import_files, import_jobs, import_states, import_uploads
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_choices import ImportChoices, NewImport
from clientela.imports.import_jobs import ImportJob
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.stores.stores import Store

MAX_ROWS = 1_000
MAX_CHARACTERS = 2_000_000  # of a CSV text
_EMPTY = "Send at least one row that is not empty."
_NOT_FILLED = ",;\t|\"' \ufeff\u200b"  # in a line of a CSV without a value: delimiters, quotes
_NAME_LENGTH = 150  # of the first import's file in the name of the retry's


class NewRetry(Model):
    """Corrected rows: as objects, or as the CSV text of the rejects report.

    Example: {"rows": [{"E-mail": "ana@example.com"}], "start": true}
    """

    rows: Annotated[list[dict[str, str]], Field(max_length=MAX_ROWS)] = []
    """The rows, each with its values by the headers of the first import. Example:
    [{"E-mail": "ana@example.com"}]"""
    csv: Annotated[str | None, Field(max_length=MAX_CHARACTERS)] = None
    """The rows as CSV, such as the corrected rejects report; its columns line, column, code and
    message are ignored. Example: null"""
    start: bool = False
    """Whether the import starts as soon as it is planned. Example: true"""


def retry(store: Store, job_id: str, new: NewRetry, now: datetime, by: Actor) -> ImportJob:
    """Import corrected rows of an import that has ended, with its options and its mapping.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import has not ended, or its file was refused.
        InvalidInputError: there are no rows, only empty ones, rows in both forms, or values for
            unknown headers.

    Cost: 1 read unit and 4 write units; 1 request to S3.
    """
    first, detected = _require_rows(store, job_id)
    content = _content(new, [column.header for column in detected.columns])
    options = ImportChoices(encoding="utf-8", delimiter=None if new.csv else ",")
    return _import_again(store, first, content, options, now, by if new.start else None, by)


def retry_file(store: Store, job_id: str, content: bytes, now: datetime, by: Actor) -> ImportJob:
    """Import a corrected rejects report as a spreadsheet has saved it, and start the import.

    Its encoding and its delimiter are detected.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import has not ended, or its file was refused.
        InvalidInputError: the file is empty, or larger than 100 MB.

    Cost: 1 read unit and 4 write units; 1 request to S3.
    """
    if not content.strip():
        raise InvalidInputError(_EMPTY)
    if len(content) > import_uploads.SINGLE_BYTES:
        raise InvalidInputError("The file is too large: upload it as an import of its own.")
    first, _ = _require_rows(store, job_id)
    return _import_again(store, first, content, ImportChoices(), now, by, by)


def _require_rows(store: Store, job_id: str) -> tuple[ImportJob, DetectedFormat]:
    """Return an import whose rows can be corrected, and its format."""
    first = import_jobs.get_record(store.id, job_id)
    if not import_jobs.has_ended(first):
        raise ImportStateError("The import has not ended yet.")
    if first.job.detected is None:
        raise ImportStateError("The file of the import was refused: there are no rows to correct.")
    return first.job, first.job.detected


def _import_again(
    store: Store,
    first: ImportJob,
    content: bytes,
    options: ImportChoices,
    now: datetime,
    start_for: Actor | None,
    by: Actor,
) -> ImportJob:
    """Import corrected rows with the mapping of the first import and its options, and `options`."""
    name = f"{PurePosixPath(first.file).stem[:_NAME_LENGTH]}-corrected.csv"
    kept = {"mode": first.mode, "send_welcome": first.send_welcome, "date_order": first.date_order}
    requested = NewImport(file_name=name, size=len(content), options=options.model_copy(update=kept))
    job = import_states.request(store, requested, now, by, like=first, start_for=start_for).job
    import_files.put_upload(import_files.upload_key(store.id, job.id, name), content)
    return job


def _content(new: NewRetry, headers: Sequence[str]) -> bytes:
    """Return the rows as a CSV file — InvalidInputError."""
    if bool(new.rows) == bool(new.csv):
        message = "Send the corrected rows as rows or as csv: one of the two."
        raise InvalidInputError(message, fields=[FieldError("/rows", message)])
    if new.csv:
        if not any(map(_is_filled, new.csv.strip().splitlines()[1:])):
            raise InvalidInputError(_EMPTY, fields=[FieldError("/csv", _EMPTY)])
        return new.csv.encode()
    if not any(_is_filled(value) for row in new.rows for value in row.values()):
        raise InvalidInputError(_EMPTY, fields=[FieldError("/rows", _EMPTY)])
    unknown = [
        FieldError(f"/rows/{number}", "The file of the import has no column with this header.")
        for number, row in enumerate(new.rows)
        if not row.keys() <= set(headers)
    ]
    if unknown:
        raise InvalidInputError("Some rows have unknown columns.", fields=unknown[:20])
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    unique = list(dict.fromkeys(headers))
    writer.writerow(unique)
    writer.writerows([row.get(header, "") for header in unique] for row in new.rows)
    return text.getvalue().encode()


def _is_filled(text: str) -> bool:
    return bool(text.strip(_NOT_FILLED).strip())
