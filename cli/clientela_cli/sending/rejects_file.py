"""The rejects file: bad lines of an order file, each as JSON with its number and the reason."""

from pathlib import Path

import orjson

from clientela_cli.console.exit_codes import USAGE, CommandError
from clientela_cli.sending.order_file import Line, Position
from clientela_cli.sending.sqs_queue import BATCH_BYTES


class RejectsFile:
    """A new rejects file, or the one of an interrupted run, cut back to the position of that run.

    `count` is the number of lines in it.

    Raises:
        CommandError: the file exists already, or is not the one of the interrupted run.
    """

    def __init__(self, path: Path, resume_at: Position | None) -> None:
        size = path.stat().st_size if path.exists() else 0
        end = resume_at.rejects_bytes if resume_at else 0
        if resume_at and size < end:
            raise CommandError(
                f"{path} is not the file that the interrupted run wrote: restore it, or use --restart.", USAGE
            )
        if size and not resume_at:
            raise CommandError(f"{path} exists already: name another file, or remove it.", USAGE)
        self.count = resume_at.rejected if resume_at else 0
        # Unbuffered: a position must not be saved before its rejects are written.
        self._file = path.open("r+b" if size else "wb", buffering=0)
        self._file.truncate(end)  # the lines after the position will be rejected again
        self._file.seek(end)

    def write(self, line: Line, reason: str) -> int:
        """Write a rejected line with its reason, and return the new size of the file."""
        text = line.text[:BATCH_BYTES].decode(errors="replace")
        self._file.write(orjson.dumps({"line": line.number, "reason": reason, "text": text}) + b"\n")
        self.count += 1
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
