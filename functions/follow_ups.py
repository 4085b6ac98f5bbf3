"""DynamoDB stream → consequences of a change of a customer, of an export or of its schedule.

The template filters the changes. The code that writes does none of this: it could forget it, or die
between the write and the rest.
"""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.customers import invitations
from clientela.exports import export_schedules, export_starts, schedule_states, scheduler_entries
from clientela.handlers import cold_start, stream_batches
from clientela.lifecycle import removal_queue, vacant_guests
from clientela.mail import mail_queue
from clientela.notifications import (
    account_notices,
    approval_mail,
    export_mails,
    import_mail,
    waiting_mails,
    welcome_mail,
)
from clientela.orders import unclaimed_orders
from clientela.sign_in import known_devices, sessions
from clientela.table import keys
from clientela.table.stream import TableChange
from clientela.vat import vat_check_queue, vat_checks

cold_start.prepare()

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Follow up a batch of changes, and return those to be delivered again.

    Repeating does no harm.
    """
    return stream_batches.process_batch(event, context, _follow, logger)


def _follow(change: TableChange) -> None:
    """Do everything that follows from one change. One failing step does not stop the others."""
    errors = []
    for follow_up in (
        sessions.end_after,
        _notify_old_address,
        _notify_new_device,
        _check_vat_id,
        _welcome,
        _notify_approved,
        _notify_waiting,
        _invite,
        _report_import,
        _adopt_orders,
        _remove_vacant_guest,
        _sync_schedule,
        _run_export,
        _record_run,
    ):
        try:
            follow_up(change)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("some follow-ups failed", errors)


def _notify_old_address(change: TableChange) -> None:
    moved = account_notices.email_change_in(change)
    if moved:
        mail_queue.put("email_changed", moved.store_id, customer_id=moved.customer_id, version=moved.version)
        logger.info("email change notice queued", **moved._asdict())


def _notify_new_device(change: TableChange) -> None:
    new = known_devices.new_device_in(change)
    if new:
        mail_queue.put("new_device", new.store_id, customer_id=new.customer_id, device=new.device)
        logger.info("new device notice queued", **new._asdict())


def _check_vat_id(change: TableChange) -> None:
    check = vat_checks.check_for(change)
    if check:
        vat_check_queue.put([check])
        logger.info("vat check queued", store_id=check.store_id, customer_id=check.customer_id)


def _welcome(change: TableChange) -> None:
    newcomer = welcome_mail.recipient_for(change)
    if newcomer:
        if newcomer.has_ordered:
            mail_queue.put("welcome", newcomer.store_id, customer_id=newcomer.customer_id)
        else:
            mail_queue.put("invitation", newcomer.store_id, customer_id=newcomer.customer_id, reference="import")
        logger.info("welcome queued", **newcomer._asdict())


def _notify_approved(change: TableChange) -> None:
    approved = approval_mail.recipient_for(change)
    if approved:
        mail_queue.put("approved", approved.store_id, customer_id=approved.customer_id)
        logger.info("approval notice queued", **approved._asdict())


def _notify_waiting(change: TableChange) -> None:
    waiting = waiting_mails.waiting_in(change)
    if waiting:
        mail_queue.put("waiting", waiting.store_id, customer_id=waiting.customer_id)
        if waiting.is_own:
            mail_queue.put("approval_requested", waiting.store_id, customer_id=waiting.customer_id)
        logger.info("waiting notices queued", **waiting._asdict())


def _invite(change: TableChange) -> None:
    invited = invitations.invited_in(change)
    if invited:
        mail_queue.put("invitation", invited.store_id, customer_id=invited.customer_id, reference=invited.reference)
        logger.info("invitation queued", **invited._asdict())


def _report_import(change: TableChange) -> None:
    ended = import_mail.ended_in(change)
    if ended:
        mail_queue.put("import_result", ended.store_id, job_id=ended.job_id)
        logger.info("import result queued", **ended._asdict())


def _adopt_orders(change: TableChange) -> None:
    unclaimed_orders.adopt_after(change, clock.now())


def _remove_vacant_guest(change: TableChange) -> None:
    if vacant_guests.may_be_vacant(change):
        store_id, customer_id = keys.customer_of(change.pk)
        removal_queue.put(store_id, customer_id, delay=0)
        logger.info("check of a guest queued", store_id=store_id, customer_id=customer_id)


def _sync_schedule(change: TableChange) -> None:
    schedule = scheduler_entries.changed_in(change)
    if schedule:
        has_differed = scheduler_entries.sync(*schedule)
        if scheduler_entries.ends_log(change):
            export_schedules.drop_log(schedule.store_id)
        logger.info("schedule synchronized", **schedule._asdict(), has_differed=has_differed)


def _run_export(change: TableChange) -> None:
    start = export_starts.new_export_in(change)
    if start:
        export_starts.put(start)
        logger.info("export queued", **start.model_dump())


def _record_run(change: TableChange) -> None:
    export = export_starts.export_in(change)
    run = schedule_states.record_run(export.store_id, export.job_id) if export else None
    if run is None or not export_starts.has_ended(change):
        return
    export_mails.queue_for(run)
    if run.failures_in_a_row >= schedule_states.FAILING_AFTER:
        failing: dict[str, Any] = {"store_id": run.store_id, "schedule_id": run.schedule_id}
        # A metric filter counts this line.
        logger.warning("export schedule failing", **failing, failures_in_a_row=run.failures_in_a_row)
