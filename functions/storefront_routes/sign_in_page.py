"""/sign-in: the page that we host, and the script, style and texts of the element that storefronts embed."""

import base64
import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from clientela.storefront import hosted_sign_in
from clientela.storefront.hosted_sign_in import SignInPage
from clientela.web import etags, openapi_responses

router = Router()

BASE = "/v1/stores/<store_id>/sign-in"
RETENTION = "public, max-age=300"

IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
Languages = Annotated[str, Query(max_length=200, examples=["pt-BR,es"])]


@router.get(BASE, operation_id="getSignInPage", tags=["sign-in"], responses=openapi_responses.cacheable("text/html"))
def get_page(
    language: Languages = "",
    # Read by the script alone. Whether it is the store's is checked when a link is asked for, and when it is followed.
    return_to: Annotated[str, Query(max_length=500)] = "",
    accept_language: Annotated[str | None, Header(alias="Accept-Language")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Any]:
    """The store's sign-in page. Opening it, also with a link's token in its fragment, signs nobody in."""
    store = router.context["store"]
    text = hosted_sign_in.html(store, [*language.split(","), *hosted_sign_in.accepted_languages(accept_language)])
    varied = {"Vary": "Origin, Accept-Language, Accept-Encoding"}
    return _kept(
        "text/html",
        text,
        if_none_match,
        varied | {"Content-Security-Policy": hosted_sign_in.content_security_policy(store)},
    )


@router.get(
    f"{BASE}/settings",
    operation_id="getSignInSettings",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("application/json", SignInPage),
)
def get_settings(language: Languages = "", if_none_match: IfNoneMatch = None) -> Response[Any]:
    """What the sign-in element shows: the store's name, look and texts, in the first of the wanted languages it has."""
    page = hosted_sign_in.page_settings(router.context["store"], language.split(","))
    return _kept("application/json", page.model_dump_json(), if_none_match)


@router.get(
    f"{BASE}/script.js",
    operation_id="getSignInScript",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("text/javascript"),
)
def get_script(if_none_match: IfNoneMatch = None) -> Response[Any]:
    """The sign-in element, an ES module. Its address tells it the store."""
    return _kept("text/javascript", hosted_sign_in.file("script.js"), if_none_match)


@router.get(
    f"{BASE}/style.css",
    operation_id="getSignInStyle",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("text/css"),
)
def get_style(if_none_match: IfNoneMatch = None) -> Response[Any]:
    """The sign-in element's style."""
    return _kept("text/css", hosted_sign_in.file("style.css"), if_none_match)


def _kept(
    media_type: str, text: str, if_none_match: str | None, more: Mapping[str, str] | None = None
) -> Response[Any]:
    """An answer that is nobody's own: browsers and CDNs may keep it."""
    tag = etags.etag_of(text)
    headers = {"ETag": tag, "Cache-Control": RETENTION, "Vary": "Origin, Accept-Encoding", **(more or {})}
    if etags.matches(if_none_match, tag):
        return Response(status_code=304, headers=headers, body="")
    answer = Response(status_code=200, content_type=f"{media_type}; charset=utf-8", headers=headers, body=text)
    # API Gateway's HTTP APIs compress nothing by themselves.
    if "gzip" in router.current_event.headers.get("accept-encoding", ""):
        answer.headers["Content-Encoding"] = "gzip"
        answer.body, answer.base64_encoded = _packed(text), True
    return answer


@lru_cache(maxsize=64)
def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
