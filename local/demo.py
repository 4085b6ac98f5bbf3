"""The demo: runs Clientela on real data step by step, or only loads the data into a local cloud."""

import time
from pathlib import Path

from rich.markup import escape

from local import demo_shop as data
from local import demo_steps, lock
from local.cloud import local_cloud
from local.demo_shop import STORE, DemoFailedError, Shop, wait_for
from local.demo_steps import STEPS, console
from local.ministack import MinistackError
from local.outputs import Outputs
from local.sam import DeploymentError

_NEXT = """
Next:
  make local                          keep this shop running; try in another terminal:
  .venv/bin/clientela --local customers list chinook --sort=-spent
  .venv/bin/clientela --help
  make test                           run every test
  sam build && sam deploy --guided    deploy to AWS
"""


def main(state: Path) -> int:
    """Start a local cloud, run the steps, and stop it.

    Return 0 if every step gave the expected result.
    """
    started = time.monotonic()
    try:
        with local_cloud(state, say=lambda line: console.print(f"[dim]{line}[/]")) as cloud:
            shop = Shop(cloud.outputs, cloud.state)
            for number, step in enumerate(STEPS, 1):
                console.print()
                console.rule(f"[bold]{number}  {escape((step.__doc__ or '').rstrip('.'))}", align="left")
                step(shop)
    except KeyboardInterrupt:
        console.print("\nThe demo was interrupted; its local cloud has stopped.")
        return 130
    except (DemoFailedError, lock.AlreadyRunningError, MinistackError, DeploymentError) as error:
        console.print(f"\n[bold red]✗[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    console.print(
        f"\n[bold green]All {len(STEPS)} steps gave the expected results[/] in {time.monotonic() - started:.0f} s."
    )
    console.print(_NEXT, highlight=False, soft_wrap=True)
    return 0


def load_shop(outputs: Outputs, state: Path) -> str:
    """Load the shop into a running local cloud, and return its API key.

    Raises:
        DemoFailedError: a command failed, or the orders were not processed in time.
    """
    shop = Shop(outputs, state)
    shop.json("stores", "create", STORE, *demo_steps.STORE_OPTIONS, "--storefront-url", outputs.storefront_url)
    shop.key = shop.json("keys", "create", STORE, "--name", "demo")["key"]
    shop.json("imports", "upload", STORE, data.CUSTOMERS)
    shop.json("orders", "send", STORE, data.ORDERS)
    wait_for("The last order", lambda: True if shop.waiting_orders() == 0 else None)
    return shop.key
