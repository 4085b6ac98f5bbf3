"""Free ports of the loopback interface, and waiting for somebody to listen on one."""

import socket
import subprocess
import time

HOST = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on now. The system gives another one at each call, so two starters rarely meet."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(port: int, process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Return when `process` listens on `port`.

    Raises ChildProcessError when the process has ended, TimeoutError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ChildProcessError(f"it ended with status {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {seconds:.0f} s")
