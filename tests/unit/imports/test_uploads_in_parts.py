"""Uploads in parts: signed part by part, joined once, and only when all of the file is there."""

from urllib.request import Request, urlopen

import boto3
import pytest
from tests.support.deployment import IMPORTS
from tests.support.planned_imports import Imports, arrival

import csv_import
from clientela.errors import UploadIncompleteError
from clientela.imports import import_states, import_uploads
from clientela.imports.import_uploads import RequestedImport, UploadPart

PART = 5 * 1024 * 1024  # S3's smallest
FILE = b"email,name,colour\n" + b"".join(b"p%d@example.com,N,%s\n" % (number, b"x" * 9_000) for number in range(700))


@pytest.fixture
def requested(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> RequestedImport:
    monkeypatch.setattr(import_uploads, "SINGLE_BYTES", PART)
    monkeypatch.setattr(import_uploads, "PART_BYTES", PART)
    return imports.request(FILE)


def send(part: UploadPart) -> None:
    """PUT a part of the file to its signed URL."""
    start = (part.number - 1) * PART
    content = FILE[start : start + part.size]
    with urlopen(Request(part.url, content, {"Content-Type": "text/csv"}, method="PUT")) as answer:
        assert answer.status == 200


def test_parts_sent_in_any_order_are_the_whole_file(imports: Imports, requested: RequestedImport) -> None:
    assert requested.upload.url is None
    assert [(part.number, part.size) for part in requested.upload.parts] == [(1, PART), (2, len(FILE) - PART)]
    for part in reversed(requested.upload.parts):
        send(part)
    assert import_states.complete(imports.store, requested.job.id).status == "awaiting_file"
    key = f"{imports.store.id}/{requested.job.id}/customers.csv"
    assert boto3.client("s3").get_object(Bucket=IMPORTS, Key=key)["Body"].read() == FILE
    csv_import.receive(arrival(key), None)
    imports.work()
    plan = imports.plan(requested.job.id)
    assert (plan.created, plan.rejected, plan.rows_total) == (700, 0, 700)


def test_a_file_is_not_joined_before_its_last_part_is_there(imports: Imports, requested: RequestedImport) -> None:
    first, last = requested.upload.parts
    with pytest.raises(UploadIncompleteError):
        import_states.complete(imports.store, requested.job.id)
    send(last)
    with pytest.raises(UploadIncompleteError, match=str(last.size)):
        import_states.complete(imports.store, requested.job.id)
    send(first)
    import_states.complete(imports.store, requested.job.id)


def test_a_file_that_is_joined_is_not_joined_again(imports: Imports, requested: RequestedImport) -> None:
    for part in requested.upload.parts:
        send(part)
    for _ in range(2):
        assert import_states.complete(imports.store, requested.job.id).status == "awaiting_file"
    csv_import.receive(arrival(f"{imports.store.id}/{requested.job.id}/customers.csv"), None)
    assert import_states.complete(imports.store, requested.job.id).status == "reading"
    versions = boto3.client("s3").list_object_versions(Bucket=IMPORTS)["Versions"]
    assert len(versions) == 1


def test_parts_of_an_upload_that_is_over_are_not_joined(imports: Imports, requested: RequestedImport) -> None:
    s3 = boto3.client("s3")
    (upload,) = s3.list_multipart_uploads(Bucket=IMPORTS)["Uploads"]
    s3.abort_multipart_upload(Bucket=IMPORTS, Key=upload["Key"], UploadId=upload["UploadId"])
    with pytest.raises(UploadIncompleteError):
        import_states.complete(imports.store, requested.job.id)
