"""The real build: `sam build` of template.yaml for this machine, once for all tests of its output."""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.template_file import PROJECT

CACHE = PROJECT / ".cache" / "template-tests"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder with the built functions and layers. Built anew, so it is never an old one: 5 s by SAM's cache.

    A copy of the test run's own, which its processes share: whoever builds next replaces SAM's folder.
    """
    base = tmp_path_factory.getbasetemp()
    copy = (base if worker_id == "master" else base.parent) / "build"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            _build(copy)
    return copy


def _build(copy: Path) -> None:
    built = subprocess.run(sam_build(), cwd=PROJECT, env=environment(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    shutil.copytree(CACHE / "build", copy)


def sam_build() -> list[str]:
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    folders = ["--build-dir", str(CACHE / "build"), "--cache-dir", str(CACHE / "cache")]
    return ["sam", "build", "--config-env", "local", *folders, "--parameter-overrides", f"Architecture={architecture}"]


def environment() -> dict[str, str]:
    """This environment's own `sam` and `python3.13` come first, and nothing is reported home."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
