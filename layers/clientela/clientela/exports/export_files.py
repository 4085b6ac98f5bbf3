"""The objects of an export in the exports bucket: a CSV file written as a stream, and the manifest that proves it."""

import csv
import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self, TypedDict

import orjson

from clientela import settings
from clientela.aws import clients
from clientela.exports import export_columns
from clientela.schema.documents import Model
from clientela.table.dynamodb import Item

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedMultipartUploadTypeDef, CompletedPartTypeDef

URL_SECONDS = 300
PART = 8 * 2**20  # S3 takes 10,000 parts of 5 MiB or more: files of up to 80 GB, in the memory of one part
ROWS_AT_ONCE = 500
BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the machine's old code page; our import takes it off


class Written(NamedTuple):
    """What a file holds."""

    rows: int
    size: int
    sha256: str


def write(key: str, profiles: Iterable[Item], codes: Mapping[str, str], check: Callable[[int], None]) -> Written:
    """Write a row for each stored profile: RFC 4180, UTF-8 with BOM. `codes` are those of the groups by their ids.

    At the end `check` is told how many rows there are: the object is there if it lets them pass, else nothing of it.
    """
    rows = 0
    with Upload(key, "text/csv; charset=utf-8") as upload:
        upload.write(BOM + _lines([export_columns.COLUMNS]))
        waiting = iter(profiles)
        while block := [export_columns.cells(profile, codes) for profile in itertools.islice(waiting, ROWS_AT_ONCE)]:
            upload.write(_lines(block))
            rows += len(block)
        check(rows)
    return Written(rows, upload.size, upload.digest.hexdigest())


def write_manifest(key: str, manifest: Model) -> None:
    """Write the manifest: whoever sees it may read the file."""
    body = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    clients.s3().put_object(Bucket=settings.exports_bucket(), Key=key, Body=body, ContentType="application/json")


def url(key: str) -> str:
    """A URL that downloads an object, good for five minutes."""
    name = key.rpartition("/")[2]
    wanted = {
        "Bucket": settings.exports_bucket(),
        "Key": key,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
    }
    return clients.s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=URL_SECONDS)


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class _Target(TypedDict):
    Bucket: str
    Key: str


class Upload:
    """An object written piece by piece in constant memory; where the `with` block fails, nothing of it stays.

    What fits into one part is one PutObject, all else a multipart upload.
    """

    def __init__(self, key: str, content_type: str) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._target: _Target = {"Bucket": settings.exports_bucket(), "Key": key}
        self._content_type = content_type
        self._waiting = bytearray()
        self._id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, data: bytes) -> None:
        """Add to the object's end."""
        self.size += len(data)
        self.digest.update(data)
        self._waiting += data
        while len(self._waiting) >= PART:
            self._send(bytes(self._waiting[:PART]))
            del self._waiting[:PART]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._abort()
            raise
        if kind is not None:
            self._abort()

    def _send(self, part: bytes) -> None:
        if self._id is None:
            upload = clients.s3().create_multipart_upload(**self._target, ContentType=self._content_type)
            self._id = upload["UploadId"]
        number = len(self._parts) + 1
        sent = clients.s3().upload_part(**self._target, UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _finish(self) -> None:
        if self._id is None:
            clients.s3().put_object(**self._target, Body=bytes(self._waiting), ContentType=self._content_type)
            return
        if self._waiting:
            self._send(bytes(self._waiting))
        parts: CompletedMultipartUploadTypeDef = {"Parts": self._parts}
        clients.s3().complete_multipart_upload(**self._target, UploadId=self._id, MultipartUpload=parts)

    def _abort(self) -> None:
        if self._id is not None:
            clients.s3().abort_multipart_upload(**self._target, UploadId=self._id)
