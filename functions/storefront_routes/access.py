"""Access to the storefront API: private routes need a session, others do not."""

from collections.abc import Mapping
from datetime import datetime
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
from clientela.web import http_requests, powertools_routes, shoppers
from clientela.web.http_errors import OriginNotAllowedError

REMOVAL_SECONDS = 5  # a request deletes for this long; the queue does the rest
# Options of a private route: it accepts either of these. The OpenAPI document shows them.
PRIVATE: dict[str, Any] = {"tags": ["account"], "security": [{"session": []}, {"session_cookie": []}]}

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class Caller(NamedTuple):
    """A signed-in shopper."""

    session: Session
    customer: Customer


def require_session(app: APIGatewayHttpResolver) -> None:
    """Set the caller of a private route.

    Raises:
        SessionInvalidError: there is no valid session.
        OriginNotAllowedError: a change by cookie came from a page of another site.
    """
    if powertools_routes.matched(app).security:
        app.context["caller"] = _caller(app.context["store"], app.current_event)


def proven_caller(router: Router) -> Caller:
    """Return the caller; raise EmailUnprovenError if the session's e-mail is unproven.

    Only the owner of the e-mail may see its orders.
    """
    caller: Caller = router.context["caller"]
    if not caller.session.email_proven:
        raise EmailUnprovenError
    return caller


def require_fresh(router: Router, now: datetime) -> None:
    """Raise FreshSignInNeededError unless a mail opened the session within the last ten minutes."""
    sessions.require_fresh(router.context["caller"].session, now)


def _caller(store: Store, event: BaseProxyEvent) -> Caller:
    if store.login_mode == "disabled":  # sessions are valid again once the store has accounts again
        raise SessionInvalidError
    token, cookie = http_requests.bearer_token(event.headers), _cookie(store, event.raw_event)
    if not token and cookie and event.http_method not in _SAFE_METHODS:
        # Browsers send the cookie with requests from any page.
        require_own_page(store, event.headers)
    return Caller(*sessions.current(store, token or cookie, clock.now()))


def visitor(router: Router, named_address: str | None, now: datetime) -> Visitor:
    """Return the shopper: as API Gateway saw it, or as a trusted caller names it."""
    event = router.current_event
    http = event.raw_event["requestContext"]["http"]
    return shoppers.visitor(router.context["store"], http, event.headers, named_address, now)


def require_own_page(store: Store, headers: Mapping[str, str]) -> None:
    """Raise OriginNotAllowedError unless the store's own page or our sign-in page calls.

    Browsers set Sec-Fetch-Site; pages cannot forge it (https://www.w3.org/TR/fetch-metadata). It is
    enough for our own pages, so that the domain names of the API need not be configured.
    """
    if headers.get("sec-fetch-site") != "same-origin" and headers.get("origin") not in store_urls.origins(store):
        raise OriginNotAllowedError("Send the request from a page of one of the store's allowed origins.")


def cookie_name(store_id: str) -> str:
    """Return the name of a store's session cookie: `demo` → `__Host-clientela_session_demo`.

    Stores that share a host share its cookies: one name would sign shoppers out of the other store.
    """
    return f"__Host-clientela_session_{store_id}"


def set_cookie(store: Store, token: str, session: Session) -> dict[str, str]:
    """Return the header that stores a session in the browser until it expires.

    Neither scripts nor other hosts can read the cookie.
    """
    return _cookie_header(store, token, int((session.expires_at - session.created_at).total_seconds()))


def drop_cookie(store: Store) -> dict[str, str]:
    """Return the header that deletes the store's session cookie in the browser."""
    return _cookie_header(store, "", 0)


def _cookie_header(store: Store, value: str, seconds: int) -> dict[str, str]:
    return {"Set-Cookie": f"{cookie_name(store.id)}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"}


def _cookie(store: Store, event: dict[str, Any]) -> str:
    """Return the store's session cookie. Payload 2.0 has cookies outside the headers."""
    pairs = (cookie.partition("=") for cookie in event.get("cookies", []))
    return next((value for name, _, value in pairs if name.strip() == cookie_name(store.id)), "")
