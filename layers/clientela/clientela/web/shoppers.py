"""The shopper behind a request: its sender, or whoever a trusted sender names.

Sign-in limits count networks. Behind a CDN or a storefront's back end all shoppers have one
network, unless it names the shopper's address. Only a sender with an API key of the store, or with
the deployment's proxy secret, is believed: anybody can send a header.
"""

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import Field

from clientela import settings
from clientela.errors import FieldError, InvalidInputError
from clientela.schema import countries
from clientela.sign_in.visitors import Visitor
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores import api_keys
from clientela.stores.api_keys import Key
from clientela.stores.stores import Store
from clientela.web import http_requests

ADDRESS = "Clientela-Shopper-Address"
USER_AGENT = "clientela-shopper-user-agent"
COUNTRY = "clientela-shopper-country"
API_KEY = "clientela-api-key"
PROXY_SECRET = "clientela-proxy-secret"  # noqa: S105 - the name of a header
_WITH_PORT = "cloudfront-viewer-address"  # CloudFront writes `2001:db8::1:46532`, without brackets

ShopperAddress = Annotated[
    str | None,
    Header(alias=ADDRESS, description="The shopper's IP address, from a back end with an API key of the store."),
    Field(examples=["203.0.113.7"]),
]


def calling_key(store: Store, headers: Mapping[str, str], now: datetime) -> Key | None:
    """Return the API key with which a back end calls the storefront API, or None without one.

    It is the bearer token, or in `Clientela-Api-Key` beside a shopper's session token.

    Raises:
        KeyMissingError: the key is invalid, expired or revoked, or belongs to another store.
    """
    bearer = http_requests.bearer_token(headers)
    token = headers.get(API_KEY) or (bearer if bearer.startswith("ck_") else None)
    return None if token is None else api_keys.authenticate(store.id, token, now)


def visitor(
    store: Store, http: Mapping[str, Any], headers: Mapping[str, str], named: str | None, now: datetime
) -> Visitor:
    """Return the shopper of a request: address and browser.

    `http` is what API Gateway saw, `named` the address in `Clientela-Shopper-Address`.

    Raises:
        KeyMissingError: the request has an API key that is not one of the store's.
        InvalidInputError: a trusted sender names something else than an address.
    """
    seen = Visitor(http["sourceIp"], http.get("userAgent"))
    if calling_key(store, headers, now):
        ip = _address(ADDRESS, named) if named else seen.ip
        return Visitor(ip, headers.get(USER_AGENT, seen.user_agent), _country(headers.get(COUNTRY)))
    if _is_trusted_proxy(headers):
        name = settings.trusted_proxy_header()
        named = headers.get(name.lower())
        return seen._replace(ip=_address(name, named)) if named else seen
    return seen


def _is_trusted_proxy(headers: Mapping[str, str]) -> bool:
    """Return whether the proxy's secret is sent. The deployment knows only its hash."""
    expected, sent = settings.trusted_proxy(), headers.get(PROXY_SECRET)
    return bool(expected and sent) and constant_time_equal(sha256_hex(sent or ""), expected)


def _country(text: str | None) -> str | None:
    """Return the alpha-2 code in a header, or None: CDNs send `XX` or `T1` where they know none."""
    code = (text or "").strip().upper()
    return code if countries.is_code(code) else None


def _address(header: str, text: str) -> str:
    """Return the IP address in a header, without its port — InvalidInputError."""
    bare, _, port = text.strip().rpartition(":")
    has_port = header.lower() == _WITH_PORT or (port.isdecimal() and (bare.count(".") == 3 or bare.endswith("]")))
    try:
        return str(ipaddress.ip_address((bare if has_port else text.strip()).removeprefix("[").removesuffix("]")))
    except ValueError:
        raise InvalidInputError(fields=[FieldError(header, "Send one IP address.")]) from None
