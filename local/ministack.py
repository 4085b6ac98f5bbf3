"""MiniStack, the local cloud's AWS emulator, as a child process on a port of 127.0.0.1."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from local.environment import SCHEDULER_CLOCK, bare_environment
from local.paths import ROOT
from local.ports import HOST, free_port

_START_SECONDS = 300  # about 3 s on an idle machine, more than 60 s on a busy one
_STOP_SECONDS = 3  # nothing in memory must be saved
_LOG_LINES = 20
CLOCK = "scheduler_clock"  # a file in `state`: the time of EventBridge Scheduler, if it is not now
_SETTINGS = {
    "BIND_HOST": HOST,
    "MINISTACK_HOST": HOST,
    "AUTH": "true",
    "SFN_WAIT_SCALE": "0.02",  # shortens the retry waits of state machines
    "IOT_MTLS_ENABLED": "0",  # these two would open more ports
    "SFTP_ENABLED": "0",
    "LANG": "C.UTF-8",  # the functions inherit these two, as on AWS
    "TZ": "UTC",
    "PYTHONUNBUFFERED": "1",
}


class MinistackError(RuntimeError):
    """MiniStack did not start, or has ended. The message contains the last lines of its log."""


@contextlib.contextmanager
def ministack(state: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run MiniStack with IAM enforced, and return its endpoint URL and its process.

    All data is in memory. The log is `ministack.log` in `state`. The functions' processes end with
    MiniStack.

    Raises:
        MinistackError: MiniStack did not start.
    """
    port = free_port()
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with (state / "ministack.log").open("wb") as log:
        process = _spawn(port, scratch, log.fileno())
        try:
            _wait_until_healthy(process, f"http://{HOST}:{port}", state / "ministack.log")
            yield f"http://{HOST}:{port}", process
        finally:
            _stop(process)
            shutil.rmtree(scratch, ignore_errors=True)


def _spawn(port: int, scratch: Path, log: int) -> "subprocess.Popen[bytes]":
    # Without AWS_ENDPOINT_URL, because the functions inherit this environment.
    clock = {SCHEDULER_CLOCK: str(scratch.parent / CLOCK)}
    environment = bare_environment(GATEWAY_PORT=str(port), TMPDIR=str(scratch), **clock, **_SETTINGS)
    command = [sys.executable, "-m", "local.engine"]
    # In a new session, so that Ctrl-C does not reach it, and one signal ends it with all functions.
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
    )


def _wait_until_healthy(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_healthy(endpoint):
        check_alive(process, log)
        if time.monotonic() > deadline:
            raise MinistackError(f"MiniStack is not ready after {_START_SECONDS} s. {last_lines(log)}")
        time.sleep(0.1)


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def check_alive(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Raise MinistackError with the last lines of the log if the process has ended."""
    if process.poll() is not None:
        raise MinistackError(f"MiniStack ended with status {process.returncode}. {last_lines(log)}")


def last_lines(log: Path) -> str:
    """Return the last lines of a log file for an error message."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([f"The last lines of {log}:", *lines])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    # First SIGTERM to MiniStack, which ends its functions. Then SIGKILL to the group, for what
    # still runs.
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()
