"""The mailbox on a free port of 127.0.0.1, in a thread of the local cloud's process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local import mailbox, mailbox_page
from local.ports import HOST


@contextmanager
def mailbox_server(endpoint: str) -> Iterator[str]:
    """Serve the mails of the local cloud at `endpoint`; gives the mailbox's URL."""
    server = ThreadingHTTPServer((HOST, 0), _handler(endpoint))
    threading.Thread(target=server.serve_forever, daemon=True, name="mailbox").start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(endpoint: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/": self._page, "/messages.json": self._messages}
            answer = answers.get(self.path.partition("?")[0])
            # A page of another name for this address (DNS rebinding) must not read the mails.
            if answer is None or not self._is_ours():
                self._send(404, "text/plain", "Not found\n")
            else:
                answer()

        def _page(self) -> None:
            self._send(200, "text/html", mailbox_page.page(mailbox.fetch(endpoint)))

        def _messages(self) -> None:
            documents = [mail.document() for mail in mailbox.fetch(endpoint)]
            self._send(200, "application/json", json.dumps(documents, ensure_ascii=False, indent=2))

        def _is_ours(self) -> bool:
            return self.headers.get("Host", "").partition(":")[0] in (HOST, "localhost")

        def _send(self, status: int, kind: str, body: str) -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", mailbox_page.POLICY)
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Say nothing: a line per request would bury what the local cloud says."""

    return Handler
