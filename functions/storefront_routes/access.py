"""Who calls the storefront API: nobody yet on the way in, a session on everything that is an account's."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from clientela import clock, pages, sessions, web
from clientela.customer_fields import Customer
from clientela.errors import OriginNotAllowedError
from clientela.sessions import Session
from clientela.stores import Store

COOKIE = "__Host-clientela_session"
# Of a route's options, for the OpenAPI document: either of these.
PRIVATE: dict[str, Any] = {"tags": ["account"], "security": [{"session": []}, {"session_cookie": []}]}

_PRIVATE_PATH = re.compile(r"/v1/stores/[^/]+/(account(/.*)?|sessions/current)/?$")
_SAFE = {"GET", "HEAD", "OPTIONS"}


class Caller(NamedTuple):
    """A shopper who is signed in."""

    session: Session
    customer: Customer


def guard(event: Mapping[str, Any]) -> web.Guard:
    """The guard of an event: a session where its path is private. SessionInvalidError, OriginNotAllowedError."""

    def who(store: Store, headers: Mapping[str, Any]) -> Caller | None:
        if not _PRIVATE_PATH.search(event["rawPath"]):
            return None
        token, cookie = web.bearer(headers), _cookie(event)
        if not token and cookie and event["requestContext"]["http"]["method"] not in _SAFE:
            # A browser sends the cookie by itself, whoever wrote the page.
            demand_own_page(store, headers.get("origin"))
        return Caller(*sessions.current(store, token or cookie, clock.now()))

    return who


def demand_own_page(store: Store, origin: str | None) -> None:
    """Raise OriginNotAllowedError unless a page of the store's own calls."""
    if origin is None or origin not in pages.origins(store):
        raise OriginNotAllowedError("Send the request from a page of one of the store's allowed origins.")


def set_cookie(token: str) -> dict[str, str]:
    """The header that keeps a session in the browser, out of reach of scripts and of other hosts."""
    return _cookie_header(token, int(sessions.ABSOLUTE.total_seconds()))


def drop_cookie() -> dict[str, str]:
    """The header that makes the browser forget its session."""
    return _cookie_header("", 0)


def _cookie_header(value: str, seconds: int) -> dict[str, str]:
    return {"Set-Cookie": f"{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"}


def _cookie(event: Mapping[str, Any]) -> str:
    """Payload 2.0 gives the cookies apart from the headers."""
    pairs = (cookie.partition("=") for cookie in event.get("cookies", []))
    return next((value for name, _, value in pairs if name.strip() == COOKIE), "")
