"""Take out one guard after the other, in a temporary copy, and report those that no test misses.

Exit code 0: every guard is missed. 1: a mutant survived. 2: the list or the tests are wrong.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

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
    names = parser.parse_args().names
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        _copy_project(copy)
        try:
            _require_passing(copy, chosen)
            survivors = [mutant for mutant in chosen if not _is_killed(copy, mutant)]
        except MutantError as error:
            _say(f"error: {error}")
            return 2
    _say(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants are killed.")
    return 1 if survivors else 0


def apply(mutant: Mutant, text: str) -> str:
    """Return a file's text with the guard taken out.

    Raises:
        MutantError: the guard's text is not exactly once in the file, as after a change of it.
    """
    if text.count(mutant.old) != 1:
        raise MutantError(f"{mutant.name}: the text is {text.count(mutant.old)} times in {mutant.file}")
    return text.replace(mutant.old, mutant.new)


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


def _require_passing(copy: Path, mutants: Sequence[Mutant]) -> None:
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    run = _run(copy, tests)
    if run.returncode != TESTS_PASSED:
        raise MutantError(f"the tests fail without a mutant:\n{_end_of(run.stdout)}")


def _is_killed(copy: Path, mutant: Mutant) -> bool:
    file = copy / mutant.file
    text = file.read_text("utf-8")
    file.write_text(apply(mutant, text), "utf-8")
    try:
        run = _run(copy, mutant.tests)
    finally:
        file.write_text(text, "utf-8")
    if run.returncode not in (TESTS_PASSED, TESTS_FAILED):
        raise MutantError(f"{mutant.name}: pytest ended with {run.returncode}:\n{_end_of(run.stdout)}")
    _say(f"{'killed  ' if run.returncode else 'SURVIVED'}  {mutant.name}")
    return run.returncode == TESTS_FAILED


def _run(copy: Path, tests: Iterable[str]) -> subprocess.CompletedProcess[str]:
    # The copy comes before the installed package, which leads to the project itself.
    paths = os.pathsep.join(str(copy / each) for each in ("layers/clientela", "cli"))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False, text=True)  # noqa: S603


def _end_of(output: str) -> str:
    return "\n".join(output.splitlines()[-15:])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
