"""Take out one guard after the other, in a temporary copy, and report those that no test misses.

Exit code 0: every guard is missed. 1: a mutant survived. 2: the list or the tests are wrong.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Queue

from tools.mutants.mutant_list import MUTANTS, Mutant

PROJECT = Path(__file__).parents[2]
LINKED = (".venv", ".cache")  # not copied: nothing in them changes
TESTS_FAILED = 1  # pytest's exit codes: any other than these two is an error
TESTS_PASSED = 0


class MutantError(Exception):
    """A mutant cannot be applied, or its tests cannot run."""


def main() -> int:
    """Run the mutants whose names contain one of the arguments; all without arguments."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names")
    parser.add_argument("--workers", type=int, default=1, help="copies in which mutants run at the same time")
    options = parser.parse_args()
    try:
        chosen = choose(options.names)
    except MutantError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(options.workers) as threads:
        free = _copies(Path(folder), options.workers)
        try:
            _require_passing(free, chosen, options.workers)
            killed = list(threads.map(partial(_is_killed, free), chosen))
        except MutantError as error:
            threads.shutdown(wait=False, cancel_futures=True)
            _say(f"error: {error}")
            return 2
    _say(f"{sum(killed)} of {len(chosen)} mutants are killed.")
    return 0 if all(killed) else 1


def choose(names: Sequence[str]) -> list[Mutant]:
    """Return the mutants whose names contain one of these texts; all without one.

    Raises:
        MutantError: a text is in no name. Without a mutant, pytest would run every test there is.
    """
    unknown = [text for text in names if not any(text in mutant.name for mutant in MUTANTS)]
    if unknown:
        raise MutantError(f"no mutant's name contains: {', '.join(unknown)}")
    return [mutant for mutant in MUTANTS if not names or any(text in mutant.name for text in names)]


def apply(mutant: Mutant, text: str) -> str:
    """Return a file's text with the guard taken out.

    Raises:
        MutantError: the guard's text is not exactly once in the file, as after a change of it.
    """
    if text.count(mutant.old) != 1:
        raise MutantError(f"{mutant.name}: the text is {text.count(mutant.old)} times in {mutant.file}")
    return text.replace(mutant.old, mutant.new)


def _copies(folder: Path, number: int) -> Queue[Path]:
    """Return copies of the project, each for one mutant at a time."""
    copies = Queue[Path]()
    for each in range(number):
        _copy_project(folder / str(each))
        copies.put(folder / str(each))
    return copies


def _copy_project(copy: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = PROJECT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    for name in LINKED:
        if (PROJECT / name).exists():
            (copy / name).symlink_to(PROJECT / name)


def _require_passing(free: Queue[Path], mutants: Sequence[Mutant], workers: int) -> None:
    copy, tests = free.get(), sorted({test for mutant in mutants for test in mutant.tests})
    run = _run(copy, ["-n", str(workers), *tests])
    free.put(copy)
    if run.returncode != TESTS_PASSED:
        raise MutantError(f"the tests fail without a mutant:\n{_end_of(run.stdout)}")


def _is_killed(free: Queue[Path], mutant: Mutant) -> bool:
    copy = free.get()
    file = copy / mutant.file
    text = file.read_text("utf-8")
    try:
        file.write_text(apply(mutant, text), "utf-8")
        run = _run(copy, mutant.tests)
    finally:
        file.write_text(text, "utf-8")
        free.put(copy)
    if run.returncode not in (TESTS_PASSED, TESTS_FAILED):
        raise MutantError(f"{mutant.name}: pytest ended with {run.returncode}:\n{_end_of(run.stdout)}")
    _say(f"{'killed  ' if run.returncode else 'SURVIVED'}  {mutant.name}")
    return run.returncode == TESTS_FAILED


def _run(copy: Path, arguments: Iterable[str]) -> subprocess.CompletedProcess[str]:
    # The copy comes before the installed package, which leads to the project itself.
    paths = os.pathsep.join(str(copy / each) for each in ("layers/clientela", "cli"))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False, text=True)  # noqa: S603


def _end_of(output: str) -> str:
    return "\n".join(output.splitlines()[-15:])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
