"""Lets MiniStack list the headers that a sender gives its mails. MiniStack forgets them.

MiniStack's version is pinned, and a missing name fails the start: see `fidelity`.
"""

import json
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.services import ses_v2  # type: ignore[import-untyped]

_sent: dict[str, list[dict[str, str]]] = {}  # by the id of the mail


def apply() -> None:
    """Keep the headers of each mail that is sent, and add them to the list of mails."""
    send, list_mails = ses_v2.handle_request, app._handle_ses_messages_request

    async def send_and_keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await send(method, path, headers, body, query)
        if (method, path.rstrip("/"), answer[0]) == ("POST", "/v2/email/outbound-emails", 200):
            content = json.loads(body)["Content"].get("Simple", {})
            _sent[json.loads(answer[2])["MessageId"]] = content.get("Headers", [])
        return answer

    async def list_with_headers(*arguments: Any) -> Any:
        answer = await list_mails(*arguments)
        if answer is None or answer[0] != 200:
            return answer
        listing = json.loads(answer[2])
        for mail in (mail for mails in listing["messages"].values() for mail in mails):
            mail["Headers"] = _sent.get(mail["MessageId"], [])
        return answer[0], answer[1], json.dumps(listing).encode()

    ses_v2.handle_request, app._handle_ses_messages_request = send_and_keep, list_with_headers
