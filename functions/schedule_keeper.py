"""Schedule → EventBridge Scheduler: mends the entries of export schedules, reports failing ones."""

from typing import Any

import orjson
from aws_lambda_powertools import Logger

from clientela import clock
from clientela.aws import clients
from clientela.exports import schedule_states, scheduler_entries
from clientela.handlers import cold_start, error_logs

cold_start.prepare()

logger = Logger()
RESERVE_MILLISECONDS = 60_000  # more than the twenty schedules of a store take


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Report the schedules that need attention, then bring all entries in step with the table.

    A call that runs out of time invokes the function again, from the store where it stopped. So the
    last stores get their turn in the same night, however many there are.

    Raises:
        ExceptionGroup: schedules failed, and all that could be mended are.
    """
    from_store, errors = str(event.get("from_store", "")), list[Exception]()
    if not from_store:
        for failing in schedule_states.list_failing(clock.now()):
            logger.warning("export schedule failing", **failing._asdict())  # a metric filter counts this line

    def is_late() -> bool:
        return bool(context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS)

    report = scheduler_entries.sync_all(errors.append, from_store, is_late)
    logger.info("schedules synchronized", **report._asdict(), failed=len(errors))
    if report.next_store is None:
        _require_none(errors)
        return
    for error in errors:
        # Raised, it would repeat this call and all that follow it. The next night tries again.
        error_logs.log(error)
    payload = orjson.dumps({"from_store": report.next_store})
    clients.lambda_().invoke(FunctionName=context.function_name, InvocationType="Event", Payload=payload)


def _require_none(errors: list[Exception]) -> None:
    if errors:
        raise ExceptionGroup(f"{len(errors)} schedules were not synchronized.", errors)
