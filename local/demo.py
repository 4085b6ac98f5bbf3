"""The demo: what Clientela does, shown on real data; and that data in a local cloud without the show."""

import time
from pathlib import Path

from rich.markup import escape

from local import demo_steps, lock
from local import shop as data
from local.cloud import local_cloud
from local.demo_steps import STEPS, console
from local.ministack import MinistackError
from local.outputs import Outputs
from local.sam import DeploymentError
from local.shop import STORE, Shop, WrongError, awaited

_NEXT = """
Next:
  make local                          keep this shop running; then, in another terminal:
  .venv/bin/clientela --local customers list chinook --sort=-spent
  .venv/bin/clientela --help
  make test                           run every test
  sam build && sam deploy --guided    the same on AWS
"""


def main(state: Path) -> int:
    """Start a local cloud, go through the steps, end it. 0 only if every step showed what it must."""
    started = time.monotonic()
    try:
        with local_cloud(state, say=lambda line: console.print(f"[dim]{line}[/]")) as cloud:
            shop = Shop(cloud.outputs, cloud.state)
            for number, step in enumerate(STEPS, 1):
                console.print()
                console.rule(f"[bold]{number}  {escape((step.__doc__ or '').rstrip('.'))}", align="left")
                step(shop)
    except KeyboardInterrupt:
        console.print("\nThe demo was interrupted; its local cloud has ended.")
        return 130
    except (WrongError, lock.AlreadyRunningError, MinistackError, DeploymentError) as error:
        console.print(f"\n[bold red]✗[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    console.print(
        f"\n[bold green]All {len(STEPS)} steps came out as they must[/], in {time.monotonic() - started:.0f} s."
    )
    console.print(_NEXT, highlight=False, soft_wrap=True)
    return 0


def fill(outputs: Outputs, state: Path) -> str:
    """Put the shop with its customers and orders into a running local cloud; the merchant's API key. WrongError."""
    shop = Shop(outputs, state)
    shop.json("stores", "create", STORE, *demo_steps.STORE_OPTIONS)
    shop.key = shop.json("keys", "create", STORE, "--name", "demo")["key"]
    shop.json("imports", "upload", STORE, data.CUSTOMERS)
    shop.json("orders", "send", STORE, data.ORDERS)
    awaited("The last order", lambda: True if shop.waiting_orders() == 0 else None)
    return shop.key
