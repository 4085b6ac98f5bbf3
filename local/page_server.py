"""Web pages of the local cloud: served by a thread of its process, on a free port of 127.0.0.1."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.ports import HOST


@contextmanager
def page_server(name: str, handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve the pages of a handler, and return the port."""
    server = ThreadingHTTPServer((HOST, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True, name=name).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
