"""The lines of an order file that are no orders of its store: each with its number and the reason, as JSON."""

from pathlib import Path

import orjson

from clientela_cli.failures import USAGE, Failure
from clientela_cli.order_file import Line, Position
from clientela_cli.queues import BATCH_BYTES


class RejectsFile:
    """Opened behind what the interrupted run wrote up to its position; `count` is how many lines it holds. Failure."""

    def __init__(self, path: Path, before: Position | None) -> None:
        size, kept = path.stat().st_size if path.exists() else 0, before.rejects_bytes if before else 0
        if before and size < kept:
            raise Failure(f"{path} is not the file that the interrupted run wrote: put it back, or --restart.", USAGE)
        if size and not before:
            raise Failure(f"{path} is there already: name another file, or remove it.", USAGE)
        self.count = before.rejected if before else 0
        # Unbuffered: no position must be noted whose rejects are not written.
        self._file = path.open("r+b" if size else "wb", buffering=0)
        self._file.truncate(kept)  # what was written behind the position is found again
        self._file.seek(kept)

    def write(self, line: Line, reason: str) -> int:
        """Write a line that is rejected, and why; the size of the file with it."""
        text = line.text[:BATCH_BYTES].decode(errors="replace")
        self._file.write(orjson.dumps({"line": line.number, "reason": reason, "text": text}) + b"\n")
        self.count += 1
        return self._file.tell()

    def close(self) -> None:
        """All lines are read."""
        self._file.close()
