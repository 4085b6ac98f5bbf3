"""How far a file of orders is sent, kept beside nothing and known by its content: an interrupted run goes on from there."""

import hashlib
import os
import time
from pathlib import Path

import orjson

from clientela_cli.failures import USAGE, Failure
from clientela_cli.order_file import Position

_SAVED_EVERY = 1.0  # seconds: what is sent after the last time is sent again if the process is killed


class SendState:
    """The note of one file, for one store and one queue."""

    def __init__(self, file: Path, store_id: str, queue_url: str, rejects: Path | None) -> None:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        key = hashlib.sha256("\n".join((digest, store_id, queue_url)).encode()).hexdigest()
        self._note = _folder() / f"{key}.json"
        self._rejects = str(rejects.resolve()) if rejects else None
        self._saved_at = 0.0

    def read(self) -> Position | None:
        """Where the last run stopped; None where there is none to go on with. Failure where it was another kind of run."""
        try:
            note = orjson.loads(self._note.read_bytes())
            position, before = Position(**note["position"]), note["rejects"]
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError):  # half of it, or another version's
            return None
        if before != self._rejects:
            option = f"--rejects {before}" if before else "no --rejects"
            raise Failure(
                f"A run with {option} was interrupted at line {position.line}: go on with that, or --restart.", USAGE
            )
        return position

    def write(self, position: Position, *, at_once: bool = False) -> None:
        """Note that all is sent up to here, once a second. Whole or not at all: a reader never sees half of it."""
        if not at_once and time.monotonic() - self._saved_at < _SAVED_EVERY:
            return
        self._saved_at = time.monotonic()
        self._note.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._note.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(orjson.dumps({"position": position._asdict(), "rejects": self._rejects}))
        scratch.replace(self._note)

    def forget(self) -> None:
        """All is sent, or shall be sent anew."""
        self._note.unlink(missing_ok=True)


def _folder() -> Path:
    """The place for such notes: https://specifications.freedesktop.org/basedir-spec/latest/."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "clientela" / "sent"
