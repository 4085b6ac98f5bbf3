"""Kept-alive HTTP connections to one endpoint.

AWS's JSON protocols need one method, one path and responses of a known length. So a request is one
write, and a response is read by `_read_reply`: http.client reads its header as an e-mail's, which
takes a third of the CPU of a small call (docs/decisions/0010-connections-without-urllib3.md).
"""

import socket
import ssl
import time
import weakref
from contextlib import suppress
from functools import cache
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from urllib3.util import wait_for_read

from clientela import deadlines

CONNECT_SECONDS, READ_SECONDS = 2, 5
# AWS closes idle connections after a minute or so. One that died while the function was frozen
# looks open, and a call on it would wait for READ_SECONDS.
IDLE_SECONDS = 20
Broken = (OSError, HTTPException)  # raised by a lost, late or invalid response

_LONGEST_LINE = 65_536
_CHUNK_END = 2  # bytes of the line break behind each chunk


class Reply(NamedTuple):
    """An HTTP response."""

    status: int
    data: bytes


class _Connection(NamedTuple):
    sock: socket.socket
    file: BinaryIO

    def close(self) -> None:
        self.file.close()
        self.sock.close()


class Connections:
    """A pool of connections for all threads; one thread at a time uses a connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = urlsplit(url)
        self._tls = tls_context() if self._parts.scheme == "https" else None
        self._idle: list[tuple[_Connection, float]] = []  # with the time of the last response
        self._end = weakref.finalize(self, _close_all, self._idle)

    @property
    def host(self) -> str:
        """The value of the Host header."""
        return self._parts.netloc

    def post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST to the root of the endpoint, within the invocation's deadline.

        Raises:
            Broken: one of these, if no response arrived; the server may have done the work.
            BusyError: the invocation has no time left; nothing was sent.
        """
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        request = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("ascii") + body
        seconds = deadlines.call_seconds(READ_SECONDS)
        connection = self._idle_connection() or self._new(min(seconds, CONNECT_SECONDS))
        try:
            connection.sock.settimeout(seconds)
            connection.sock.sendall(request)
            reply, is_kept = _read_reply(connection.file)
        except BaseException:
            connection.close()
            self.close()  # what ended this one may have ended the others
            raise
        if is_kept:
            self._idle.append((connection, time.time()))
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Close the idle connections. The next call opens a new one."""
        _close_all(self._idle)

    def _idle_connection(self) -> _Connection | None:
        """Return an idle connection that is still open, or None.

        The clock of the wall alone goes on while a function is frozen, and it may be set.
        """
        while True:
            try:
                connection, used_at = self._idle.pop()
            except IndexError:
                return None
            is_fresh = abs(time.time() - used_at) < IDLE_SECONDS
            if is_fresh and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()

    def _new(self, seconds: float) -> _Connection:
        host, port = self._parts.hostname or "", self._parts.port or (443 if self._tls else 80)
        sock = socket.create_connection((host, port), seconds)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_hostname=host)
            return _Connection(sock, sock.makefile("rb"))
        except BaseException:
            sock.close()
            raise


@cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context of all connections.

    To load the authorities takes some 20 ms of CPU.
    """
    return ssl.create_default_context()


def _read_reply(file: BinaryIO) -> tuple[Reply, bool]:
    """Return the next response, and whether the connection may be used again.

    Raises:
        HTTPException: the response is invalid, or ends too early.
    """
    version, status = _read_status(file)
    headers = _read_headers(file)
    is_kept = version == b"HTTP/1.1" and headers.get(b"connection", b"").lower() != b"close"
    if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
        return Reply(status, _read_chunks(file)), is_kept
    if status == 204:  # it never has a body
        return Reply(status, b""), is_kept
    if b"content-length" in headers:
        return Reply(status, _read(file, _number(headers[b"content-length"]))), is_kept
    return Reply(status, file.read()), False


def _read_status(file: BinaryIO) -> tuple[bytes, int]:
    line = _read_line(file)
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise BadStatusLine(repr(line))
    status = _number(rest[:3])
    if status < 200:  # an interim response
        _read_headers(file)
        return _read_status(file)
    return version, status


def _read_headers(file: BinaryIO) -> dict[bytes, bytes]:
    headers = {}
    while line := _read_line(file).rstrip(b"\r\n"):
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return headers


def _read_chunks(file: BinaryIO) -> bytes:
    chunks = []
    while size := _number(_read_line(file).partition(b";")[0].strip(), 16):
        chunks.append(_read(file, size))
        _read(file, _CHUNK_END)
    _read_headers(file)
    return b"".join(chunks)


def _read_line(file: BinaryIO) -> bytes:
    line = file.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise LineTooLong("response") if len(line) == _LONGEST_LINE else IncompleteRead(line)
    return line


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise IncompleteRead(data, size - len(data))
    return data


def _number(text: bytes, base: int = 10) -> int:
    try:
        number = int(text, base)
    except ValueError:
        raise BadStatusLine(repr(text)) from None
    if number < 0:
        raise BadStatusLine(repr(text))
    return number


def _close_all(connections: list[tuple[_Connection, float]]) -> None:
    with suppress(IndexError):  # other threads take connections meanwhile
        while True:
            connections.pop()[0].close()
