"""Merchants' files in the imports bucket, and each job's own files in the bucket of the jobs.

Two buckets, because all that is in the first one is deleted within a day (docs/decisions/0027).
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, BinaryIO, Literal, cast

import orjson
from botocore.exceptions import ClientError

from clientela import settings
from clientela.aws import clients
from clientela.aws.s3_objects import ObjectWriter
from clientela.csv.csv_survey import Chunk, MovedRow, Repeats
from clientela.schema.documents import Model

_UPLOAD = re.compile(r"[^/]+/(imp_[0-9A-HJKMNP-TV-Z]{26})/[^/]+")
URL_SECONDS = 300
RANGE_BYTES = 1_000_000  # of rows that are read with one request
_GONE = {"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"}  # 405 is a delete marker's

Report = Literal["rejects", "warnings", "kept", "file"]


class Source(Model):
    """One version of an uploaded file.

    In a bucket without versions the ETag ensures that all steps read the same bytes.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str


class UploadedFile(Model):
    """An uploaded file with the merchant's options, which are object metadata."""

    source: Source
    modified_at: datetime
    options: dict[str, str]
    size: int  # in bytes


def find(bucket: str, key: str, version_id: str | None) -> UploadedFile | None:
    """Return the uploaded file, or None if it is deleted. One HEAD request."""
    version = {"VersionId": version_id} if version_id else {}
    try:
        head = clients.s3().head_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    source = Source(bucket=bucket, key=key, version_id=_real_version(head.get("VersionId")), etag=head["ETag"])
    return UploadedFile(
        source=source, modified_at=head["LastModified"], options=head["Metadata"], size=head["ContentLength"]
    )


def exists(source: Source) -> bool:
    """Return whether a version of a file is still there. One HEAD request."""
    return find(source.bucket, source.key, source.version_id) is not None


def is_current(source: Source) -> bool:
    """Return whether a version is the one that S3 returns for its key. One HEAD request."""
    current = find(source.bucket, source.key, None)
    return current is not None and (current.source.version_id, current.source.etag) == (source.version_id, source.etag)


def open_file(source: Source) -> BinaryIO:
    """Return the file as a stream from its beginning."""
    return _body(source, {})


def open_chunk(source: Source, chunk: Chunk) -> BinaryIO:
    """Return the bytes of one chunk as a stream."""
    return _body(source, {"Range": f"bytes={chunk.start}-{chunk.end - 1}"})


