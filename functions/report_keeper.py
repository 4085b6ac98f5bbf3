"""Schedule → reports: the nightly self-check, the cut-offs of RFM, and rebuilds that are due."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.errors import ReportsNotReadyError, StoreNotFoundError
from clientela.handlers import cold_start, error_logs
from clientela.reports import report_check, report_queue, report_rebuild, rfm_scores
from clientela.reports.report_queue import ReportMessage
from clientela.stores import stores
from clientela.stores.stores import Store

cold_start.prepare()

logger = Logger()


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Check every store's reports, or go on with their rebuild. A failing store stops no other."""
    errors: list[Exception] = []
    for store_id in stores.list_ids():
        try:
            _keep(stores.read(store_id))
        except StoreNotFoundError:  # deleted meanwhile
            continue
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("some stores failed", errors)


def _keep(store: Store) -> None:
    now = clock.now()
    if report_rebuild.is_due(store):  # counts everybody anew; a check beside it would compare with what goes
        report_queue.put([ReportMessage(store_id=store.id)])
        return
    try:
        found = report_check.check(store, now)
        rfm_scores.compute(store, now)
    except ReportsNotReadyError:
        return
    if found.differing:
        # A metric filter counts this line.
        logger.warning("reports differ", store_id=store.id, checked=found.checked, differing=found.differing)
    logger.info("reports checked", store_id=store.id, checked=found.checked, differing=len(found.differing))
