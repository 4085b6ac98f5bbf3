"""Takes out of the installed dependencies what no function reads: `python trim.py <folder>`.

Lambda unpacks the layer at each cold start. Most of it is API descriptions of AWS services that are
never called.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# A client of any other service fails when it is made: tests/template/test_build.py makes every
# client of the code.
SERVICES = {"dynamodb", "events", "lambda", "s3", "scheduler", "secretsmanager", "sesv2", "sqs", "stepfunctions"}

UNUSED = (
    "bin",
    "**/tests",
    "**/*.pyi",
    "boto3/data",  # of the resource interface; only clients are used
    "boto3/examples",
    "dns",  # email-validator asks the DNS only with check_deliverability
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.css",
    "stdnum/**/*.dat",  # number ranges of bank, phone and network numbers
)

# VAT numbers need only one of these: Indonesian tax numbers hold a district.
KEPT_FILES = ("stdnum/id/loc.dat",)

# METADATA answers importlib.metadata.version(), which pydantic asks for email-validator; licences
# travel with the code.
KEPT_METADATA = ("METADATA", "LICENSE", "NOTICE", "licenses")


def trim(folder: Path) -> None:
    """Delete everything unused below an installation folder."""
    for path in [*_unused_files(folder), *_unused_services(folder), *_unused_metadata(folder)]:
        _remove(path)


def _unused_files(folder: Path) -> Iterator[Path]:
    kept = {folder / name for name in KEPT_FILES}
    for pattern in UNUSED:
        yield from (path for path in folder.glob(pattern) if path not in kept)


def _unused_services(folder: Path) -> Iterator[Path]:
    """Folders only: the files beside them (endpoints, partitions, retries) are for all services."""
    return (path for path in (folder / "botocore" / "data").iterdir() if path.is_dir() and path.name not in SERVICES)


def _unused_metadata(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("*.dist-info/*") if not path.name.startswith(KEPT_METADATA))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
