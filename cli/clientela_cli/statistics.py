"""`clientela statistics`: rebuild."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from clientela import clock
from clientela.customers import customer_search
from clientela.orders import order_integrity, statistics_rebuild
from clientela.orders.order_integrity import OrphanedRecord
from clientela.orders.statistics_rebuild import CheckedCustomer
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import meters, options, output
from clientela_cli.failures import REJECTED, Failure

app = typer.Typer(help="What customers' orders come to.", no_args_is_help=True)


@app.callback()
def one_verb() -> None:
    """What customers' orders come to."""


@dataclass
class Tally:
    """What was looked at, and what was found."""

    customers: int = 0
    orders: int = 0
    drifted: int = 0
    mended: int = 0
    loose: int = 0


@app.command()
def rebuild(
    context: typer.Context,
    store_id: options.Store,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report drift; change nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Compute every customer's order statistics anew from the orders, report what has drifted, and mend it.

    There must be none. Orders may come all the while. Then the whole table is read for orders without a customer or
    reference, and references without an order: these are reported, and left.
    """
    context.obj()
    store = stores.read(store_id)
    tally = Tally()
    checked, loose = _checked(store, tally, dry_run=dry_run), _loose(store, tally)
    if json:
        lists = {"drift": map(_drift_json, checked), "loose_ends": (end._asdict() for end in loose)}
        output.json_lists(lists, lambda: {"store_id": store.id, "dry_run": dry_run, **asdict(tally)})
    else:
        for customer in checked:
            for drift in customer.drift:
                print(f"{customer.customer_id}  {drift.field}: {drift.stored}, must be {drift.computed}")  # noqa: T201
        for end in loose:
            print(f"{end.kind.replace('_', ' ')}: order {end.order_id}, customer {end.customer_id}")  # noqa: T201
        output.details(**{name: f"{count:,}" for name, count in asdict(tally).items()})
    _judge(tally)


def _judge(tally: Tally) -> None:
    if left := tally.drifted - tally.mended:
        raise Failure(f"The statistics of {left} customers have drifted: without --dry-run they are mended.", REJECTED)
    if tally.loose:
        raise Failure(f"{tally.loose} orders or references are not tied together as they must be.", REJECTED)


def _checked(store: Store, tally: Tally, *, dry_run: bool) -> Iterator[CheckedCustomer]:
    """The customers with drift, as they are found; all are counted."""
    with meters.meter(customer_search.count(store)) as show:
        for customer in statistics_rebuild.rebuild(store, clock.now(), dry_run=dry_run):
            tally.customers += 1
            tally.orders += customer.orders
            tally.mended += customer.mended
            show("Computing", tally.customers)
            if customer.drift:
                tally.drifted += 1
                yield customer


def _loose(store: Store, tally: Tally) -> Iterator[OrphanedRecord]:
    with output.progress() as progress:
        progress.add_task("Looking for loose ends", total=None)
        for end in order_integrity.find_orphans(store):
            tally.loose += 1
            yield end


def _drift_json(customer: CheckedCustomer) -> dict[str, Any]:
    fields = [drift._asdict() for drift in customer.drift]
    return {"customer_id": customer.customer_id, "mended": customer.mended, "fields": fields}
