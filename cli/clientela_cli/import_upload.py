"""A CSV file on its way: into the imports bucket, then watched until its import has ended."""

import time
from pathlib import Path

from rich.progress import Progress, TaskID

from clientela import settings
from clientela.aws import clients
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files, import_jobs, import_receive
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store
from clientela_cli import output
from clientela_cli.failures import INTERRUPTED, Failure

LARGEST = 5 * 1024**3  # bytes: S3's limit for one PutObject, whose answer alone names the version that it made
REGISTERED_SECONDS = 60  # an upload is noticed within seconds
_POLL_SECONDS = 0.3


def put(store: Store, file: Path, asked: dict[str, str]) -> str:
    """Upload the file to `<store>/<its name>.csv`, with what is asked for as metadata; the id of the import to come."""
    if file.stat().st_size > LARGEST:
        raise Failure(f"{file.name} has more than 5 GiB: split it, or upload it in parts with the AWS command line.")
    bucket, key = settings.imports_bucket(), f"{store.id}/{file.stem}.csv"
    with file.open("rb") as body:
        answer = clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/csv", Metadata=asked)
    upload = import_files.find(bucket, key, answer.get("VersionId"))
    if upload is None:
        raise Failure(
            f"s3://{bucket}/{key} was removed right after its upload: see `clientela imports list {store.id}`."
        )
    return import_receive.job_id(upload)


def watched(store: Store, job_id: str) -> ImportJob:
    """The import when it has ended, with a progress bar until then."""
    try:
        with output.progress() as progress:
            task = progress.add_task("Waiting for the import to start", total=None)
            job = _registered(store, job_id)
            while job.finished_at is None:
                _show(progress, task, job)
                time.sleep(_POLL_SECONDS)
                job = import_jobs.get(store, job_id)
            _show(progress, task, job)
            return job
    except KeyboardInterrupt:
        raise Failure(f"The import goes on: see `clientela imports show {store.id} {job_id}`.", INTERRUPTED) from None


def _registered(store: Store, job_id: str) -> ImportJob:
    deadline = time.monotonic() + REGISTERED_SECONDS
    while True:
        try:
            return import_jobs.get(store, job_id)
        except ImportNotFoundError:
            if time.monotonic() > deadline:
                raise Failure(
                    f"The file is uploaded, but no import has started within {REGISTERED_SECONDS} s: "
                    "see the log of the function csv-import-receive, and the queue of failed calls."
                ) from None
        time.sleep(_POLL_SECONDS)


def _show(progress: Progress, task: TaskID, job: ImportJob) -> None:
    progress.update(task, description=f"Importing {job.file}", total=job.rows_total, completed=job.rows_done)
