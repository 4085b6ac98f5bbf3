"""Free ports of the loopback interface."""

import socket
import subprocess
import time

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that is free now. The system returns a different one at each call."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(port: int, process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait until `process` listens on `port`.

    Raises:
        ChildProcessError: the process has ended.
        TimeoutError: the process does not listen after `seconds`.
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
