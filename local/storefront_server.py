"""The demo's storefront, to which the links in its mails lead: a home page, and the account page.

The account page is docs/storefront/account.html, with the local API and the list of orders.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from local.page_server import page_server
from local.paths import ROOT

STORE = "chinook"

_EXAMPLE = ROOT / "docs" / "storefront" / "account.html"
_EXAMPLE_API = "https://api.example.com/v1/stores/demo"
_STYLE = """<style>
:root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif }
body { max-width: 38rem; margin: 3rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .4rem .8rem .4rem 0 }
</style>"""
_HOME = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chinook</title>{_STYLE}</head>
<body><main><h1>Chinook</h1>
<p>Records and downloads. This is the storefront of Clientela's demo, on your machine only.</p>
<p><a href="/account">Your account</a></p></main></body></html>
"""
_ORDERS = """<table id="orders" hidden><caption>Your orders</caption>
<thead><tr><th scope="col">Order</th><th scope="col">Day</th><th scope="col">Total</th></tr></thead><tbody></tbody></table>
<p><a href="/">Back to the shop</a></p>
</main>
<script type="module">
document.addEventListener("clientela:signed-in", async ({ detail }) => {
  const headers = { Authorization: `Bearer ${detail.session_token}` };
  const { items } = await (await fetch("API/account/orders", { headers })).json();
  const table = document.querySelector("#orders");
  for (const order of items) {
    const row = table.tBodies[0].insertRow();
    const total = `${order.total} ${order.currency}`;
    for (const text of [order.number ?? order.id, order.placed_at.slice(0, 10), total]) row.insertCell().textContent = text;
  }
  table.hidden = false;
});
</script>"""


@contextmanager
def storefront_server(api_url: str) -> Iterator[str]:
    """Serve the storefront of the demo's store in the API at `api_url`, and return its URL.

    `localhost` is another site than the API's 127.0.0.1, as a storefront's is in production.
    """
    with page_server("storefront", _handler(f"{api_url}/v1/stores/{STORE}")) as port:
        yield f"http://localhost:{port}"


def account_page(api: str) -> str:
    """Return the account page for the API of a store."""
    page = _EXAMPLE.read_text("utf-8").replace(_EXAMPLE_API, api).replace("</head>", f"{_STYLE}</head>")
    return page.replace("</main>", _ORDERS.replace("API", api), 1)


def _handler(api: str) -> type[BaseHTTPRequestHandler]:
    class StorefrontHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = {"/": lambda: _HOME, "/account": lambda: account_page(api)}.get(urlsplit(self.path).path)
            content = page().encode() if page else b"Not found\n"
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", f"text/{'html' if page else 'plain'}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Print nothing: a line per request would bury the local cloud's own output."""

    return StorefrontHandler
