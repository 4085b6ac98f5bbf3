"""Deleting the plan that a newer one replaces: a column may be one of passwords by the newer one.

The former plan has shown the cells of that column as examples and in its reports.
"""

import itertools
from collections.abc import Iterable

from clientela import settings
from clientela.aws import clients
from clientela.imports import import_files

_REPORTS = ("rejects", "warnings", "reasons.json")  # the newer plan writes its own


class FilesLeftError(RuntimeError):
    """S3 refused to delete files of a plan."""


def delete(job_id: str, plan: int) -> None:
    """Delete the parts of a plan and its reports. Nothing is done if there are no parts any more.

    Raises:
        FilesLeftError: S3 refused it.

    Cost: 1 LIST request for each 1,000 chunks, and as many DELETE requests and one more.
    """
    parts = import_files.list_files(job_id, f"plan-{plan:04d}/")
    if parts:
        _delete(job_id, _REPORTS)  # first: a repetition finds the parts as long as a report is left
        _delete(job_id, parts)


def _delete(job_id: str, names: Iterable[str]) -> None:
    for few in itertools.batched(names, 1_000, strict=False):
        files = [{"Key": f"{import_files.folder(job_id)}{name}"} for name in few]
        answer = clients.s3().delete_objects(
            Bucket=settings.import_jobs_bucket(),
            Delete={"Objects": files, "Quiet": True},  # type: ignore[typeddict-item]
        )
        if errors := answer.get("Errors"):
            raise FilesLeftError(f"{len(errors)} files were not deleted: {errors[0].get('Code')}")
