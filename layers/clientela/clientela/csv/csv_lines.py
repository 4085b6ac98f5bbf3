"""The lines of a CSV file: decoded one by one, with their size in the file.

A line that cannot be decoded, or that is endless, spoils no other line. The size of every line is
exact, because the chunks of an import are read by their positions in the file.
"""

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

BLOCK_BYTES = 262_144
MAX_BYTES = 1_000_000  # of a line: more is a damaged file, or one of another kind
KEPT_BYTES = 1_000  # of a line that is longer

_CONTINUATIONS = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that do not begin a character
_NOT_ASTRAL = bytes(range(0xF0))  # bytes that do not begin a character of four bytes


class CsvLine(NamedTuple):
    """One line with its end (CR LF, LF or CR), and its bytes in the file.

    `fault` is `encoding_invalid` if the text has bytes of another encoding, and `record_too_long`
    if only its beginning was read; empty for most lines.
    """

    text: str
    size: int
    fault: str = ""


def read(stream: BinaryIO, encoding: str) -> Iterator[CsvLine]:
    """Yield the lines of a stream."""
    if encoding.startswith("utf-16"):
        yield from _read_utf_16(stream, encoding)
        return
    for content, dropped in _split(iter(lambda: stream.read(BLOCK_BYTES), b""), len):
        try:
            yield CsvLine(content.decode(encoding), len(content) + dropped, "record_too_long" if dropped else "")
        except UnicodeDecodeError:
            yield _undecodable(content, encoding, len(content), dropped)


def read_bytes(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream whose encoding contains ASCII; the beginning of a long one."""
    return (content for content, _ in _split(iter(lambda: stream.read(BLOCK_BYTES), b""), len))


def _split(blocks: Iterator[bytes], size_of: Callable[[bytes], int]) -> Iterator[tuple[bytes, int]]:
    """Yield each line of an encoding that contains ASCII, and the size of what a long one lost."""
    rest, dropped = b"", 0
    for block in blocks:
        parts = (rest + block).splitlines(keepends=True)
        # A CR at the end of a block may be the first half of CR LF.
        rest = b"" if parts[-1].endswith(b"\n") else parts.pop()
        for part in parts:
            yield _shorten(part, dropped, size_of)
            dropped = 0
        rest, dropped = _shorten(rest, dropped, size_of)
    for part in rest.splitlines(keepends=True):
        yield _shorten(part, dropped, size_of)
        dropped = 0


def _shorten(line: bytes, dropped: int, size_of: Callable[[bytes], int]) -> tuple[bytes, int]:
    """Return a line, or the beginning of a long one with its end, and the size of what it lost.

    `dropped` is what it has lost before. The same line is cut alike wherever the blocks begin.
    """
    if not dropped and len(line) <= MAX_BYTES:
        return line, 0
    end = line[len(line.rstrip(b"\r\n")) :]
    return line[:KEPT_BYTES] + end, dropped + size_of(line[KEPT_BYTES : len(line) - len(end)])


def _undecodable(content: bytes, encoding: str, size: int, dropped: int) -> CsvLine:
    text = content.decode(encoding, "replace")
    return CsvLine(text, size + dropped, "record_too_long" if dropped else "encoding_invalid")


def _read_utf_16(stream: BinaryIO, encoding: str) -> Iterator[CsvLine]:
    """Yield the lines of UTF-16, in which a byte is no character, by way of UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    blocks = (
        decoder.decode(block).encode("utf-8", "surrogatepass") for block in iter(lambda: stream.read(BLOCK_BYTES), b"")
    )
    for content, dropped in _split((block for block in blocks if block), _utf_16_size):
        size = _utf_16_size(content)
        try:
            yield CsvLine(content.decode(), size + dropped, "record_too_long" if dropped else "")
        except UnicodeDecodeError:  # half of a surrogate pair
            yield _undecodable(content, "utf-8", size, dropped)


def _utf_16_size(content: bytes) -> int:
    """Return the size in UTF-16 of UTF-8: two bytes for a character, four for an astral one."""
    return 2 * len(content.translate(None, _CONTINUATIONS)) + 2 * len(content.translate(None, _NOT_ASTRAL))
