"""Stand-ins for AWS services in processes of their own, so that their CPU is not measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn(BaseHTTPRequestHandler):
    """Base of the handlers: it keeps connections open, and prints nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet; otherwise the body waits for an acknowledgement

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def stand_in(module: str) -> Iterator[str]:
    """Run a module that calls `serve`, and return its endpoint URL."""
    with subprocess.Popen([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def serve(handler: type[StandIn]) -> None:
    """Answer requests until the process ends; the endpoint URL is the first line of the output."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
