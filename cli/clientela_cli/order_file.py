"""A file of order messages, one JSON document a line, read in constant memory however long it or a line is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from clientela.errors import OrderRefusedError
from clientela.orders import order_messages
from clientela_cli.failures import Failure
from clientela_cli.queues import BATCH_BYTES

_BOM = b"\xef\xbb\xbf"
# Two characters that JSON may hold and SQS refuses, U+FFFE and U+FFFF, in UTF-8:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_SHOWN = 5  # bad lines: whoever made the file mostly made one mistake many times
_TOLD_EVERY = 500  # lines: a progress bar has its price


class Position(NamedTuple):
    """How far a file is read: all that is needed to go on behind a line."""

    offset: int = 0  # bytes
    line: int = 0  # counted from 1
    messages: int = 0
    rejected: int = 0
    rejects_bytes: int = 0  # of the file of rejects, at that line


BEGINNING = Position()


class Line(NamedTuple):
    """A line of the file that is not empty; of one that is too long to be a message, only its beginning."""

    number: int
    end: int  # offset of the next one
    text: bytes


class Message(NamedTuple):
    """A message to send, and the position behind it."""

    text: str
    at: Position


# Told of a line that is no message, and why; gives the size of the file of rejects with it.
type Reject = Callable[[Line, str], int]


def check(file: Path, store_id: str, read: Callable[[int], None]) -> None:
    """Failure unless all lines are orders of this store, and there are any. `read` is told each line's end."""
    problems, messages = [], 0
    for line in lines(file, BEGINNING):
        messages += 1
        if problem := problem_of(line, store_id):
            problems.append(f"line {line.number}: {problem}"[:1000])
            if len(problems) > _SHOWN:
                break
        if messages % _TOLD_EVERY == 0:
            read(line.end)
    if problems:
        rest = "; and more" if len(problems) > _SHOWN else ""
        raise Failure(
            f"{file.name}, nothing was sent: {'; '.join(problems[:_SHOWN])}{rest}. "
            "Mend the file, or give --rejects FILE to send the good lines and have the bad ones written there."
        )
    if not messages:
        raise Failure(f"{file.name} holds no order message: nothing was sent.")


def checked_messages(file: Path, start: Position) -> Iterator[Message]:
    """The messages of a file that has passed the check, from a position on."""
    messages = start.messages
    for line in lines(file, start):
        messages += 1
        yield Message(line.text.decode(), start._replace(offset=line.end, line=line.number, messages=messages))


def good_messages(file: Path, start: Position, store_id: str, reject: Reject) -> Iterator[Message]:
    """The messages of a file that holds others, too, from a position on; those are rejected on the way."""
    at = start
    for line in lines(file, start):
        at = at._replace(offset=line.end, line=line.number)
        if problem := problem_of(line, store_id):
            at = at._replace(rejected=at.rejected + 1, rejects_bytes=reject(line, problem))
        else:
            at = at._replace(messages=at.messages + 1)
            yield Message(line.text.decode(), at)


def lines(file: Path, start: Position) -> Iterator[Line]:
    """The file's lines from a position on; empty ones are passed over."""
    longest = BATCH_BYTES + len(_BOM) + 2  # one that is read to here without an end is too long
    number, end = start.line, start.offset
    with file.open("rb") as source:
        source.seek(start.offset)
        while text := source.readline(longest):
            number, end = number + 1, end + len(text)
            if number == 1:
                text = text.removeprefix(_BOM)
            if text.endswith(b"\n") or not (rest := source.readline(longest)):
                text = text.strip()
            else:  # as it is: the beginning of a long line of spaces is no empty line
                end += _rest(source, rest, longest)
            if text:
                yield Line(number, end, text)


def _rest(source: BinaryIO, first: bytes, longest: int) -> int:
    """Pass over the rest of a line; how many bytes it was."""
    size = len(first)
    while not first.endswith(b"\n") and (first := source.readline(longest)):
        size += len(first)
    return size


def problem_of(line: Line, store_id: str) -> str | None:
    """Why a line cannot be sent, or None where it can."""
    if len(line.text) > BATCH_BYTES:
        return f"longer than the {BATCH_BYTES:,} bytes that a message may have"
    try:
        message = order_messages.parse(line.text.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except OrderRefusedError as error:
        return error.detail
    if any(sign in line.text for sign in _REFUSED):
        return "holds U+FFFE or U+FFFF, which SQS does not take"
    return None if message.store_id == store_id else f"an order of the store {message.store_id}, not of {store_id}"
