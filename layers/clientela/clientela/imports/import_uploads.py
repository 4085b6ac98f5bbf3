"""Uploads of files to the imports bucket by signed URLs, in one request or in parts.

A URL is valid for one key and one size alone, so nobody uploads more than was announced.
"""

import math
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal, NamedTuple

from botocore.exceptions import ClientError

from clientela import settings
from clientela.aws import clients
from clientela.errors import UploadIncompleteError
from clientela.imports.import_jobs import ImportJob
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence

SINGLE_BYTES = 100_000_000  # a larger file is uploaded in parts
PART_BYTES = 64_000_000  # S3 takes parts from 5 MiB on, all but the last of one size
VALID_FOR = timedelta(hours=1)  # of one request
PARTS_VALID_FOR = timedelta(hours=6)  # the credentials of a function last at least as long


class UploadPart(Model):
    """One part of a file, to be sent by PUT."""

    number: int
    """The number of the part. Example: 1"""
    size: int
    """The size of the part in bytes: it begins where the one before ends. Example: 64000000"""
    url: str
    """Where to PUT the part. Example: https://bucket.s3.eu-west-1.amazonaws.com/demo/…"""


class Upload(Model):
    """How to upload the file: by one PUT to `url`, or of each part, and then `completeImport`."""

    method: Literal["PUT"] = "PUT"
    """The method of each request. Example: PUT"""
    url: str | None = None
    """Where to PUT the whole file; null for a file in parts. Example:
    https://bucket.s3.eu-west-1.amazonaws.com/demo/…"""
    headers: dict[str, str] = {}
    """The headers to send with the whole file. Example: {"Content-Type": "text/csv"}"""
    parts: list[UploadPart] = []
    """The parts of a file of more than 100 MB, to be sent in any order; then call
    `completeImport`."""
    expires_at: Timestamp
    """Until when the URLs are valid."""


class RequestedImport(Model):
    """A new import, and how to upload its file."""

    job: ImportJob
    """The import, which waits for its file."""
    upload: Upload
    """How to upload the file."""


class StartedUpload(NamedTuple):
    """An upload, and S3's id of it if it is one in parts."""

    upload: Upload
    upload_id: str | None


def start(key: str, size: int, now: datetime) -> StartedUpload:
    """Sign the upload of a file; begin it if it is in parts. No more than one request to S3."""
    if size > SINGLE_BYTES:
        return _start_parts(key, size, now)
    headers = {"Content-Type": "text/csv"}
    parameters = {"Bucket": settings.imports_bucket(), "Key": key, "ContentLength": size, "ContentType": "text/csv"}
    url = _sign("put_object", parameters, VALID_FOR)
    return StartedUpload(Upload(url=url, headers=headers, expires_at=now + VALID_FOR), None)


def complete(key: str, upload_id: str, size: int) -> None:
    """Join the parts of a file. Nothing is done if they are joined already.

    Raises:
        UploadIncompleteError: a part is missing, or the upload is over.
    """
    s3, bucket = clients.s3(), settings.imports_bucket()
    try:
        pages = s3.get_paginator("list_parts").paginate(Bucket=bucket, Key=key, UploadId=upload_id)
        parts = [part for page in pages for part in page.get("Parts", [])]
        stored = sum(part["Size"] for part in parts)
        if stored != size:
            raise UploadIncompleteError(Sentence("Of {size} bytes, {stored} are uploaded.", stored=stored, size=size))
        joined = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": joined})  # type: ignore[typeddict-item]
    except s3.exceptions.NoSuchUpload:
        if not _exists(key):
            raise UploadIncompleteError("The upload has expired: request a new import.") from None


def _start_parts(key: str, size: int, now: datetime) -> StartedUpload:
    bucket = settings.imports_bucket()
    upload_id = clients.s3().create_multipart_upload(Bucket=bucket, Key=key, ContentType="text/csv")["UploadId"]
    parts = []
    for number in range(1, math.ceil(size / PART_BYTES) + 1):
        length = min(PART_BYTES, size - (number - 1) * PART_BYTES)
        target = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "ContentLength": length}
        parts.append(UploadPart(number=number, size=length, url=_sign("upload_part", target, PARTS_VALID_FOR)))
    return StartedUpload(Upload(parts=parts, expires_at=now + PARTS_VALID_FOR), upload_id)


def _sign(operation: str, parameters: dict[str, object], valid_for: timedelta) -> str:
    seconds = int(valid_for.total_seconds())
    return clients.s3().generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)


def _exists(key: str) -> bool:
    try:
        clients.s3().head_object(Bucket=settings.imports_bucket(), Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True
