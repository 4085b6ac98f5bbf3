"""Passwords of an import: stored after its rows and apart from them, because hashing takes long.

The state machine runs this step over the chunks of the rows. It reads e-mails and passwords from
the source again, so nothing between the source and the hash holds a clear password. Passwords are
left out if the store has no sign-in by password.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from clientela.csv.csv_survey import Chunk
from clientela.errors import StoreNotFoundError
from clientela.imports import import_files, import_jobs, import_load
from clientela.imports.chunk_results import ChunkResult
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import ImportRecord
from clientela.imports.import_rows import has_password
from clientela.sign_in import passwords
from clientela.stores import store_existence, stores
from clientela.stores.stores import Store

HASHERS = 4  # threads: hashing and waiting for the table take turns


def store_chunk(store_id: str, job_id: str, chunk: Chunk, now: datetime) -> int:
    """Store the passwords of one chunk's rows and return how many were stored. Safe to repeat.

    A repetition goes on with the customers who have no password yet. Rejected rows have no effect.

    Raises:
        BusyError: others keep changing one of the customers.

    Cost: that of `passwords.adopt` for each customer.
    """
    with suppress(StoreNotFoundError):
        store, record = stores.read(store_id), import_jobs.get_record(store_id, job_id)
        detected, is_over = record.job.detected, import_jobs.is_over(record)
        if detected and store.password_sign_in and not record.job.dry_run and not is_over:
            return _store(store, record, _read(record, detected, chunk), now)
    return 0


def _read(record: ImportRecord, detected: DetectedFormat, chunk: Chunk) -> dict[str, str]:
    """Return the last password of each canonical e-mail in the chunk."""
    result = ChunkResult.model_validate_json(import_files.read_result(record.job.id, chunk.index))
    rejected = {line.line for line in result.rejects}
    rows = import_load.parse_chunk(record, detected, chunk).rows
    return {row.canonical: row.values["password"] for row in rows if row.line not in rejected and has_password(row)}


def _store(store: Store, record: ImportRecord, found: Mapping[str, str], now: datetime) -> int:
    def adopt(email: str) -> bool:
        store_existence.require(store.id)  # a deleted store's import stops here
        return passwords.adopt(store, email, found[email], record.job.started_at, now)

    with ThreadPoolExecutor(HASHERS, thread_name_prefix="passwords") as threads:
        return sum(threads.map(adopt, found))
