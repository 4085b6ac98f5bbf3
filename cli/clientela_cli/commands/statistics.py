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
from clientela_cli import deployment
from clientela_cli.console import options, output, progress
from clientela_cli.console.exit_codes import REJECTED, CommandError

app = typer.Typer(help="Order statistics of customers.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Order statistics of customers."""  # without a callback, `rebuild` would not be a subcommand


@dataclass
class Tally:
    """Numbers of checked customers and orders, of customers with drift, and of orphaned records."""

    customers: int = 0
    orders: int = 0
    drifted: int = 0
    corrected: int = 0
    orphaned: int = 0


@app.command()
def rebuild(
    context: typer.Context,
    store_id: options.Store,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report drift; change nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Recompute all customers' order statistics, and correct those that have drifted.

    The statistics are computed from the orders. Normally none have drifted. New orders may arrive
    meanwhile. Afterwards the whole table is searched for orders without a customer or reference,
    and for references without an order. These are only reported.
    """
    context.obj()
    store = stores.read(store_id)
    tally = Tally()
    drifted, orphans = _find_drifted(store, tally, dry_run=dry_run), _find_orphans(store, tally)
    if json:
        lists = {"drift": map(_drift_json, drifted), "orphans": (orphan._asdict() for orphan in orphans)}
        output.json_lists(lists, lambda: {"store_id": store.id, "dry_run": dry_run, **asdict(tally)})
    else:
        for customer in drifted:
            for drift in customer.drift:
                print(f"{customer.customer_id}  {drift.field}: {drift.stored}, must be {drift.computed}")  # noqa: T201
        for orphan in orphans:
            print(f"{orphan.kind.replace('_', ' ')}: order {orphan.order_id}, customer {orphan.customer_id}")  # noqa: T201
        output.details(**{name: f"{count:,}" for name, count in asdict(tally).items()})
    _raise_if_wrong(tally)


def _raise_if_wrong(tally: Tally) -> None:
    if uncorrected := tally.drifted - tally.corrected:
        raise CommandError(
            f"The statistics of {uncorrected} customers have drifted: run without --dry-run to correct them.", REJECTED
        )
    if tally.orphaned:
        raise CommandError(f"{tally.orphaned} orders or references have no matching record: see the list.", REJECTED)


def _find_drifted(store: Store, tally: Tally, *, dry_run: bool) -> Iterator[CheckedCustomer]:
    """Yield the customers with drift, and count all customers."""
    by = deployment.operator()
    with progress.reporting(customer_search.count(store)) as report:
        for customer in statistics_rebuild.rebuild(store, clock.now(), dry_run=dry_run, by=by):
            tally.customers += 1
            tally.orders += customer.orders
            tally.corrected += customer.corrected
            report("Computing", tally.customers)
            if customer.drift:
                tally.drifted += 1
                yield customer


def _find_orphans(store: Store, tally: Tally) -> Iterator[OrphanedRecord]:
    with progress.bar() as bar:
        bar.add_task("Looking for orphaned records", total=None)
        for orphan in order_integrity.find_orphans(store):
            tally.orphaned += 1
            yield orphan


def _drift_json(customer: CheckedCustomer) -> dict[str, Any]:
    fields = [drift._asdict() for drift in customer.drift]
    return {"customer_id": customer.customer_id, "corrected": customer.corrected, "fields": fields}
