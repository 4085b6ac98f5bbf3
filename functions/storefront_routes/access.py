"""Who calls the storefront API: nobody yet on the way in, a session on everything that is an account's."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.sign_in import sessions
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import EmailUnprovenError, SessionInvalidError
from clientela.sign_in.visitors import Visitor
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.web import http_app
from clientela.web.http_errors import OriginNotAllowedError

SECONDS = 5  # that a removal may take while the caller waits: the rest is done by the queue
COOKIE = "__Host-clientela_session"
# Options of a route that is an account's: either of these opens it. The OpenAPI document says so too.
PRIVATE: dict[str, Any] = {"tags": ["account"], "security": [{"session": []}, {"session_cookie": []}]}

_SAFE = {"GET", "HEAD", "OPTIONS"}


class Caller(NamedTuple):
    """A shopper who is signed in."""

    session: Session
    customer: Customer


def require_session(app: APIGatewayHttpResolver) -> None:
    """Know the caller of a private route. SessionInvalidError, OriginNotAllowedError."""
    if app.context["_route"].security:
        app.context["caller"] = _caller(app.context["store"], app.current_event)


def proven_caller(router: Router) -> Caller:
    """The caller, if the session's e-mail is proven. EmailUnprovenError: what orders tell is for their owner alone."""
    caller: Caller = router.context["caller"]
    if not caller.session.email_proven:
        raise EmailUnprovenError
    return caller


def _caller(store: Store, event: BaseProxyEvent) -> Caller:
    if store.login_mode == "disabled":  # sessions sleep until the store has accounts again
        raise SessionInvalidError
    token, cookie = http_app.bearer(event.headers), _cookie(event.raw_event)
    if not token and cookie and event.http_method not in _SAFE:
        # A browser sends the cookie by itself, whoever wrote the page.
        require_own_page(store, event.headers)
    return Caller(*sessions.current(store, token or cookie, clock.now()))


def visitor(event: BaseProxyEvent) -> Visitor:
    """Who calls, as API Gateway has seen them: a header such as X-Forwarded-For may say anything."""
    http = event.raw_event["requestContext"]["http"]
    return Visitor(http["sourceIp"], http.get("userAgent"))


def require_own_page(store: Store, headers: Mapping[str, str]) -> None:
    """Raise OriginNotAllowedError unless a page of the store's own calls, or our sign-in page.

    Sec-Fetch-Site is the browser's own word, which no page can forge (https://www.w3.org/TR/fetch-metadata): our origin has
    no pages but ours, and so nobody needs to know under which names it is reached.
    """
    if headers.get("sec-fetch-site") != "same-origin" and headers.get("origin") not in store_urls.origins(store):
        raise OriginNotAllowedError("Send the request from a page of one of the store's allowed origins.")


def set_cookie(token: str, session: Session) -> dict[str, str]:
    """The header that keeps a session in the browser as long as it can last, out of reach of scripts and other hosts."""
    return _cookie_header(token, int((session.expires_at - session.created_at).total_seconds()))


def drop_cookie() -> dict[str, str]:
    """The header that makes the browser forget its session."""
    return _cookie_header("", 0)


def _cookie_header(value: str, seconds: int) -> dict[str, str]:
    return {"Set-Cookie": f"{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"}


def _cookie(event: dict[str, Any]) -> str:
    """Payload 2.0 gives the cookies apart from the headers."""
    pairs = (cookie.partition("=") for cookie in event.get("cookies", []))
    return next((value for name, _, value in pairs if name.strip() == COOKIE), "")
