"""The addresses of a running local cloud: `outputs.json` in its state folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outputs:
    """Addresses and resource names of a local cloud. No URL ends with a slash."""

    api_url: str  # `${api_url}/v1/stores/...`
    imports_bucket: str
    exports_bucket: str
    orders_queue_url: str
    table: str
    event_bus: str
    mailbox_url: str
    storefront_url: str  # of the demo's shop
    endpoint_url: str  # for every AWS service
    region: str


def write(state: Path, outputs: Outputs) -> None:
    """Write the file atomically: a reader never sees half of it."""
    scratch = _file(state).with_suffix(".new")
    scratch.write_text(json.dumps(asdict(outputs), indent=2) + "\n")
    scratch.replace(_file(state))


def read(state: Path) -> Outputs | None:
    """Return the outputs of the running local cloud, or None if it is not ready or not running."""
    try:
        return Outputs(**json.loads(_file(state).read_text()))
    except FileNotFoundError:
        return None


def remove(state: Path) -> None:
    """Remove the file, so that nobody calls a local cloud that has stopped."""
    _file(state).unlink(missing_ok=True)


def _file(state: Path) -> Path:
    return state / "outputs.json"
