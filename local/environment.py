"""Environment variables for the local cloud's processes. They cannot reach a real account."""

import os
import sys
from pathlib import Path

REGION = "us-east-1"
ACCESS_KEY = "test"  # the local cloud's root key pair; valid nowhere else
API_ID = "clientela"
SCHEDULER_CLOCK = "CLIENTELA_SCHEDULER_CLOCK"  # the variable with the file of the Scheduler's time
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
_SYSTEM = {"HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
    "AWS_DEFAULT_REGION": REGION,
}


def api_url(endpoint: str) -> str:
    """Return the base URL of the HTTP API in the local cloud at `endpoint`.

    It is known before deployment.
    """
    # The stage "$default", encoded so that a shell does not expand it.
    return f"{endpoint}/_aws/execute-api/{API_ID}/%24default"


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment with `extra`, but without its AWS settings and proxies.

    A command that forgets the endpoint fails with invalid keys, and cannot reach an account.
    """
    inherited = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    return {**inherited, "PATH": _path(), **_ACCOUNT, **extra}


def bare_environment(**extra: str) -> dict[str, str]:
    """Return the minimum that a program needs, with `extra`.

    The functions inherit this environment.
    """
    inherited = {name: value for name, value in os.environ.items() if name in _SYSTEM}
    return {**inherited, "PATH": _path(), **_ACCOUNT, **extra}


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _is_foreign(name: str) -> bool:
    return name.startswith(("AWS_", "SAM_")) or name.upper() in _PROXIES
