"""A real Chromium, and what the tests of the sign-in page do with it."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from local.outputs import Outputs
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing of it calls anybody but the pages under test.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
EXAMPLES = Path(__file__).parents[2] / "docs" / "storefront"
EXAMPLE_API = "https://api.example.com/v1/stores/demo"


def program() -> str:
    """The path of a Chromium; on Debian it is installed where that can be done. The test fails where there is none."""
    found = _found()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        quietly = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
        subprocess.run(["apt-get", "update", "-qq"], **quietly)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quietly)
        found = _found()
    return found or pytest.fail("The sign-in page is tested in a browser: install Chromium or Google Chrome.", False)


def _found() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium with a profile of its own, which is gone afterwards."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        yield started
        started.close()


@contextmanager
def storefront(api: str) -> Iterator[str]:
    """The examples of docs/storefront on an origin of their own, calling the store's API at `api`. Yields the origin.

    `localhost` is another site than 127.0.0.1, where the API is. The policy is as strict as a storefront's can be.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def _handler(api: str) -> type[BaseHTTPRequestHandler]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(api))
    policy = f"default-src 'none'; script-src 'nonce-example' {origin}; connect-src {origin}; base-uri 'none'"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = EXAMPLES / f"{urlsplit(self.path).path.strip('/')}.html"
            page = file.read_text("utf-8") if file.exists() else "<!doctype html><title>The shop</title><p>Welcome</p>"
            page = page.replace(EXAMPLE_API, api).replace(
                '<script type="module"', '<script nonce="example" type="module"'
            )
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    return Handler


class Shopper:
    """A person with a browser of their own, and what it has said so far."""

    def __init__(self, browser: Browser, **settings: Any) -> None:
        self.context: BrowserContext = browser.new_context(locale="en-GB", **settings)
        self.context.set_default_timeout(20_000)
        self.errors: list[str] = []
        self.posts: list[dict[str, Any]] = []
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.context.on("request", self._seen)

    def page(self, url: str) -> Page:
        """A new tab, loaded."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def _seen(self, request: Any) -> None:
        assert not re.search("token=|email_change=|email_revert=", request.url), "a token rides in the fragment only"
        if request.method == "POST" and request.url.endswith("/sessions"):
            self.posts.append(request.post_data_json)


class Mailbox:
    """The local cloud's mails."""

    def __init__(self, cloud: Outputs) -> None:
        self._url = f"{cloud.mailbox_url}/messages.json"

    def newest(self, email: str, count: int = 1) -> tuple[str, str]:
        """Link and code, where it has one, of the newest mail to an address, which has got `count` of them."""
        deadline = time.monotonic() + 60
        while len(found := self._to(email)) < count:
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.1)
        mail = found[0]
        code = next((line.strip() for line in mail["text"].splitlines() if line.startswith("    ")), "")
        return next(link for link in mail["links"] if "#" in link), code

    def _to(self, email: str) -> list[dict[str, Any]]:
        return [mail for mail in httpx.get(self._url, trust_env=False).json() if email in mail["to"]]
