"""`clientela migrate`, and its first migration for one store: `clientela customers reindex`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from clientela import clock
from clientela.migrations import layout_version, migration_runs
from clientela.migrations.migration_list import MIGRATIONS, REINDEX_CUSTOMERS
from clientela.migrations.migration_runs import MigrationRun
from clientela.stores import stores
from clientela_cli.console import options, output, progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, REJECTED, USAGE, CommandError

Rate = Annotated[float, typer.Option(min=0.1, help="Items written per second; lower it if functions are throttled.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count the items to change; change nothing.")]


def migrate(
    context: typer.Context,
    status: Annotated[bool, typer.Option("--status", help="Show the migrations; run none.")] = False,
    dry_run: DryRun = False,
    rate: Rate = migration_runs.RATE,
    json: options.Json = False,
) -> None:
    """Bring the table's layout to the version of this program.

    Deploy the functions of the same version first. Stores stay open meanwhile. Ctrl-C interrupts
    it, and the same command continues. --dry-run has exit code 3 if there is something to change.
    """
    if status and dry_run:
        raise CommandError("Use either --status or --dry-run.", USAGE)
    context.obj()
    if status:
        _print(migration_runs.list_all(), json)
        return
    if dry_run:
        runs = []
        for migration in migration_runs.pending():
            with reporting(migration.name, "migrate --dry-run") as report:
                runs.append(migration_runs.dry_run(migration, report=report))
    else:
        with reporting("Migrating", "migrate") as report:
            runs = migration_runs.migrate(clock.now, rate, report)
    _print(runs, json, dry_run=dry_run)


def reindex(
    context: typer.Context,
    store_id: options.Store,
    dry_run: DryRun = False,
    rate: Rate = migration_runs.RATE,
    json: options.Json = False,
) -> None:
    """Compute what the lists of a store's customers sort and filter by anew.

    Lists and customers can be used meanwhile. Ctrl-C interrupts it, and the same command continues.
    --dry-run has exit code 3 if there is something to change.
    """
    context.obj()
    store = stores.read(store_id)
    with reporting("Reindexing", f"customers reindex {store.id}") as report:
        if dry_run:
            run = migration_runs.dry_run(REINDEX_CUSTOMERS, store.id, report)
        else:
            run = migration_runs.run(REINDEX_CUSTOMERS, clock.now, store.id, rate, report)
    _print([run], json, dry_run=dry_run)


@contextmanager
def reporting(activity: str, command: str) -> Iterator[Callable[[MigrationRun], None]]:
    """Show the progress of a migration; an interruption says which command continues."""
    try:
        with progress.reporting(migration_runs.SEGMENTS) as report:
            yield lambda run: report(f"{activity}, {run.changed:,} of {run.read:,} items", run.segments_done)
    except KeyboardInterrupt:
        raise CommandError(f"Interrupted: {suggestions.command(command)} continues.", INTERRUPTED) from None


def _print(runs: list[MigrationRun], json: bool, *, dry_run: bool = False) -> None:
    version, newest = layout_version.current(), MIGRATIONS[-1].number
    if json:
        output.json({"layout_version": version, "newest_version": newest, "dry_run": dry_run, "migrations": runs})
    else:
        changed = "To change" if dry_run else "Changed"
        columns = ["Migration", "Store", "Status", "Done", "Read", changed, "Completed at"]
        output.table(columns, map(_row, runs), f"The table's layout has version {version} of {newest}.")
    if dry_run and any(run.changed for run in runs):
        raise CommandError("There are items to change: run it without --dry-run.", REJECTED)


def _row(run: MigrationRun) -> tuple[object, ...]:
    completed_at = run.completed_at and clock.format_timestamp(run.completed_at)
    done = f"{run.segments_done / run.segments:.0%}"
    return run.migration, run.store_id or "all", run.status, done, run.read, run.changed, completed_at
