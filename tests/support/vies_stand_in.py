"""A VIES of one's own on 127.0.0.1: answers like the REST API of the European Commission, troubles included.

`with vies_stand_in() as vies:` then `vies.url` is the value for VIES_URL; `vies.registered` are the VAT IDs its registries
hold, `vies.trouble["DE"]` is what a member state has instead of an answer:

- a code of VIES such as `MS_UNAVAILABLE`: status 200 and `{"actionSucceed": false, "errorWrappers": [{"error": …}]}`;
- `userError:MS_UNAVAILABLE`: `"valid": false` with that `userError`, the form that is so easily read as "invalid";
- a number: an HTTP status with an HTML page;
- `slow` (more than `vies.slow_seconds`), `closed` (the connection is cut), `half` (cut within the answer), `html`,
  `empty`, `list`, `other` (an answer about another number), `redirect`, `undecided` (no `valid`).
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HTML = b"<!DOCTYPE html><html><head><title>VIES on the Web</title></head><body>The service is down.</body></html>"


@dataclass
class StandIn:
    """What the stand-in knows, and the questions it was asked, e.g. `("DE", "136695976")`."""

    url: str = ""
    registered: set[str] = field(default_factory=set)
    trouble: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    slow_seconds: float = 3

    def answer(self, country: str, number: str) -> dict[str, Any]:
        """What a registry that works answers to POST /check-vat-number."""
        valid = country + number in self.registered
        return {
            "countryCode": country,
            "vatNumber": number,
            "requestDate": datetime.now(UTC).isoformat(),
            "valid": valid,
            "requestIdentifier": "",
            "name": "ACME" if valid else "---",
            "address": "MAIN STREET 1" if valid else "---",
            "traderName": "---",
            "traderStreet": "---",
            "traderPostalCode": "---",
            "traderCity": "---",
            "traderCompanyType": "---",
            "traderNameMatch": "NOT_PROCESSED",
            "traderStreetMatch": "NOT_PROCESSED",
        }


@contextmanager
def vies_stand_in() -> Iterator[StandIn]:
    """A stand-in that lives within the `with`, on a free port."""
    vies = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"vies": vies}))
    vies.url = f"http://127.0.0.1:{server.server_port}/rest-api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    vies: StandIn
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/rest-api/check-vat-number":
            return self._send(404, HTML, "text/html")
        question = json.loads(body)
        return self._answer(question["countryCode"], question["vatNumber"], {})

    def do_GET(self) -> None:
        match self.path.split("/"):
            case ["", "rest-api", "ms", country, "vat", number]:
                return self._answer(country, number, {"isValid": f"{country}{number}" in self.vies.registered})
            case _:
                return self._send(404, HTML, "text/html")

    def _answer(self, country: str, number: str, short: dict[str, Any]) -> None:
        """`short`: the GET form says `isValid` and `userError`, and has no country."""
        self.vies.asked.append((country, number))
        answer = self.vies.answer(country, number)
        if short:
            answer = short | {name: answer[name] for name in ("vatNumber", "requestDate", "name", "address")}
            answer["userError"] = "VALID" if answer["isValid"] else "INVALID"
        self._send_with(self.vies.trouble.get(country, ""), answer)

    def _send_with(self, trouble: str, answer: dict[str, Any]) -> None:
        match trouble:
            case "":
                self._send_json(answer)
            case "slow":
                time.sleep(self.vies.slow_seconds)
                self.close_connection = True
            case "closed":
                self.close_connection = True
            case "half":
                self._send(200, json.dumps(answer).encode()[:20], length=500)
                self.close_connection = True
            case "html":
                self._send(200, HTML, "text/html")
            case "redirect":
                self._send(302, b"", location="/rest-api/maintenance.html")
            case "empty":
                self._send_json({})
            case "list":
                self._send_json([answer])
            case "other":
                self._send_json(answer | {"vatNumber": "000000000"})
            case "undecided":
                self._send_json({name: value for name, value in answer.items() if name not in {"valid", "isValid"}})
            case _ if trouble.isdigit():
                self._send(int(trouble), HTML, "text/html")
            case _ if trouble.startswith("userError:"):
                self._send_json(answer | {"valid": False, "userError": trouble.removeprefix("userError:")})
            case code:
                self._send_json({"actionSucceed": False, "errorWrappers": [{"error": code, "message": code}]})

    def _send_json(self, body: Any) -> None:
        self._send(200, json.dumps(body).encode())

    def _send(
        self, status: int, body: bytes, kind: str = "application/json", location: str = "", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body) if length is None else length))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is its own."""
