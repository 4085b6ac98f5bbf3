"""The sweep of source files: what is a day old is gone, what is new stays."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from tests.support.deployment import IMPORT_JOBS, IMPORTS

from clientela import clock
from clientela.imports import source_sweep

pytestmark = pytest.mark.usefixtures("aws")

LATER = source_sweep.MAX_AGE + timedelta(minutes=1)


def put(*keys: str, bucket: str = IMPORTS) -> None:
    for key in keys:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"email,password\na@b.com,hunter2\n")


def left() -> list[str]:
    answer = boto3.client("s3").list_object_versions(Bucket=IMPORTS)
    return [entry["Key"] for name in ("Versions", "DeleteMarkers") for entry in answer.get(name, [])]


def test_old_files_are_deleted_in_every_folder_with_all_versions() -> None:
    put("demo/a.csv", "demo/a.csv", "Demo/x.csv", "unknown/x.csv", "x.csv", "_a/Ünï.csv", "demo/deleted.csv")
    boto3.client("s3").delete_object(Bucket=IMPORTS, Key="demo/deleted.csv")

    assert source_sweep.sweep(clock.now() + LATER) == 8
    assert left() == []
    assert source_sweep.sweep(clock.now() + LATER) == 0


def test_new_files_and_the_files_of_the_jobs_stay() -> None:
    put("demo/a.csv")
    put("imp_1/rejects", bucket=IMPORT_JOBS)

    assert source_sweep.sweep(clock.now() + source_sweep.MAX_AGE - timedelta(minutes=1)) == 0
    source_sweep.sweep(clock.now() + timedelta(days=29))
    assert left() == []
    assert boto3.client("s3").list_objects_v2(Bucket=IMPORT_JOBS)["KeyCount"] == 1


def test_parts_of_unfinished_uploads_are_deleted_too() -> None:
    s3 = boto3.client("s3")
    s3.create_multipart_upload(Bucket=IMPORTS, Key="demo/large.csv")

    assert source_sweep.sweep(datetime(2010, 11, 11, 17, tzinfo=UTC)) == 0  # moto starts every upload the day before
    assert source_sweep.sweep(datetime(2010, 11, 11, 20, tzinfo=UTC)) == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=IMPORTS)
