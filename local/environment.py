"""The environment of everything the local cloud starts: its own credentials, no way to a real account."""

import os
import sys
from pathlib import Path

REGION = "us-east-1"
ACCESS_KEY = "test"  # the root key pair of the local cloud; it opens nothing else
API_ID = "clientela"
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
    """Base URL of the HTTP API in the local cloud at `endpoint`, known before it is deployed."""
    # "$default" is the stage; written like this, a shell leaves it alone.
    return f"{endpoint}/_aws/execute-api/{API_ID}/%24default"


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without AWS settings and proxies, with `extra`.

    Profiles, keys, endpoints and proxies of whoever runs it are left out, so a command that forgets the endpoint fails
    for its keys instead of reaching somebody's account.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    return {**kept, "PATH": _path(), **_ACCOUNT, **extra}


def bare_environment(**extra: str) -> dict[str, str]:
    """Only what a program needs to run, and `extra`: the functions inherit it, and none of the shell's settings."""
    kept = {name: value for name, value in os.environ.items() if name in _SYSTEM}
    return {**kept, "PATH": _path(), **_ACCOUNT, **extra}


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _is_foreign(name: str) -> bool:
    return name.startswith(("AWS_", "SAM_")) or name.upper() in _PROXIES
