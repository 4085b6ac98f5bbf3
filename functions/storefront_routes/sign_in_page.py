"""/sign-in: the hosted sign-in page, and the script, style and texts of the embeddable element."""

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import Field

from clientela.schema import languages
from clientela.storefront import hosted_sign_in
from clientela.storefront.hosted_sign_in import SignInPage
from clientela.web import openapi_responses, public_texts
from clientela.web.http_requests import IfNoneMatch

router = Router()

BASE = "/v1/stores/<store_id>/sign-in"

Languages = Annotated[str, Query(description="Languages for the texts, preferred ones first.", examples=["pt-BR,es"])]
ReturnTo = Annotated[
    str,
    Query(
        max_length=500,
        description="The page of the storefront to open after the sign-in.",
        examples=["https://shop.example.com/cart"],
    ),
]
AcceptLanguage = Annotated[
    str | None,
    Header(alias="Accept-Language", description="The languages of the browser, used after `language`."),
    Field(examples=["pt-BR, es;q=0.8"]),
]


@router.get(BASE, operation_id="getSignInPage", tags=["sign-in"], responses=openapi_responses.cacheable("text/html"))
def get_page(
    language: Languages = "",
    # Only the script reads it. It is validated when a link is requested and when it is opened.
    return_to: ReturnTo = "",
    accept_language: AcceptLanguage = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Any]:
    """Get the store's sign-in page. Opening it signs nobody in, even with a link's token."""
    store = router.context["store"]
    text = hosted_sign_in.html(store, [*language.split(","), *languages.accepted(accept_language)])
    varied = {"Vary": "Origin, Accept-Language, Accept-Encoding"}
    return _public(
        "text/html",
        text,
        varied | {"Content-Security-Policy": hosted_sign_in.content_security_policy(store)},
    )


@router.get(
    f"{BASE}/settings",
    operation_id="getSignInSettings",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("application/json", SignInPage),
)
def get_settings(language: Languages = "", if_none_match: IfNoneMatch = None) -> Response[Any]:
    """Get the store's name, branding and texts for the sign-in element.

    The texts are in the first available of the requested languages.
    """
    page = hosted_sign_in.page_settings(router.context["store"], language.split(","))
    return _public("application/json", page.model_dump_json())


@router.get(
    f"{BASE}/script.js",
    operation_id="getSignInScript",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("text/javascript"),
)
def get_script(if_none_match: IfNoneMatch = None) -> Response[Any]:
    """Get the sign-in element, an ES module. It reads the store from its own URL."""
    return _public("text/javascript", hosted_sign_in.script())


@router.get(
    f"{BASE}/style.css",
    operation_id="getSignInStyle",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("text/css"),
)
def get_style(if_none_match: IfNoneMatch = None) -> Response[Any]:
    """Get the sign-in element's stylesheet."""
    return _public("text/css", hosted_sign_in.file("style.css"))


def _public(media_type: str, text: str, extra_headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Return a public response, which browsers and CDNs may cache."""
    return public_texts.respond(text, f"{media_type}; charset=utf-8", router.current_event.headers, extra_headers)
