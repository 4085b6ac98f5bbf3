"""Commands to run next, with the options that make them work on the same deployment."""

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

_options: ContextVar[tuple[str, ...]] = ContextVar("options", default=())


def keep_options(options: Sequence[str]) -> None:
    """Repeat these global options, such as `--local`, in each suggested command from now on."""
    _options.set(tuple(options))


def command(words: str) -> str:
    """Return a command to run next, e.g. `clientela --local imports list demo`, in backticks."""
    return f"`{' '.join(['clientela', *map(shlex.quote, _options.get()), words])}`"
