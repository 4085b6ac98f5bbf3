"""The objects of an import in the imports bucket: the merchant's file, and what the job keeps below `_jobs/<job id>/`.

None of the job's own files ends in `.csv`: such an end would start an import.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import IO, BinaryIO, Literal, cast

import orjson
from botocore.exceptions import ClientError

from clientela import settings
from clientela.aws import clients
from clientela.csv.csv_files import Chunk
from clientela.schema.documents import Model

PREFIX = "_jobs/"
URL_SECONDS = 300
_GONE = {"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"}  # 405 is a delete marker's

Report = Literal["rejects", "warnings"]


class Source(Model):
    """One version of an uploaded file. In a bucket without versions the ETag holds readers to the bytes first seen."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str


class Upload(Model):
    """An uploaded file with what the merchant said along with it, as object metadata."""

    source: Source
    modified_at: datetime
    options: dict[str, str]


def find(bucket: str, key: str, version_id: str | None) -> Upload | None:
    """The uploaded file, or None where it is gone. One HEAD request."""
    version = {"VersionId": version_id} if version_id else {}
    try:
        head = clients.s3().head_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    source = Source(bucket=bucket, key=key, version_id=_real(head.get("VersionId")), etag=head["ETag"])
    return Upload(source=source, modified_at=head["LastModified"], options=head["Metadata"])


def opened(source: Source) -> BinaryIO:
    """The file as a stream from its beginning."""
    return _body(source, {})


def part(source: Source, chunk: Chunk) -> BinaryIO:
    """The bytes of one chunk."""
    return _body(source, {"Range": f"bytes={chunk.start}-{chunk.end - 1}"})


def delete(source: Source) -> None:
    """Delete this version of the file for good: it holds clear passwords."""
    version = {"VersionId": source.version_id} if source.version_id else {}
    clients.s3().delete_object(Bucket=source.bucket, Key=source.key, **version)  # type: ignore[arg-type]


def plan_key(job_id: str) -> str:
    """`_jobs/imp_01K…/plan.json`: the chunks, one for each call of the state machine's Map."""
    return f"{PREFIX}{job_id}/plan.json"


def write_plan(store_id: str, job_id: str, chunks: list[Chunk]) -> None:
    """Write the plan: where the chunks lie, and nothing of what is in them."""
    plan = [{"store_id": store_id, "job_id": job_id, **chunk.model_dump()} for chunk in chunks]
    _put(plan_key(job_id), orjson.dumps(plan), "application/json")


def write_result(job_id: str, index: int, result: bytes) -> None:
    """Write the JSON result of one chunk."""
    _put(_result_key(job_id, index), result, "application/json")


def results(job_id: str, chunks: int) -> Iterator[bytes | None]:
    """The results of all chunks in order, one in memory at a time; None for a chunk without one."""
    if not chunks:
        return
    prefix = f"{PREFIX}{job_id}/result-"
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=settings.imports_bucket(), Prefix=prefix)
    present = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    for index in range(chunks):
        key = _result_key(job_id, index)
        yield _content(key) if key in present else None


def plan(job_id: str) -> list[Chunk]:
    """The chunks of the plan."""
    body = _content(plan_key(job_id))
    return [Chunk.model_validate({name: entry[name] for name in Chunk.model_fields}) for entry in orjson.loads(body)]


def write_report(job_id: str, report: Report, content: IO[bytes]) -> None:
    """Write a report's CSV, of any size: boto3 cuts it into parts."""
    kind = {"ContentType": "text/csv; charset=utf-8"}
    clients.s3().upload_fileobj(content, settings.imports_bucket(), report_key(job_id, report), ExtraArgs=kind)


def report_url(job_id: str, report: Report) -> str:
    """A signed URL under which a browser downloads the report."""
    download = f'attachment; filename="{job_id}-{report}.csv"'
    where = {"Bucket": settings.imports_bucket(), "Key": report_key(job_id, report)}
    return clients.s3().generate_presigned_url(
        "get_object", Params={**where, "ResponseContentDisposition": download}, ExpiresIn=URL_SECONDS
    )


def _body(source: Source, more: dict[str, str]) -> BinaryIO:
    which = {"VersionId": source.version_id} if source.version_id else {"IfMatch": source.etag}
    body = clients.s3().get_object(Bucket=source.bucket, Key=source.key, **which, **more)["Body"]  # type: ignore[arg-type]
    return io.BufferedReader(cast("io.RawIOBase", body), 262_144)


def _content(key: str) -> bytes:
    return clients.s3().get_object(Bucket=settings.imports_bucket(), Key=key)["Body"].read()


def _put(key: str, body: bytes, content_type: str) -> None:
    clients.s3().put_object(Bucket=settings.imports_bucket(), Key=key, Body=body, ContentType=content_type)


def _result_key(job_id: str, index: int) -> str:
    return f"{PREFIX}{job_id}/result-{index:06d}.json"


def report_key(job_id: str, report: Report) -> str:
    """`_jobs/imp_01K…/rejects`: where a report lies."""
    return f"{PREFIX}{job_id}/{report}"


def _real(version_id: str | None) -> str | None:
    return None if version_id in (None, "null") else version_id
