"""Upload of a CSV file to the imports bucket, and the wait for its import."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.progress import Progress, TaskID

from clientela import clock, settings
from clientela.aws import clients
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files, import_jobs, import_receive, import_states
from clientela.imports.import_choices import ImportChoices, NewImport
from clientela.imports.import_jobs import ImportJob
from clientela.schema.actors import Actor
from clientela.stores.stores import Store
from clientela_cli.console import output, progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, CommandError

MAX_BYTES = 5 * 1024**3  # S3's limit for one PutObject. Only its answer contains the new version's id.
START_SECONDS = 60  # normally an import starts within seconds
_POLL_SECONDS = 0.3
_LINE_SECONDS = 30  # between two lines where there is no terminal


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


def upload_to_plan(store: Store, file: Path, options: ImportChoices, by: Actor) -> str:
    """Upload the file for an import that waits for its start, and return the import's id."""
    new = NewImport(file_name=f"{file.stem}.csv", size=file.stat().st_size, options=options)
    job = import_states.request(store, new, clock.now(), by).job
    key = import_files.upload_key(store.id, job.id, job.file)
    clients.s3().upload_file(str(file), settings.imports_bucket(), key, ExtraArgs={"ContentType": "text/csv"})
    return job.id


def wait_for_end(store: Store, job_id: str) -> ImportJob:
    """Return the import when it has ended. Show its progress until then."""
    return watch(store, job_id, lambda job: job.finished_at is not None)


def watch(store: Store, job_id: str, is_reached: Callable[[ImportJob], bool]) -> ImportJob:
    """Return the import when it has reached a state. Show its progress until then.

    A terminal shows one line that is rewritten; elsewhere each change of the state is a line, and
    so is the progress every half minute.
    """
    try:
        with progress.bar() as bar:
            task = bar.add_task("Waiting for the import to start", total=None)
            job, said = _wait_for_start(store, job_id), _PlainProgress(is_silent=not bar.disable)
            while not is_reached(job):
                _update(bar, task, job)
                said.show(job)
                time.sleep(_POLL_SECONDS)
                job = import_jobs.get(store, job_id)
            _update(bar, task, job)
            return job
    except KeyboardInterrupt:
        raise CommandError(
            f"The import continues: see {suggestions.command(f'imports watch {store.id} {job_id}')}.", INTERRUPTED
        ) from None


class _PlainProgress:
    """The progress as plain lines, where there is no terminal."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent, self._activity, self._said_at = is_silent, "", time.monotonic()

    def show(self, job: ImportJob) -> None:
        """Print a line if the activity is another one, or was printed long ago."""
        activity, now = _activity(job), time.monotonic()
        if self._is_silent or (activity == self._activity and now - self._said_at < _LINE_SECONDS):
            return
        if self._activity or job.rows_done:
            output.say(f"{activity}: {job.rows_done:,} of {job.rows_total or 0:,} rows")
        self._activity, self._said_at = activity, now


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


def _activity(job: ImportJob) -> str:
    if job.undo and job.undo.finished_at is None:
        return f"Undoing {job.file}"
    names = {"awaiting_file": "Waiting for", "reading": "Planning", "planned": "Planned"}
    return f"{names.get(job.status, 'Importing')} {job.file}"


def _update(bar: Progress, task: TaskID, job: ImportJob) -> None:
    bar.update(task, description=_activity(job), total=job.rows_total, completed=job.rows_done)
