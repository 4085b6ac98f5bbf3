"""Where a running local cloud can be reached: `outputs.json` in its state folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outputs:
    """Addresses and names of a deployed local cloud. No URL ends in a slash."""

    api_url: str  # `${api_url}/v1/stores/...`
    imports_bucket: str
    exports_bucket: str
    orders_queue_url: str
    table: str
    event_bus: str
    mailbox_url: str
    endpoint_url: str  # of every AWS service
    region: str


def write(state: Path, outputs: Outputs) -> None:
    """Write the file whole or not at all: a reader never sees half of it."""
    scratch = _file(state).with_suffix(".new")
    scratch.write_text(json.dumps(asdict(outputs), indent=2) + "\n")
    scratch.replace(_file(state))


def read(state: Path) -> Outputs | None:
    """What the running local cloud wrote; None when it is not ready yet or not running."""
    try:
        return Outputs(**json.loads(_file(state).read_text()))
    except FileNotFoundError:
        return None


def remove(state: Path) -> None:
    """Nobody shall call a local cloud that has ended."""
    _file(state).unlink(missing_ok=True)


def _file(state: Path) -> Path:
    return state / "outputs.json"
