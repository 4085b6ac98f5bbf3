"""Building and deploying the real template with the SAM CLI, against the local cloud and without any other network."""

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
NO_VIES = "http://127.0.0.1:9"  # nobody listens there: trying things out asks no public registry
_STOP_SECONDS = 3  # what it has built is built anew


class DeploymentError(RuntimeError):
    """`sam` failed; the message holds the end of what it printed."""


def build(state: Path) -> None:
    """`sam build` into `state`. Unchanged functions and layers come from its cache."""
    folder = state / "sam"
    command = ["build", "--cached", "--parallel", "--build-dir", str(folder / "build")]
    _sam(state, [*command, "--cache-dir", str(folder / "cache")], _parameters())


def deploy(state: Path, endpoint: str) -> None:
    """`sam deploy` of what `build` made, to the cloud at `endpoint`."""
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
    """The exit status. Interrupted, it ends the program with all that it has started: sam leaves its children behind."""
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
    # The functions run on this machine's processor, and a deleted local cloud leaves nothing worth protecting.
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    values = {
        "Stage": "local",
        "Architecture": architecture,
        "DeletionProtection": "false",
        "SenderAddress": SENDER,
        "ViesUrl": NO_VIES,
    }
    return [f"{name}={value}" for name, value in values.items()]
