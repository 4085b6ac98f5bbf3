"""The mail that tells the merchant the result of an import, once for each import.

It follows from the table's stream, so it is sent however the import ended: also if its file was
refused. It goes to the store's address for notifications.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from clientela import settings
from clientela.errors import ImportNotFoundError
from clientela.imports import import_jobs, import_reasons
from clientela.imports.import_jobs import ENDED, ImportJob
from clientela.imports.import_reasons import Reason
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.stores.stores import Store
from clientela.table import job_keys, keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention
MAX_NAME = 100  # characters of the file's name


class EndedImport(NamedTuple):
    """An import that has just ended."""

    store_id: str
    job_id: str


def ended_in(change: TableChange) -> EndedImport | None:
    """Return the import that a change of a table's item ended, or None."""
    if not change.sk.startswith(job_keys.IMPORT_PREFIX) or change.after is None:
        return None
    before = change.before["status"]["S"] if change.before else ""
    if change.after["status"]["S"] not in ENDED or before in ENDED:
        return None
    return EndedImport(keys.store_of(change.pk), change.sk.removeprefix(job_keys.IMPORT_PREFIX))


def deliver(store: Store, job_id: str, now: datetime) -> Outcome:
    """Tell the merchant once how an import ended.

    It is withheld if the store has no address for notifications, and if the import was cancelled
    before it did anything.

    Cost: 1 read unit per 4 KB of the job, 5 write units, 1 request to S3, 1 call of SES.
    """

    def build() -> Outgoing | None:
        try:
            job = import_jobs.get(store, job_id)
        except ImportNotFoundError:
            return None
        if store.notification_email is None or (job.status == "cancelled" and not job.rows_done):
            return None
        rejects = f"{settings.public_url()}/v1/stores/{store.id}/imports/{job.id}/rejects"
        mail = import_mail(store, job, import_reasons.read(job_id), rejects)
        return Outgoing(store.notification_email, store.language, mail)

    about, name = keys.store(store.id), f"import_result#{job_id}"
    return mail_delivery.send_once(store, about, name, now + RETENTION, now, build, job_keys.import_job(job_id))


def import_mail(store: Store, job: ImportJob, reasons: Sequence[Reason], rejects: str) -> MailContent:
    """Return the mail about an import. `rejects` is the address of the rejected rows."""
    outcome = job.status if job.status != "succeeded" else "dry_run" if job.dry_run else "imported"
    name = job.file if len(job.file) <= MAX_NAME else f"{job.file[:MAX_NAME]}…"
    return MailContent(
        "import_result",
        {
            "file": name,
            "message": job.message,
            "counts": {name: getattr(job, name) for name in import_jobs.Counts.model_fields},
            "rows": job.rows_done,
            "reasons": [{"rows": each.rows, "message": each.message, "lines": each.lines} for each in reasons],
            "rejects": rejects,
            "command": f"clientela imports rejects {store.id} {job.id}",
        },
        variant=outcome,
    )
