"""Kept-alive connections against servers that answer, hang up and hang."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from urllib3.util import wait_for_read

from clientela.aws import http_connections
from clientela.aws.http_connections import Broken, Connections


class Echo(BaseHTTPRequestHandler):
    """Answers with the body, and hangs up after `last`, as a server does with a connection that waited long."""

    protocol_version = "HTTP/1.1"
    opened: list[Any] = []

    def setup(self) -> None:
        super().setup()
        self.opened.append(self)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = body == b"last"

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Echo.opened = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def connected(url: str) -> Iterator[Connections]:
    """Connections that are closed at the end, on which the server's threads wait."""
    made = Connections(url)
    yield made
    made.close()


def test_calls_one_after_the_other_share_a_connection(url: str) -> None:
    with connected(url) as calls:
        assert [calls.post(body, {"host": calls.host}).data for body in (b"a", b"", b"c")] == [b"a", b"", b"c"]
    assert len(Echo.opened) == 1


def test_calls_at_the_same_time_never_share_one(url: str) -> None:
    bodies = [str(i).encode() * 1000 for i in range(200)]
    with connected(url) as calls, ThreadPoolExecutor(8) as threads:
        assert [reply.data for reply in threads.map(lambda body: calls.post(body, {}), bodies)] == bodies
    assert len(Echo.opened) <= 8


def test_a_connection_that_the_other_side_ended_is_replaced(url: str) -> None:
    with connected(url) as calls:
        calls.post(b"last", {})
        wait_for_read(calls._idle[0][0].sock, timeout=5)  # the end of it has come
        assert calls.post(b"again", {}).data == b"again"
    assert len(Echo.opened) == 2


def test_a_late_answer_is_given_up_and_its_connection_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with connected(f"http://127.0.0.1:{silent.getsockname()[1]}") as calls:
            for _ in range(2):
                with pytest.raises(Broken):
                    calls.post(b"a", {})
        assert [silent.accept()[0].close() for _ in range(2)] == [None, None]


def test_connections_that_may_have_died_in_a_freeze_cost_one_new_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(url) as calls, ThreadPoolExecutor(4) as threads:
        together = threading.Barrier(4)
        monkeypatch.setattr(calls, "_idle_connection", lambda: together.wait() and None)
        list(threads.map(lambda _: calls.post(b"a", {}), range(4)))
        monkeypatch.undo()
        assert (len(calls._idle), len(Echo.opened)) == (4, 4)
        thawed = time.time() + http_connections.IDLE_SECONDS + 1
        monkeypatch.setattr(http_connections.time, "time", lambda: thawed)
        assert calls.post(b"again", {}).data == b"again"
        assert (len(calls._idle), len(Echo.opened)) == (1, 5)


def test_one_dead_connection_takes_the_idle_ones_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with connected(f"http://127.0.0.1:{silent.getsockname()[1]}") as calls:
            calls._idle.extend((calls._new(1), time.time()) for _ in range(4))
            with pytest.raises(Broken):
                calls.post(b"a", {})
            assert calls._idle == []
        for _ in range(4):
            silent.accept()[0].close()


def test_nobody_there(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Broken):
        Connections(f"http://127.0.0.1:{port}").post(b"a", {})


OK = b"HTTP/1.1 200 OK\r\n"


def answered(answer: bytes, times: int = 1) -> list[bytes]:
    """Return the bodies that calls read from servers that send this answer and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:

        def serve() -> None:
            for _ in range(times):
                with server.accept()[0] as accepted:
                    accepted.recv(65536)
                    accepted.sendall(answer)

        serving = threads.submit(serve)
        try:
            with connected(f"http://127.0.0.1:{server.getsockname()[1]}") as calls:
                return [calls.post(b"a", {}).data for _ in range(times)]
        finally:
            serving.result()


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"content-length:5\r\nX-Empty:\r\n\r\nhello and more",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nhell\r\n1\r\no\r\n0\r\nX-Trailer: 1\r\n\r\n",
        OK + b"\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
    ],
)
def test_a_body_ends_as_its_header_says(answer: bytes) -> None:
    assert answered(answer) == [b"hello"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        OK,
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Content-Length: five\r\n\r\nhello",
        OK + b"Content-Length: -5\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nno size\r\nhello\r\n0\r\n\r\n",
        OK + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 fine\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
    ],
)
def test_an_answer_that_is_cut_off_or_no_http_is_given_up(answer: bytes) -> None:
    with pytest.raises(Broken):
        answered(answer)


def test_no_content_is_not_waited_for() -> None:
    assert answered(b"HTTP/1.1 204 No Content\r\n\r\n") == [b""]


def test_a_connection_that_the_server_closes_after_its_answer_is_not_used_again() -> None:
    answer = OK + b"Connection: Close\r\nContent-Length: 5\r\n\r\nhello"
    assert answered(answer, times=3) == [b"hello"] * 3
