"""A stand-in for S3 in memory, as far as imports and exports use it."""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.stand_ins import StandIn, serve, stand_in

_OBJECTS: dict[str, bytes] = {}
_PARTS: dict[str, dict[int, bytes]] = {}


class _Bucket(StandIn):
    def do_PUT(self) -> None:
        key, query = self._target()
        source = self.headers.get("x-amz-copy-source")
        body = self._copied(source) if source else self._body()
        if "uploadId" in query:
            _PARTS[key][int(query["partNumber"][0])] = body
        else:
            _OBJECTS[key] = body
        kind = "CopyPartResult" if "uploadId" in query else "CopyObjectResult"
        self._answer(200, f"<{kind}><ETag>1</ETag></{kind}>".encode() if source else b"")

    def do_POST(self) -> None:
        key, query = self._target()
        self._body()
        if "uploads" in query:
            _PARTS[key] = {}
            self._answer(200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
            return
        _OBJECTS[key] = b"".join(part for _, part in sorted(_PARTS.pop(key).items()))
        self._answer(200, b"<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        key, query = self._target()
        (_PARTS if "uploadId" in query else _OBJECTS).pop(key, None)
        self._answer(204)

    def do_HEAD(self) -> None:
        self._send_object(with_body=False)

    def do_GET(self) -> None:
        key, query = self._target()
        if "list-type" not in query and "uploads" not in query:
            self._send_object(with_body=True)
            return
        prefix = f"{key}/{query.get('prefix', [''])[0]}".replace("//", "/")
        if "uploads" in query:
            names = self._names(_PARTS, prefix)
            entries = "".join(f"<Upload><Key>{name}</Key><UploadId>1</UploadId></Upload>" for name in names)
            answer = (
                f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{entries}</ListMultipartUploadsResult>"
            )
            self._answer(200, answer.encode())
            return
        sizes = {name: len(_OBJECTS[f"{key.rstrip('/')}/{name}"]) for name in self._names(_OBJECTS, prefix)}
        entries = "".join(f"<Contents><Key>{name}</Key><Size>{size}</Size></Contents>" for name, size in sizes.items())
        self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode())

    @staticmethod
    def _names(keys: Iterable[str], prefix: str) -> list[str]:
        return sorted(name.split("/", 2)[2] for name in tuple(keys) if name.startswith(prefix))

    def _send_object(self, *, with_body: bool) -> None:
        content = _OBJECTS.get(self._target()[0])
        if content is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>" if with_body else b"")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range") or "")
        part = content[int(wanted[1]) : int(wanted[2]) + 1] if wanted else content
        self._answer(206 if wanted else 200, part, with_body=with_body)

    def _copied(self, source: str) -> bytes:
        content = _OBJECTS[f"/{unquote(urlsplit(source).path).removeprefix('/')}"]
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("x-amz-copy-source-range") or "")
        return content[int(wanted[1]) : int(wanted[2]) + 1] if wanted else content

    def _target(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return unquote(parts.path), parse_qs(parts.query, keep_blank_values=True)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self._without_signatures(self.rfile.read(int(self.headers.get("content-length") or 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return self._without_signatures(b"".join(chunks))

    def _without_signatures(self, body: bytes) -> bytes:
        if "aws-chunked" not in (self.headers.get("content-encoding") or ""):
            return body
        content = b""
        while body:
            head, body = body.split(b"\r\n", 1)
            size = int(head.split(b";")[0], 16)
            if not size:
                break
            content, body = content + body[:size], body[size + 2 :]
        return content

    def _answer(self, status: int, body: bytes = b"", *, with_body: bool = True) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("etag", '"1"')
        self.send_header("last-modified", "Mon, 30 Nov 2026 10:00:00 GMT")
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(body)


def bucket_stub() -> AbstractContextManager[str]:
    """Run the stand-in, and return its endpoint URL."""
    return stand_in("benchmarks.bucket_stub")


if __name__ == "__main__":
    serve(_Bucket)
