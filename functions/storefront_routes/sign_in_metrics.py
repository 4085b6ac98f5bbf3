"""How many sign-in links are asked for and used, and how many attempts are refused."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from clientela.handlers.metrics import Name


def count(event: Mapping[str, Any], status: int) -> dict[Name, int]:
    """Return what a request counts as: nothing if it is no attempt to sign in, or if we failed."""
    _, _, resource = event["rawPath"].rpartition("/")
    is_ours = event["requestContext"]["http"]["method"] == "POST" and resource in ("login-links", "sessions")
    if not is_ours or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return {}
    is_refused = status >= HTTPStatus.BAD_REQUEST
    if resource == "login-links":
        return {"SignInLinksRefused" if is_refused else "SignInLinksAsked": 1}
    if is_refused:
        return {"SignInsRefused": 1}
    return {"PasswordSignIns" if '"password"' in (event.get("body") or "") else "SignInLinksUsed": 1}
