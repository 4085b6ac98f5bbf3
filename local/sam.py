"""Building and deploying the real template with the SAM CLI, against the local cloud and without any other network."""

import platform
import subprocess
from pathlib import Path

from local.environment import clean_environment
from local.ministack import last_lines
from local.paths import ROOT

STACK = "clientela-local"
SENDER = "shop@clientela.example"
NO_VIES = "http://127.0.0.1:9"  # nobody listens there: trying things out asks no public registry


class DeploymentError(RuntimeError):
    """`sam` failed; the message holds the end of what it printed."""


def build(state: Path) -> None:
    """`sam build` into `state`. Unchanged functions and layers come from its cache."""
    folder = state / "sam"
    _sam(
        state,
        ["build", "--cached", "--parallel", "--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache")],
    )


def deploy(state: Path, endpoint: str) -> None:
    """`sam deploy` of what `build` made, to the cloud at `endpoint`."""
    command = ["deploy", "--template-file", str(state / "sam" / "build" / "template.yaml"), "--stack-name", STACK]
    _sam(state, [*command, "--no-progressbar"], AWS_ENDPOINT_URL=endpoint)


def _sam(state: Path, arguments: list[str], **extra: str) -> None:
    environment = clean_environment(SAM_CLI_TELEMETRY="0", **extra)
    log = state / f"sam-{arguments[0]}.log"
    with log.open("wb") as file:
        settings = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
        command = ["sam", *arguments, *settings, "--parameter-overrides", *_parameters()]
        result = subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=file, check=False)
    if result.returncode != 0:
        raise DeploymentError(f"sam {arguments[0]} failed. {last_lines(log)}")


def _parameters() -> list[str]:
    # The functions run on this machine's processor, and a deleted local cloud leaves nothing worth protecting.
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    values = {
        "Stage": "local", "Architecture": architecture, "DeletionProtection": "false", "SenderAddress": SENDER,
        "ViesUrl": NO_VIES,
    }  # fmt: skip
    return [f"{name}={value}" for name, value in values.items()]
