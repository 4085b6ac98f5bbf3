"""How far a long command is: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import ProgressColumn

from clientela_cli import output

_SAID_EVERY = 30  # seconds

# Shows what is being done, and how much of the whole is.
type Show = Callable[[str, int], None]


@contextmanager
def meter(total: int, amount: ProgressColumn | None = None) -> Iterator[Show]:
    """Shows progress on standard error; `amount` is the bar's column for it, else m/n."""
    with output.progress(amount) as progress:
        task, said_at = progress.add_task("", total=total), time.monotonic()

        def show(what: str, done: int) -> None:
            nonlocal said_at
            progress.update(task, description=what, completed=done)
            if progress.disable and time.monotonic() - said_at > _SAID_EVERY:
                output.say(f"{what}: {done / max(total, 1):.0%}")
                said_at = time.monotonic()

        yield show
