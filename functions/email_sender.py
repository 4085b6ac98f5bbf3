"""SQS → SES: sends the mails that the mail queue asks for. A message that fails comes back alone."""

from collections.abc import Callable
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock, sign_in_mail, stores, welcome_mail
from clientela.mail_delivery import Outcome

DELIVER: dict[str, Callable[..., Outcome]] = {
    "sign_in_link": sign_in_mail.deliver,
    "welcome": welcome_mail.deliver,
}

logger = Logger()


class _Mails(BatchProcessor):
    def failure_handler(self, record: SQSRecord, exception: Any) -> Any:
        # The kind only: the words of an error of SES may name an address.
        logger.warning("mail failed", message_id=record.message_id, error=exception[0].__name__)
        return super().failure_handler(record, exception)


processor = _Mails(EventType.SQS, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Deliver a batch; the answer names the messages to be delivered again."""
    return process_partial_response(event=event, record_handler=_deliver, processor=processor, context=context)


def _deliver(record: SQSRecord) -> None:
    about = orjson.loads(record.body)
    mail, store_id = about.pop("mail"), about.pop("store_id")
    outcome = DELIVER[mail](stores.get(store_id), **about, now=clock.now())
    logger.info("mail", mail=mail, store_id=store_id, outcome=outcome, **about)
