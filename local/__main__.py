"""The local cloud's command line: `python -m local start [--demo] | stop | status | demo`."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from local import demo, lock, outputs
from local.cloud import Cloud, local_cloud
from local.demo_shop import DemoFailedError
from local.ministack import MinistackError
from local.paths import state_dir
from local.sam import DeploymentError

_STOP_SECONDS = 300  # the emulator ends slowly on a busy machine


def start(state: Path, *, with_shop: bool = False) -> int:
    """Run a local cloud until Ctrl-C or SIGTERM, optionally with the demo's shop."""
    _interrupt_on_signals()
    try:
        with local_cloud(state, say=lambda line: print(line, flush=True)) as cloud:
            key = _load_shop(cloud) if with_shop else None
            _print_addresses(cloud.outputs)
            if key:
                _print_examples(cloud.outputs, key)
            while True:
                cloud.check()
                time.sleep(0.5)
    except KeyboardInterrupt:
        print("The local cloud has stopped.")
        return 0
    except (lock.AlreadyRunningError, MinistackError, DeploymentError, DemoFailedError) as error:
        print(error, file=sys.stderr)
        return 1


def stop(state: Path) -> int:
    """Stop the local cloud that runs in `state`, and wait until its process has ended."""
    process = lock.holder(state)
    if process is None:
        print("No local cloud is running.")
        return 0
    with suppress(ProcessLookupError):  # it has ended since its id was read
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while lock.holder(state) == process or _is_running(process):  # it still works after releasing the lock
        if time.monotonic() > deadline:
            print(f"Process {process} is still running after {_STOP_SECONDS} s.", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("The local cloud has stopped.")
    return 0


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that has ended keeps its id until its parent has noticed; some never do. Linux tells.
    status = Path(f"/proc/{process}/stat")
    with suppress(FileNotFoundError, ProcessLookupError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()


def status(state: Path) -> int:
    """Print whether a local cloud runs, and its addresses. Return 1 if none runs."""
    process, addresses = lock.holder(state), outputs.read(state)
    if process is None:
        print("No local cloud is running.")
        return 1
    if addresses is None:
        print(f"A local cloud is starting (process {process}).")
        return 0
    print(f"A local cloud is running (process {process}).")
    _print_addresses(addresses)
    return 0


def _load_shop(cloud: Cloud) -> str:
    print("Importing the customers and orders of the Chinook shop ...", flush=True)
    return demo.load_shop(cloud.outputs, cloud.state)


def _print_examples(addresses: outputs.Outputs, key: str) -> None:
    print(
        f"""  The store chinook is ready, with customers and orders. Its API key:
  {key}

Try, in another terminal:
  .venv/bin/clientela --local customers list chinook --sort=-spent
  curl -H 'Authorization: Bearer {key}' '{addresses.api_url}/v1/stores/chinook/customers?limit=1'

Ctrl-C stops the local cloud.
""",
        flush=True,
    )


def _print_addresses(addresses: outputs.Outputs) -> None:
    print(
        f"""
  API      {addresses.api_url}/v1/openapi.json
  Mailbox  {addresses.mailbox_url}
  Shop     {addresses.storefront_url} (the demo's storefront: links in its mails lead there)
  Imports  {addresses.imports_bucket}
  Exports  {addresses.exports_bucket}
  Orders   {addresses.orders_queue_url}
  Table    {addresses.table}
  Events   {addresses.event_bus} (EventBridge bus)
  AWS      {addresses.endpoint_url} (for any AWS tool: set AWS_ENDPOINT_URL; keys test/test, region {addresses.region})
""",
        flush=True,
    )


def run_demo(state: Path) -> int:
    """Run the demo in a local cloud of its own."""
    _interrupt_on_signals()
    return demo.main(state)


def _interrupt_on_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A second Ctrl-C must not interrupt the clean-up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run the command of this process, and return its exit status."""
    commands: dict[str, Callable[[Path], int]] = {
        "start": start,
        "start --demo": partial(start, with_shop=True),
        "stop": stop,
        "status": status,
        "demo": run_demo,
    }
    command = commands.get(" ".join(sys.argv[1:]))
    if command is None:
        print(f"usage: python -m local {' | '.join(commands)}", file=sys.stderr)
        return 2
    return command(state_dir())


if __name__ == "__main__":
    sys.exit(main())
