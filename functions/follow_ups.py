"""DynamoDB stream → what follows from a change of a customer. The template filters what comes here.

Nothing of it is done by the code that writes customers: it could forget it, or die between the write and the rest.
"""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.handlers import stream_batches
from clientela.mail import mail_queue
from clientela.notifications import approval_mail, welcome_mail
from clientela.orders import unclaimed_orders
from clientela.table.stream import TableChange
from clientela.vat import vat_check_queue, vat_checks

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Follow a batch of changes; the answer names those to be delivered again, and doing something twice is no harm."""
    return stream_batches.answer(event, _follow, logger)


def _follow(change: TableChange) -> None:
    """Everything that follows from one change: what fails of it keeps the rest from nothing."""
    errors = []
    for follow_up in (_check_vat_id, _welcome, _tell_approved, _adopt_orders):
        try:
            follow_up(change)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("not all that follows was done", errors)


def _check_vat_id(change: TableChange) -> None:
    check = vat_checks.check_for(change)
    if check:
        vat_check_queue.put([check])
        logger.info("vat check wanted", store_id=check.store_id, customer_id=check.customer_id)


def _welcome(change: TableChange) -> None:
    newcomer = welcome_mail.recipient_for(change)
    if newcomer:
        mail_queue.put("welcome", newcomer.store_id, customer_id=newcomer.customer_id)
        logger.info("welcome wanted", **newcomer._asdict())


def _tell_approved(change: TableChange) -> None:
    approved = approval_mail.recipient_for(change)
    if approved:
        mail_queue.put("approved", approved.store_id, customer_id=approved.customer_id)
        logger.info("approval told", **approved._asdict())


def _adopt_orders(change: TableChange) -> None:
    unclaimed_orders.adopt_after(change, clock.now())
