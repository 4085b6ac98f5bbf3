"""The local cloud's command line: `python -m local start [--demo] | stop | status | demo`."""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from local import demo, lock, outputs
from local.cloud import Cloud, local_cloud
from local.ministack import MinistackError
from local.paths import state_dir
from local.sam import DeploymentError
from local.shop import WrongError

_STOP_SECONDS = 30


def start(state: Path, *, with_shop: bool = False) -> int:
    """Run a local cloud in the foreground until Ctrl-C or SIGTERM; with the demo's shop in it if wished."""
    _end_cleanly()
    try:
        with local_cloud(state, say=lambda line: print(line, flush=True)) as cloud:
            key = _fill(cloud) if with_shop else None
            _describe(cloud.outputs)
            if key:
                _invite(cloud.outputs, key)
            while True:
                cloud.check()
                time.sleep(0.5)
    except KeyboardInterrupt:
        print("The local cloud has ended.")
        return 0
    except (lock.AlreadyRunningError, MinistackError, DeploymentError, WrongError) as error:
        print(error, file=sys.stderr)
        return 1


def stop(state: Path) -> int:
    """End the local cloud that runs in `state`, and wait until it has."""
    process = lock.holder(state)
    if process is None:
        print("No local cloud is running.")
        return 0
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while lock.holder(state) == process:
        if time.monotonic() > deadline:
            print(f"Process {process} has not ended after {_STOP_SECONDS} s.", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("The local cloud has ended.")
    return 0


def status(state: Path) -> int:
    """Say whether a local cloud runs, and where; status 1 when none does."""
    process, found = lock.holder(state), outputs.read(state)
    if process is None:
        print("No local cloud is running.")
        return 1
    if found is None:
        print(f"A local cloud is starting (process {process}).")
        return 0
    print(f"A local cloud is running (process {process}).")
    _describe(found)
    return 0


def _fill(cloud: Cloud) -> str:
    print("Importing the customers and orders of the Chinook shop ...", flush=True)
    return demo.fill(cloud.outputs, cloud.state)


def _invite(found: outputs.Outputs, key: str) -> None:
    print(
        f"""  The store chinook is there with its customers and orders; its API key:
  {key}

Try, in another terminal:
  .venv/bin/clientela --local customers list chinook --sort=-spent
  curl -H 'Authorization: Bearer {key}' '{found.api_url}/v1/stores/chinook/customers?limit=1'

Ctrl-C ends it all.
""",
        flush=True,
    )


def _describe(found: outputs.Outputs) -> None:
    print(
        f"""
  API      {found.api_url}/v1/openapi.json
  Mailbox  {found.mailbox_url}
  Imports  {found.imports_bucket}
  Exports  {found.exports_bucket}
  Orders   {found.orders_queue_url}
  Table    {found.table}
  Events   {found.event_bus}, a bus of EventBridge
  AWS      {found.endpoint_url} (any AWS tool: AWS_ENDPOINT_URL, keys test/test, region {found.region})
""",
        flush=True,
    )


def show(state: Path) -> int:
    """Go through the demo, on a local cloud of its own."""
    _end_cleanly()
    return demo.main(state)


def _end_cleanly() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A second Ctrl-C must not break into the clean-up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run the command named on the command line; returns the exit status."""
    commands: dict[str, Callable[[Path], int]] = {
        "start": start,
        "start --demo": partial(start, with_shop=True),
        "stop": stop,
        "status": status,
        "demo": show,
    }
    command = commands.get(" ".join(sys.argv[1:]))
    if command is None:
        print(f"usage: python -m local {' | '.join(commands)}", file=sys.stderr)
        return 2
    return command(state_dir())


if __name__ == "__main__":
    sys.exit(main())
