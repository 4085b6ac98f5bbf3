"""A file of order messages, one JSON document a line: checked whole before anything of it is sent."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from clientela.order_fields import OrderMessage
from clientela_cli.complaints import complaints
from clientela_cli.failures import Failure

BATCH = 10  # messages, SQS's limit for one SendMessageBatch
# The limit that every SQS has, for a message as for a whole batch:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BATCH_BYTES = 262_144
_SHOWN = 5  # bad lines: whoever made the file mostly made one mistake many times

type Line = tuple[int, str]  # number, counted from 1; the message


def check(file: Path, store_id: str) -> int:
    """How many messages the file holds. Failure unless there are any and all are orders of this store."""
    problems, messages = [], 0
    for number, text in lines(file):
        messages += 1
        if problem := _problem(text, store_id):
            problems.append(f"line {number}: {problem}")
    if problems:
        rest = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise Failure(f"{file.name}, nothing was sent: {'; '.join(problems[:_SHOWN])}{rest}")
    if not messages:
        raise Failure(f"{file.name} holds no order message: nothing was sent.")
    return messages


def lines(file: Path) -> Iterator[Line]:
    """The file's messages with their line numbers; empty lines are passed over."""
    with file.open(encoding="utf-8-sig", errors="replace") as text:
        yield from ((number, line.strip()) for number, line in enumerate(text, 1) if line.strip())


def batches(file: Path) -> Iterator[list[Line]]:
    """The messages in batches that SQS takes in one call."""
    batch: list[Line] = []
    size = 0
    for number, text in lines(file):
        length = len(text.encode())
        if len(batch) == BATCH or size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((number, text))
        size += length
    if batch:
        yield batch


def _problem(text: str, store_id: str) -> str | None:
    if len(text.encode()) > BATCH_BYTES:
        return f"longer than the {BATCH_BYTES:,} bytes that a message may have"
    try:
        message = OrderMessage.model_validate_json(text)
    except ValidationError as error:
        return ", ".join(complaints(error)[:2])
    return None if message.store_id == store_id else f"an order of the store {message.store_id}, not of {store_id}"
