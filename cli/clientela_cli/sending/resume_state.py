"""Remembers how far an order file is sent, so that an interrupted run can resume.

A file is recognised by its content.
"""

import hashlib
import os
import time
from pathlib import Path

import orjson

from clientela_cli.console.exit_codes import USAGE, CommandError
from clientela_cli.sending.order_file import Position

_SAVE_SECONDS = 1.0  # if the process is killed, the next run repeats up to this much


class ResumeState:
    """The saved position of one file, for one store and one queue."""

    def __init__(self, file: Path, store_id: str, queue_url: str, rejects: Path | None) -> None:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        key = hashlib.sha256("\n".join((digest, store_id, queue_url)).encode()).hexdigest()
        self._path = _folder() / f"{key}.json"
        self._rejects = str(rejects.resolve()) if rejects else None
        self._saved_at = 0.0

    def load(self) -> Position | None:
        """Return the position where the last run stopped, or None if there is nothing to resume.

        Raises:
            CommandError: the last run had other --rejects.
        """
        try:
            saved = orjson.loads(self._path.read_bytes())
            position, rejects = Position(**saved["position"]), saved["rejects"]
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError):  # damaged, or from another version
            return None
        if rejects != self._rejects:
            option = f"with --rejects {rejects}" if rejects else "without --rejects"
            raise CommandError(
                f"A run {option} was interrupted at line {position.line}: continue it {option}, or use --restart.",
                USAGE,
            )
        return position

    def save(self, position: Position, *, now: bool = False) -> None:
        """Save that everything up to this position is sent: at most once a second, unless `now`.

        The file is replaced as a whole, so that a reader never sees half of it.
        """
        if not now and time.monotonic() - self._saved_at < _SAVE_SECONDS:
            return
        self._saved_at = time.monotonic()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(orjson.dumps({"position": position._asdict(), "rejects": self._rejects}))
        scratch.replace(self._path)

    def clear(self) -> None:
        """Forget the position: the file is sent completely, or will be sent from the beginning."""
        self._path.unlink(missing_ok=True)


def _folder() -> Path:
    """Return the user's state folder.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "clientela" / "sent"
