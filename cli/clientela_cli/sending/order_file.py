"""A file of order messages, one JSON document per line.

Memory use does not depend on file or line length.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from clientela.errors import OrderRefusedError
from clientela.orders import order_messages
from clientela_cli.console.exit_codes import CommandError
from clientela_cli.sending.sqs_queue import BATCH_BYTES

_BOM = b"\xef\xbb\xbf"
# U+FFFE and U+FFFF in UTF-8: valid in JSON, refused by SQS.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_SHOWN = 5  # bad lines: most files repeat one mistake many times
_REPORT_INTERVAL = 500  # lines: updating a progress bar takes time


class Position(NamedTuple):
    """A position in the file, with all that a run needs to resume after that line."""

    offset: int = 0  # bytes
    line: int = 0  # counted from 1
    messages: int = 0
    rejected: int = 0
    rejects_bytes: int = 0  # size of the rejects file at that line


BEGINNING = Position()


class Line(NamedTuple):
    """A non-empty line of the file.

    If the line is too long for a message, `text` is only its beginning.
    """

    number: int
    end: int  # offset of the next line
    text: bytes


class OutgoingMessage(NamedTuple):
    """A message to send, and the position after it."""

    text: str
    at: Position


# Writes a bad line with its problem to the rejects file, and returns the size of that file.
type Reject = Callable[[Line, str], int]


def check(file: Path, store_id: str, on_progress: Callable[[int], None]) -> None:
    """Check that the file has messages, and that all of them are orders of this store.

    `on_progress` receives the offset of the last line that was checked.

    Raises:
        CommandError: a line is bad, or the file is empty.
    """
    problems, messages = [], 0
    for line in lines(file, BEGINNING):
        messages += 1
        if problem := find_problem(line, store_id):
            problems.append(f"line {line.number}: {problem}"[:1000])
            if len(problems) > _SHOWN:
                break
        if messages % _REPORT_INTERVAL == 0:
            on_progress(line.end)
    if problems:
        rest = "; and more" if len(problems) > _SHOWN else ""
        raise CommandError(
            f"{file.name} has bad lines, nothing was sent: {'; '.join(problems[:_SHOWN]).rstrip('.')}{rest}. "
            "Correct the file, or use --rejects FILE to send the good lines and write the bad lines to FILE."
        )
    if not messages:
        raise CommandError(f"{file.name} has no order messages: nothing was sent.")


def checked_messages(file: Path, start: Position) -> Iterator[OutgoingMessage]:
    """Yield the messages after a position, in a file that has passed the check."""
    messages = start.messages
    for line in lines(file, start):
        messages += 1
        yield OutgoingMessage(line.text.decode(), start._replace(offset=line.end, line=line.number, messages=messages))


def good_messages(file: Path, start: Position, store_id: str, reject: Reject) -> Iterator[OutgoingMessage]:
    """Yield the good messages after a position, and reject the bad lines between them."""
    at = start
    for line in lines(file, start):
        at = at._replace(offset=line.end, line=line.number)
        if problem := find_problem(line, store_id):
            at = at._replace(rejected=at.rejected + 1, rejects_bytes=reject(line, problem))
        else:
            at = at._replace(messages=at.messages + 1)
            yield OutgoingMessage(line.text.decode(), at)


def lines(file: Path, start: Position) -> Iterator[Line]:
    """Yield the non-empty lines after a position."""
    limit = BATCH_BYTES + len(_BOM) + 2  # a line that has not ended by then is too long
    number, end = start.line, start.offset
    with file.open("rb") as source:
        source.seek(start.offset)
        while text := source.readline(limit):
            number, end = number + 1, end + len(text)
            if number == 1:
                text = text.removeprefix(_BOM)
            if text.endswith(b"\n") or not (rest := source.readline(limit)):
                text = text.strip()
            else:  # not stripped: the beginning of a long line of spaces is not an empty line
                end += _skip_line(source, rest, limit)
            if text:
                yield Line(number, end, text)


def _skip_line(source: BinaryIO, first: bytes, limit: int) -> int:
    """Skip the rest of a line that began with `first`, and return its size in bytes."""
    size = len(first)
    while not first.endswith(b"\n") and (first := source.readline(limit)):
        size += len(first)
    return size


def find_problem(line: Line, store_id: str) -> str | None:
    """Return why a line cannot be sent, or None if it can."""
    if len(line.text) > BATCH_BYTES:
        return f"longer than the limit of {BATCH_BYTES:,} bytes"
    try:
        message = order_messages.parse(line.text.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except OrderRefusedError as error:
        return error.detail
    if any(character in line.text for character in _REFUSED_CHARACTERS):
        return "contains U+FFFE or U+FFFF, which SQS refuses"
    return None if message.store_id == store_id else f"an order of store {message.store_id}, not of {store_id}"
