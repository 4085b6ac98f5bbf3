"""Writes docs/licences.md: the packages that are deployed, and their licences.

Usage: `python -m tools.licences [--check]`. Each licence must be one of PERMITTED.
"""

import argparse
import re
import sys
from importlib.metadata import metadata
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FILE = PROJECT / "docs" / "licences.md"
_LOCK = PROJECT / "layers" / "dependencies" / "requirements.txt"

PERMITTED = {
    "Apache-2.0",
    "Apache-2.0 OR BSD-3-Clause",
    "BSD-3-Clause",
    "ISC",
    "LGPL-2.1-or-later",
    "MIT",
    "MIT-0",
    "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "PSF-2.0",
    "Unlicense",
}
# Metadata from before PEP 639 has free text, and classifiers that name no version.
_SPDX = {
    "Apache License 2.0": "Apache-2.0",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "LGPL": "LGPL-2.1-or-later",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
}
_HEAD = """# Licences of the dependencies

What the dependencies' layer has, by `layers/dependencies/requirements.txt`. `make check` compares this
page with the installed packages, and fails for a licence that `tools/licences.py` does not permit.
python-stdnum (LGPL) is used as a library, unchanged and as files of its own.

| Package | Version | Licence (SPDX) |
|---|---|---|
"""


class UnknownLicenceError(Exception):
    """A package has a licence that nobody has permitted yet."""


def licence(package: str) -> str:
    """Return the licence of an installed package as an SPDX expression.

    Raises:
        UnknownLicenceError: it is not in PERMITTED.
    """
    told = metadata(package)
    classifiers = [each for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    stated = told.get("License-Expression") or told.get("License") or next(iter(classifiers), "")
    found = _SPDX.get(stated, stated)
    if found not in PERMITTED:
        raise UnknownLicenceError(f"{package}: {stated}")
    return found


def page() -> str:
    """Return the text of docs/licences.md."""
    locked = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", _LOCK.read_text("utf-8"), re.MULTILINE)
    return _HEAD + "".join(f"| {package} | {version} | {licence(package)} |\n" for package, version in locked)


def main() -> None:
    """Write the page, or with --check fail if it is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        FILE.write_text(page(), "utf-8")
    elif not FILE.exists() or FILE.read_text("utf-8") != page():
        sys.exit("docs/licences.md is not current: run python -m tools.licences")


if __name__ == "__main__":
    main()
