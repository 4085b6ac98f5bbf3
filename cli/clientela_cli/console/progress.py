"""Progress of a long command: a bar on a terminal, an occasional line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from clientela_cli.console import output

_LINE_SECONDS = 30  # between two lines where there is no terminal

# Shows the current activity and how much is done.
type Report = Callable[[str, int], None]


def bar(amount: ProgressColumn | None = None) -> Progress:
    """Return a progress bar on standard error that only a terminal shows.

    `amount` is the column for what is done; by default it is "done/total".
    """
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        amount or MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


@contextmanager
def reporting(total: int, amount: ProgressColumn | None = None) -> Iterator[Report]:
    """Return a function that shows progress towards `total` on standard error."""
    with bar(amount) as progress:
        task, last_line_at = progress.add_task("", total=total), time.monotonic()

        def report(activity: str, done: int) -> None:
            nonlocal last_line_at
            progress.update(task, description=activity, completed=done)
            if progress.disable and time.monotonic() - last_line_at > _LINE_SECONDS:
                output.say(f"{activity}: {done / max(total, 1):.0%}")
                last_line_at = time.monotonic()

        yield report
