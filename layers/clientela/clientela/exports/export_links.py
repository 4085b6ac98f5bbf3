"""Links to the files of scheduled exports, for people without an account.

A link leads to the API, which signs a fresh URL of S3 at each use: such a URL lasts no longer than
the credentials that signed it, hours for a function.
"""

from datetime import datetime, timedelta

from clientela import settings, signing
from clientela.errors import ExportLinkExpiredError, ExportLinkInvalidError
from clientela.exports import export_jobs, export_schedules
from clientela.exports.export_jobs import ExportJob, FileOfJob
from clientela.exports.export_schedules import Schedule
from clientela.schema.actors import Actor, FieldChange
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

_PURPOSE = "export-link"
MAX_TOKEN_LENGTH = 500


def recipient_id(address: str) -> str:
    """Return a short name of an address, for messages and keys that must not hold the address.

    It is a keyed hash: a plain one could be guessed, and keys of mails outlive a schedule.
    """
    return signing.permanent_hash("export-recipient", address)[:16]


def address_of(schedule: Schedule, recipient: str) -> str | None:
    """Return the address of a schedule with this `recipient_id`, or None if it is not notified."""
    return next((address for address in schedule.notify if recipient_id(address) == recipient), None)


def expires_at(store: Store, job: ExportJob) -> datetime:
    """Return the end of the links to a file: by the store's `retention`, or that of the file."""
    days = min(store.retention.export_links_days, settings.export_retention_days())
    return (job.finished_at or job.created_at) + timedelta(days=days)


def url(store: Store, job: ExportJob, recipient: str) -> str:
    """Return the link to an export's file for one recipient. Needs the setting PUBLIC_URL."""
    value = [store.id, job.id, recipient, int(expires_at(store, job).timestamp())]
    return f"{settings.public_url()}/v1/stores/{store.id}/exports/{job.id}/file?token={signing.sign(_PURPOSE, value)}"


def open_link(store: Store, export_id: str, token: str, now: datetime) -> str:
    """Return a URL of the file, valid for five minutes, and write to the audit trail who opened it.

    Raises:
        ExportLinkInvalidError: the token is not of this export, or its schedule is deleted or does
            not notify this recipient any more.
        ExportLinkExpiredError: the link is too old.
        ExportUnfinishedError: the export runs again and has no file.
        ExportFileDeletedError: the file is not kept any more.

    Cost: 2 read units, 2 write units, 1 call of S3.
    """
    match signing.unsign(_PURPOSE, token):
        case [store.id, str(signed_id), str(recipient), int(end)] if signed_id == export_id:
            pass
        case _:
            raise ExportLinkInvalidError
    if now.timestamp() >= end:
        raise ExportLinkExpiredError
    job = export_jobs.get(store, export_id)
    schedule = export_schedules.find(store.id, job.schedule_id) if job.schedule_id else None
    address = address_of(schedule, recipient) if schedule else None
    if address is None:
        raise ExportLinkInvalidError
    return download(store, export_id, now, Actor("export_link"), address)


def download(
    store: Store, export_id: str, now: datetime, by: Actor, recipient: str | None = None, of: FileOfJob = "file"
) -> str:
    """Return a URL of a file, valid for five minutes, and write to the audit trail who has it.

    Raises:
        ExportNotFoundError: the export does not exist.
        ExportUnfinishedError: the export has no file yet, or it failed.
        NoRemovalsError: it has no list of removed customers.
        ExportFileDeletedError: the file is not kept any more.

    Cost: 1 read unit, 2 write units, 1 call of S3.
    """
    url_ = export_jobs.download_url(store, export_id, of)
    changes = [FieldChange(field="recipient", after=recipient)] if recipient else []
    with Transaction() as write:
        audit_trail.add(write, store, by, now, "export.downloaded", export_id, changes)
    return url_
