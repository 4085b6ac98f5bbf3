"""The exports bucket: CSV files written as streams, and their manifests."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import orjson
from botocore.exceptions import ClientError

from clientela import settings
from clientela.aws import clients
from clientela.aws.s3_objects import ObjectWriter
from clientela.exports.export_columns import What
from clientela.exports.export_rows import RowWriter
from clientela.schema.documents import Model
from clientela.table.dynamodb import Item

CONTENT_TYPE = "text/csv; charset=utf-8"
PARTS_PREFIX = "_parts/"  # of the objects of unfinished exports: no store's files are below it
URL_SECONDS = 300
_ID_LENGTH = 8  # 40 of the 80 random bits of a job's id
BLOCK_ITEMS = 500
READ_BYTES = 2**20


class FileSummary(NamedTuple):
    """Number of rows, size in bytes and hash of a written file."""

    rows: int
    size: int
    sha256: str


def write(
    key: str, items: Iterable[Item], writer: RowWriter, check: Callable[[], None], *, with_header: bool = True
) -> FileSummary:
    """Write the rows of stored items: RFC 4180, UTF-8.

    `check` is called before the object is completed; if it raises, no object is left. A part of a
    file that is not its first has no header.
    """
    rows = 0
    with ObjectWriter(settings.exports_bucket(), key, CONTENT_TYPE) as target:
        if with_header:
            target.write(writer.header)
        for block in itertools.batched(items, BLOCK_ITEMS, strict=False):
            lines = writer.lines(block)
            target.write(lines.data)
            rows += lines.rows
        check()
    return FileSummary(rows, target.size, target.digest.hexdigest())


def file_key(store_id: str, job_id: str, created_at: datetime, what: What = "customers") -> str:
    """Return `demo/customers-20261121T030000.000Z-B1C4D6E8.csv`, the same for every run of a job.

    The end of the job's id is in it, because several schedules may have the same time.
    """
    time = f"{created_at:%Y%m%dT%H%M%S}.{created_at.microsecond // 1000:03}Z"
    return f"{store_id}/{what}-{time}-{job_id[-_ID_LENGTH:]}.csv"


def manifest_key(store_id: str, job_id: str, created_at: datetime, what: What = "customers") -> str:
    """Return `demo/customers-20261121T030000.000Z-B1C4D6E8.manifest.json`."""
    return file_key(store_id, job_id, created_at, what).removesuffix(".csv") + ".manifest.json"


def part_key(store_id: str, job_id: str, name: str) -> str:
    """Return `_parts/demo/exp_01K…/3-000012-prt_01K…`: the object of one attempt at a part."""
    return f"{PARTS_PREFIX}{store_id}/{job_id}/{name}"


def read(key: str) -> Iterator[bytes]:
    """Yield the content of an object in blocks."""
    answer = clients.s3().get_object(Bucket=settings.exports_bucket(), Key=key)
    yield from answer["Body"].iter_chunks(READ_BYTES)


def exists(key: str) -> bool:
    """Return whether there is an object. One call of S3."""
    s3 = clients.s3()
    try:
        s3.head_object(Bucket=settings.exports_bucket(), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def delete(key: str) -> None:
    """Delete an object. It need not exist."""
    clients.s3().delete_object(Bucket=settings.exports_bucket(), Key=key)


def delete_below(prefix: str) -> None:
    """Delete all objects and unfinished uploads whose keys start with a prefix."""
    s3, bucket = clients.s3(), settings.exports_bucket()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    abort_uploads(prefix)


def abort_uploads(prefix: str) -> None:
    """Abort the unfinished uploads whose keys start with a prefix."""
    s3, bucket = clients.s3(), settings.exports_bucket()
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def removals_key(store_id: str, job_id: str, created_at: datetime, what: What = "customers") -> str:
    """Return `demo/customers-20261121T030000.000Z-B1C4D6E8.removed.csv`."""
    return file_key(store_id, job_id, created_at, what).removesuffix(".csv") + ".removed.csv"


def write_manifest(key: str, manifest: Model) -> None:
    """Write the manifest last: its presence means that the file is complete."""
    body = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    clients.s3().put_object(Bucket=settings.exports_bucket(), Key=key, Body=body, ContentType="application/json")


def url(key: str) -> str:
    """Return a URL that downloads an object, valid for five minutes."""
    name = key.rpartition("/")[2]
    parameters = {
        "Bucket": settings.exports_bucket(),
        "Key": key,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
    }
    return clients.s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=URL_SECONDS)
