"""The mails of an export schedule: a link to each file, and the first failure in a row.

They follow from the table's stream: one message for each address, which names it by a hash.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from clientela.exports import export_links, export_schedules
from clientela.exports.export_jobs import ExportJob, ExportRecord
from clientela.exports.export_schedules import Schedule
from clientela.exports.schedule_states import RecordedRun
from clientela.mail import mail_delivery, mail_queue
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.schema import timezones
from clientela.schema.locale_formats import Day, Size
from clientela.stores.stores import Store
from clientela.table import job_keys, keys

RETENTION = timedelta(days=30)  # longer than the queue's retention


def queue_for(run: RecordedRun) -> int:
    """Queue the mails about a run, and return how many. Repeating sends none twice.

    A success sends a mail, and so does the first failure after a success; no other.

    Cost: 1 read unit, 1 call of SQS for each address.
    """
    is_first_failure = run.status == "failed" and run.failures_in_a_row == 1
    if not (run.status == "succeeded" or is_first_failure):
        return 0
    schedule = export_schedules.find(run.store_id, run.schedule_id)
    name = "export_ready" if run.status == "succeeded" else "export_failed"
    addresses = schedule.notify if schedule else []
    for address in addresses:
        mail_queue.put(name, run.store_id, export_id=run.export, recipient=export_links.recipient_id(address))
    return len(addresses)


def deliver_ready(store: Store, export_id: str, recipient: str, now: datetime) -> Outcome:
    """Send one recipient the link to the file of an export, once.

    Cost: 3 read units, 5 write units, 1 call of SES.
    """

    def content(job: ExportJob, schedule: Schedule) -> MailContent | None:
        return _ready_mail(store, job, schedule, recipient) if job.status == "succeeded" else None

    return _deliver(store, "export_ready", export_id, recipient, now, content)


def deliver_failed(store: Store, export_id: str, recipient: str, now: datetime) -> Outcome:
    """Tell one recipient that an export failed, once.

    It is withheld if the export has succeeded since. Cost: as `deliver_ready`.
    """

    def content(job: ExportJob, schedule: Schedule) -> MailContent | None:
        return failed_mail(schedule.name, job.id) if job.status == "failed" else None

    return _deliver(store, "export_failed", export_id, recipient, now, content)


def ready_mail(link: str, name: str, rows: int, size: int, until: date) -> MailContent:
    """Return the mail with a link to a file. `until` is the last day of the link."""
    context = {"link": link, "name": name, "rows": rows, "size": Size(size), "until": Day(until)}
    return MailContent("export_ready", context)


def failed_mail(name: str, export_id: str) -> MailContent:
    """Return the mail about an export that failed."""
    return MailContent("export_failed", {"name": name, "export": export_id})


def _deliver(
    store: Store,
    mail: str,
    export_id: str,
    recipient: str,
    now: datetime,
    content: Callable[[ExportJob, Schedule], MailContent | None],
) -> Outcome:
    def build() -> Outgoing | None:
        stored = ExportRecord.find(keys.store(store.id), job_keys.export_job(export_id))
        schedule_id = stored.job.schedule_id if stored else None
        schedule = export_schedules.find(store.id, schedule_id) if schedule_id else None
        address = export_links.address_of(schedule, recipient) if schedule else None
        if stored is None or schedule is None or address is None:
            return None
        mail_content = content(stored.job, schedule)
        return Outgoing(address, store.language, mail_content) if mail_content else None

    about, name = keys.store(store.id), f"{mail}#{export_id}#{recipient}"
    return mail_delivery.send_once(store, about, name, now + RETENTION, now, build, job_keys.export_job(export_id))


def _ready_mail(store: Store, job: ExportJob, schedule: Schedule, recipient: str) -> MailContent:
    end = timezones.local_day(export_links.expires_at(store, job), store.timezone)
    link = export_links.url(store, job, recipient)
    return ready_mail(link, schedule.name, job.rows or 0, job.size or 0, end)
