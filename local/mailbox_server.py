"""The mailbox's web server: a thread of the local cloud's process, on a free port of 127.0.0.1."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from local import mailbox, mailbox_page
from local.page_server import page_server
from local.ports import HOST


@contextmanager
def mailbox_server(endpoint: str) -> Iterator[str]:
    """Serve the mails of the local cloud at `endpoint`, and return the mailbox's URL."""
    with page_server("mailbox", _handler(endpoint)) as port:
        yield f"http://{HOST}:{port}"


def _handler(endpoint: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            routes = {"/": self._page, "/messages.json": self._messages, "/mail": self._mail}
            route = routes.get(address.path)
            # Against DNS rebinding: another site must not read the mails.
            if route is None or not self._is_local_host():
                self._send(404, "text/plain", "Not found\n")
            else:
                route({name: values[0] for name, values in parse_qs(address.query).items()})

        def _page(self, query: dict[str, str]) -> None:
            words = query.get("q", "")
            found = [mail for mail in mailbox.fetch(endpoint) if mail.matches(words)]
            self._send(200, "text/html", mailbox_page.page(found, words))

        def _mail(self, query: dict[str, str]) -> None:
            mail = next((each for each in mailbox.fetch(endpoint) if each.id == query.get("id")), None)
            if mail is None:
                self._send(404, "text/plain", "Not found\n")
            else:
                self._send(200, "text/html", mailbox_page.mail_page(mail))

        def _messages(self, _query: dict[str, str]) -> None:
            documents = [mail.document() for mail in mailbox.fetch(endpoint)]
            self._send(200, "application/json", json.dumps(documents, ensure_ascii=False, indent=2))

        def _is_local_host(self) -> bool:
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
            """Print nothing: a line per request would bury the local cloud's own output."""

    return Handler
