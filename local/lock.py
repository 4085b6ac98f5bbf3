"""One local cloud per state folder: the lock, and who holds it.

The system drops the lock when its process ends, however it ends: a file left by a killed one holds nobody back.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_ATTEMPTS = 3  # somebody who only looks holds the lock for an instant


class AlreadyRunningError(RuntimeError):
    """A local cloud runs in this folder."""


@contextlib.contextmanager
def running(state: Path) -> Iterator[None]:
    """Be the one local cloud of `state`. Raises AlreadyRunningError, and touches nothing, when there is one."""
    state.mkdir(parents=True, exist_ok=True)
    with _file(state).open("a+") as file:
        if not _lock(file.fileno()):
            raise AlreadyRunningError(
                f"A local cloud is already running here (process {holder(state)}): see `make stop`."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(state: Path) -> int | None:
    """The process id of the local cloud that runs in `state`, None when there is none."""
    try:
        with _file(state).open("r+") as file:
            return None if _lock(file.fileno()) else int(file.read() or 0)
    except FileNotFoundError:
        return None


def _file(state: Path) -> Path:
    return state / "pid"


def _lock(descriptor: int) -> bool:
    """Whether the lock is ours now, until the file is closed."""
    for _attempt in range(_ATTEMPTS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
