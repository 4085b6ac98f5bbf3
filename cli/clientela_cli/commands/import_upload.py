"""Upload of a CSV file to the imports bucket, and the wait for its import."""

import time
from pathlib import Path

from rich.progress import Progress, TaskID

from clientela import settings
from clientela.aws import clients
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files, import_jobs, import_receive
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store
from clientela_cli.console import progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, CommandError

MAX_BYTES = 5 * 1024**3  # S3's limit for one PutObject. Only its answer contains the new version's id.
START_SECONDS = 60  # normally an import starts within seconds
_POLL_SECONDS = 0.3


def upload(store: Store, file: Path, options: dict[str, str]) -> str:
    """Upload the file with the options as metadata, and return the import's id."""
    if file.stat().st_size > MAX_BYTES:
        raise CommandError(
            f"{file.name} is larger than 5 GiB: split it, or upload it in parts with the AWS command line."
        )
    bucket, key = settings.imports_bucket(), f"{store.id}/{file.stem}.csv"
    with file.open("rb") as body:
        answer = clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/csv", Metadata=options)
    uploaded = import_files.find(bucket, key, answer.get("VersionId"))
    if uploaded is None:
        raise CommandError(
            f"s3://{bucket}/{key} was deleted right after the upload: "
            f"see {suggestions.command(f'imports list {store.id}')}."
        )
    return import_receive.job_id(uploaded)


def wait_for_end(store: Store, job_id: str) -> ImportJob:
    """Return the import when it has ended. Show a progress bar until then."""
    try:
        with progress.bar() as bar:
            task = bar.add_task("Waiting for the import to start", total=None)
            job = _wait_for_start(store, job_id)
            while job.finished_at is None:
                _update(bar, task, job)
                time.sleep(_POLL_SECONDS)
                job = import_jobs.get(store, job_id)
            _update(bar, task, job)
            return job
    except KeyboardInterrupt:
        raise CommandError(
            f"The import continues: see {suggestions.command(f'imports show {store.id} {job_id}')}.", INTERRUPTED
        ) from None


def _wait_for_start(store: Store, job_id: str) -> ImportJob:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return import_jobs.get(store, job_id)
        except ImportNotFoundError:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"The file is uploaded, but no import has started within {START_SECONDS} s: "
                    "see the log of the function csv-import-receive, and the failed-calls queue."
                ) from None
        time.sleep(_POLL_SECONDS)


def _update(bar: Progress, task: TaskID, job: ImportJob) -> None:
    bar.update(task, description=f"Importing {job.file}", total=job.rows_total, completed=job.rows_done)
