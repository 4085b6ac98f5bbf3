"""A lock that allows one local cloud per state folder.

The system releases the lock when its process ends, even if it was killed.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_ATTEMPTS = 3  # `holder` takes the lock for a moment


class AlreadyRunningError(RuntimeError):
    """Another local cloud runs in this folder."""


@contextlib.contextmanager
def running(state: Path) -> Iterator[None]:
    """Hold the lock of `state`.

    AlreadyRunningError if another process holds it; then nothing is changed.
    """
    state.mkdir(parents=True, exist_ok=True)
    with _file(state).open("a+") as file:
        if not _try_lock(file.fileno()):
            raise AlreadyRunningError(
                f"A local cloud is already running here (process {holder(state)}): stop it with `make stop`."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(state: Path) -> int | None:
    """Return the process id of the local cloud that runs in `state`, or None."""
    try:
        with _file(state).open("r+") as file:
            if _try_lock(file.fileno()):
                return None
            while not (process := file.read()):  # it has the lock and is just writing its id
                if _try_lock(file.fileno()):  # it ended before
                    return None
                file.seek(0)
            return int(process)
    except FileNotFoundError:
        return None


def _file(state: Path) -> Path:
    return state / "pid"


def _try_lock(descriptor: int) -> bool:
    """Return whether this process got the lock. It holds it until the file is closed."""
    for _attempt in range(_ATTEMPTS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
