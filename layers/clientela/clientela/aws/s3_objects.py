"""Objects of S3 that are written piece by piece."""

import hashlib
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypedDict

from clientela.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedMultipartUploadTypeDef, CompletedPartTypeDef

PART_BYTES = 8 * 2**20  # S3 accepts 10,000 parts of at least 5 MiB: objects up to 80 GB, one part in memory


class _Target(TypedDict):
    Bucket: str
    Key: str


class ObjectWriter:
    """An object written piece by piece in constant memory.

    If the `with` block fails, no object is left. Content that fits into one part is one PutObject,
    longer content a multipart upload.
    """

    def __init__(self, bucket: str, key: str, content_type: str) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._target: _Target = {"Bucket": bucket, "Key": key}
        self._content_type = content_type
        self._buffer = bytearray()
        self._id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, data: bytes) -> None:
        """Append data to the object."""
        self.size += len(data)
        self.digest.update(data)
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._upload_part(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

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

    def _upload_part(self, part: bytes) -> None:
        if self._id is None:
            upload = clients.s3().create_multipart_upload(**self._target, ContentType=self._content_type)
            self._id = upload["UploadId"]
        number = len(self._parts) + 1
        uploaded = clients.s3().upload_part(**self._target, UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": uploaded["ETag"]})

    def _finish(self) -> None:
        if self._id is None:
            clients.s3().put_object(**self._target, Body=bytes(self._buffer), ContentType=self._content_type)
            return
        if self._buffer:
            self._upload_part(bytes(self._buffer))
        parts: CompletedMultipartUploadTypeDef = {"Parts": self._parts}
        clients.s3().complete_multipart_upload(**self._target, UploadId=self._id, MultipartUpload=parts)

    def _abort(self) -> None:
        if self._id is not None:
            clients.s3().abort_multipart_upload(**self._target, UploadId=self._id)
