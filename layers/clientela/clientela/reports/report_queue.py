"""The queues of what reports have to count, and of the stores whose reports are to be checked."""

from collections.abc import Iterable

from pydantic import ConfigDict

from clientela import settings
from clientela.aws import sqs
from clientela.reports.report_sources import ReportSource
from clientela.schema.documents import Model


class ReportMessage(Model):
    """A message: count the present state of its source; without one go on with a rebuild."""

    model_config = ConfigDict(frozen=True)
    store_id: str
    customer_id: str | None = None
    order_id: str | None = None

    @property
    def source(self) -> ReportSource | None:
        """The customer or order to count."""
        if self.customer_id:
            return ReportSource("customer", self.customer_id)
        return ReportSource("order", self.order_id) if self.order_id else None


def put(messages: Iterable[ReportMessage], delay: int = 0) -> None:
    """Queue messages, received after `delay` seconds. One call of SQS for ten.

    Raises:
        BusyError: SQS did not accept all of them; queue all again.
    """
    bodies = (message.model_dump_json(exclude_none=True) for message in messages)
    sqs.send_all(settings.report_queue_url(), bodies, delay)


class CheckMessage(Model):
    """A message: check the reports of a store."""

    store_id: str


def put_checks(store_ids: Iterable[str]) -> None:
    """Queue the check of stores. One call of SQS for ten.

    Raises:
        BusyError: SQS did not accept all of them; queue all again.
    """
    sqs.send_all(
        settings.report_check_queue_url(), (CheckMessage(store_id=each).model_dump_json() for each in store_ids)
    )
