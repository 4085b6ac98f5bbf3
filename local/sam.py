"""Builds template.yaml with the SAM CLI and deploys it to the local cloud."""

import contextlib
import os
import platform
import signal
import subprocess
from pathlib import Path

from local.environment import api_url, clean_environment
from local.ministack import last_lines
from local.paths import ROOT

STACK = "clientela-local"
SENDER = "shop@clientela.example"
NO_VIES = "http://127.0.0.1:9"  # nothing listens there, so that no public registry is called
_STOP_SECONDS = 3  # an interrupted build starts again anyway


class DeploymentError(RuntimeError):
    """`sam` failed. The message contains the end of its output."""


def build(state: Path) -> None:
    """Run `sam build` into `state`. Unchanged functions and layers come from the cache."""
    folder = state / "sam"
    command = ["build", "--cached", "--parallel", "--build-dir", str(folder / "build")]
    _sam(state, [*command, "--cache-dir", str(folder / "cache")], _parameters())


def deploy(state: Path, endpoint: str) -> None:
    """Run `sam deploy` with the result of `build` to the cloud at `endpoint`."""
    command = ["deploy", "--template-file", str(state / "sam" / "build" / "template.yaml"), "--stack-name", STACK]
    parameters = [*_parameters(), f"PublicUrl={api_url(endpoint)}"]
    _sam(state, [*command, "--no-progressbar"], parameters, AWS_ENDPOINT_URL=endpoint)


def _sam(state: Path, arguments: list[str], parameters: list[str], **extra: str) -> None:
    environment = clean_environment(SAM_CLI_TELEMETRY="0", **extra)
    log = state / f"sam-{arguments[0]}.log"
    with log.open("wb") as file:
        settings = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
        command = ["sam", *arguments, *settings, "--parameter-overrides", *parameters]
        status = _run(command, environment, file.fileno())
    if status != 0:
        raise DeploymentError(f"sam {arguments[0]} failed. {last_lines(log)}")


def _run(command: list[str], environment: dict[str, str], log: int) -> int:
    """Run a command and return its exit status.

    On an interrupt, also end the child processes of `sam`.
    """
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            _end_group(process)
            raise


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


def _parameters() -> list[str]:
    # The functions run on this machine's processor. A local cloud has no data to protect from
    # deletion.
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    values = {
        "Stage": "local",
        "Architecture": architecture,
        "DeletionProtection": "false",
        "SenderAddress": SENDER,
        "ViesUrl": NO_VIES,
        "ExportPartRows": "20",  # so that the sample's customers are exported in parts
    }
    return [f"{name}={value}" for name, value in values.items()]