def copy_source(source: Source, job_id: str) -> None:
    """Copy a merchant's file to the job's own files, without reading it here."""
    origin = {"Bucket": source.bucket, "Key": source.key}
    if source.version_id:
        origin["VersionId"] = source.version_id
    extra = {"ContentType": "text/csv", "MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}
    clients.s3().copy(origin, settings.import_jobs_bucket(), report_key(job_id, "file"), ExtraArgs=extra)  # type: ignore[arg-type]


def delete(source: Source) -> None:
    """Delete this version of the file permanently, because it may contain clear passwords."""
    version = {"VersionId": source.version_id} if source.version_id else {}
    clients.s3().delete_object(Bucket=source.bucket, Key=source.key, **version)  # type: ignore[arg-type]


def upload_key(store_id: str, job_id: str, file_name: str) -> str:
    """Return `demo/imp_01K…/customers.csv`, the key of the file that a job waits for."""
    return f"{store_id}/{job_id}/{file_name}"


def put_upload(key: str, content: bytes) -> None:
    """Put the file that a job waits for."""
    bucket = settings.imports_bucket()
    clients.s3().put_object(Bucket=bucket, Key=key, Body=content, ContentType="text/csv; charset=utf-8")


def job_of_upload(key: str) -> str | None:
    """Return the job's id in a key from `upload_key`, or None for another key."""
    match = _UPLOAD.fullmatch(key)
    return match[1] if match else None


def folder(job_id: str) -> str:
    """Return `imp_01K…/`, the beginning of the keys of a job's own files."""
    return f"{job_id}/"


def plan_key(job_id: str) -> str:
    """Return `imp_01K…/plan.json`, the key of the plan: one chunk per Map call."""
    return f"{folder(job_id)}plan.json"


def write_plan(store_id: str, job_id: str, chunks: list[Chunk]) -> None:
    """Write the plan: the positions of the chunks, not their contents."""
    plan = [{"store_id": store_id, "job_id": job_id, **chunk.model_dump()} for chunk in chunks]
    _put(plan_key(job_id), orjson.dumps(plan), "application/json")


def write_repeats(job_id: str, repeats: Mapping[int, Repeats]) -> None:
    """Write what each chunk has to know of rows whose e-mail is also in other chunks."""
    for index, found in repeats.items():
        _put(_repeats_key(job_id, index), found.model_dump_json().encode(), "application/json")


def read_repeats(job_id: str, chunk: Chunk) -> Repeats:
    """Return what `write_repeats` wrote for a chunk; nothing to do if it wrote nothing."""
    return Repeats.model_validate_json(_content(_repeats_key(job_id, chunk.index))) if chunk.has_repeats else Repeats()


def read_rows(source: Source, rows: Sequence[MovedRow]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines and bytes of rows, with one request for those that are close together."""
    pending: list[MovedRow] = []
    for row in sorted(rows, key=lambda row: row.start):
        if pending and row.end - pending[0].start > RANGE_BYTES:
            yield from _read_range(source, pending)
            pending = []
        pending.append(row)
    if pending:
        yield from _read_range(source, pending)


def _read_range(source: Source, rows: Sequence[MovedRow]) -> Iterator[tuple[int, bytes]]:
    first = rows[0].start
    content = _body(source, {"Range": f"bytes={first}-{rows[-1].end - 1}"}).read()
    for row in rows:
        yield row.line, content[row.start - first : row.end - first]


def write_result(job_id: str, index: int, result: bytes, plan: int = 0) -> None:
    """Write the JSON result of one chunk, of the import or of a plan."""
    _put(_result_key(job_id, index, plan), result, "application/json")


def read_result(job_id: str, index: int, plan: int = 0) -> bytes:
    """Return the JSON result of one chunk, of the import or of a plan."""
    return _content(_result_key(job_id, index, plan))


def read_results(job_id: str, chunks: int, plan: int = 0) -> Iterator[bytes | None]:
    """Yield the results of all chunks in order, one in memory at a time; None for a missing one."""
    if not chunks:
        return
    prefix = f"{_run_folder(job_id, plan)}result-"
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=settings.import_jobs_bucket(), Prefix=prefix)
    present = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    for index in range(chunks):
        key = _result_key(job_id, index, plan)
        yield _content(key) if key in present else None


def read_plan(job_id: str) -> list[Chunk]:
    """Return the chunks of the plan."""
    body = _content(plan_key(job_id))
    return [Chunk.model_validate({name: entry[name] for name in Chunk.model_fields}) for entry in orjson.loads(body)]


def write_reasons(job_id: str, content: bytes) -> None:
    """Write the JSON of the most frequent reasons for rejections."""
    _put(_reasons_key(job_id), content, "application/json")


def read_reasons(job_id: str) -> bytes | None:
    """Return what `write_reasons` wrote, or None. The caller needs the right to list the bucket."""
    try:
        return _content(_reasons_key(job_id))
    except clients.s3().exceptions.NoSuchKey:
        return None


def write_file(job_id: str, name: str, content: bytes) -> None:
    """Write one of a job's own files, in JSON."""
    _put(f"{folder(job_id)}{name}", content, "application/json")


def read_file(job_id: str, name: str) -> bytes:
    """Return one of a job's own files."""
    return _content(f"{folder(job_id)}{name}")


def list_files(job_id: str, prefix: str) -> list[str]:
    """Return the names of a job's own files that start with `prefix`, sorted."""
    start = f"{folder(job_id)}{prefix}"
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=settings.import_jobs_bucket(), Prefix=start)
    return [entry["Key"].removeprefix(folder(job_id)) for page in pages for entry in page.get("Contents", [])]


def write_part(job_id: str, plan: int, name: str, content: bytes) -> None:
    """Write a part of a plan, such as its summary, as JSON."""
    _put(f"{_run_folder(job_id, plan)}{name}.json", content, "application/json")


def read_part(job_id: str, plan: int, name: str) -> bytes:
    """Return a part of a plan."""
    return _content(f"{_run_folder(job_id, plan)}{name}.json")


type ReportWriter = ObjectWriter


def open_report(job_id: str, report: Report) -> ReportWriter:
    """Return the writer of a report's CSV of any size, a context in which it is written."""
    return ObjectWriter(settings.import_jobs_bucket(), report_key(job_id, report), "text/csv; charset=utf-8")


def write_report(job_id: str, report: Report, content: IO[bytes]) -> None:
    """Write a report's CSV of any size; boto3 uploads it in parts."""
    extra = {"ContentType": "text/csv; charset=utf-8"}
    clients.s3().upload_fileobj(content, settings.import_jobs_bucket(), report_key(job_id, report), ExtraArgs=extra)


def report_url(job_id: str, report: Report) -> str:
    """Return a signed URL that downloads the report."""
    parameters = {
        "Bucket": settings.import_jobs_bucket(),
        "Key": report_key(job_id, report),
        "ResponseContentDisposition": f'attachment; filename="{job_id}-{report}.csv"',
    }
    return clients.s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=URL_SECONDS)


def report_key(job_id: str, report: Report) -> str:
    """Return `imp_01K…/rejects`, the key of a report."""
    return f"{folder(job_id)}{report}"


def _body(source: Source, extra: dict[str, str]) -> BinaryIO:
    version = {"VersionId": source.version_id} if source.version_id else {"IfMatch": source.etag}
    body = clients.s3().get_object(Bucket=source.bucket, Key=source.key, **version, **extra)["Body"]  # type: ignore[arg-type]
    return io.BufferedReader(cast("io.RawIOBase", body), 262_144)


def _content(key: str) -> bytes:
    return clients.s3().get_object(Bucket=settings.import_jobs_bucket(), Key=key)["Body"].read()


def _put(key: str, body: bytes, content_type: str) -> None:
    clients.s3().put_object(Bucket=settings.import_jobs_bucket(), Key=key, Body=body, ContentType=content_type)


def _result_key(job_id: str, index: int, plan: int) -> str:
    return f"{_run_folder(job_id, plan)}result-{index:06d}.json"


def _run_folder(job_id: str, plan: int) -> str:
    """Return `imp_01K…/`, and of the second plan `imp_01K…/plan-0002/`."""
    return f"{folder(job_id)}plan-{plan:04d}/" if plan else folder(job_id)


def _reasons_key(job_id: str) -> str:
    return f"{folder(job_id)}reasons.json"


def _repeats_key(job_id: str, index: int) -> str:
    return f"{folder(job_id)}repeats-{index:06d}.json"


def _real_version(version_id: str | None) -> str | None:
    return None if version_id in (None, "null") else version_id
