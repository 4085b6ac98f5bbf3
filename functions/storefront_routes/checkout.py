"""/account/checkout, /checkout-policy and /storefront.css: data for a storefront."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from clientela import clock
from clientela.errors import KeyMissingError, ScopeMissingError
from clientela.groups import group_stylesheets
from clientela.storefront import checkout, checkout_policy, own_account
from clientela.storefront.checkout import Checkout
from clientela.storefront.checkout_policy import CheckoutPolicy, CheckoutQuestion
from clientela.stores import api_keys
from clientela.web import etags, openapi_responses, responses, shoppers
from clientela.web.http_requests import IfNoneMatch
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>"


@router.get(
    f"{BASE}/account/checkout",
    operation_id="getCheckout",
    responses=openapi_responses.responses({200: Checkout}),
    **access.PRIVATE,
)
def get_checkout() -> Response[Any]:
    """Get the data that prefills checkout.

    Addresses, VAT ID, today's tax exemption, group discount and CSS classes.
    """
    session, customer = router.context["caller"]
    visible = own_account.visible_fields(customer, session.email_proven)
    return responses.json(checkout.prefill(router.context["store"], visible, clock.now()))


@router.post(
    f"{BASE}/checkout-policy",
    operation_id="askCheckoutPolicy",
    tags=["sign-in"],
    responses=openapi_responses.responses({200: CheckoutPolicy}, [KeyMissingError, ScopeMissingError]),
)
def ask_checkout_policy(question: Annotated[CheckoutQuestion, Body()]) -> Response[Any]:
    """Ask how one may order: as a guest, signed in, or once approved.

    The response is the same for e-mails with and without an account. Only a back end that sends an
    API key with the scope `customers:read` learns whether the e-mail has an account.
    """
    store, now = router.context["store"], clock.now()
    key = shoppers.calling_key(store, router.current_event.headers, now)
    if key is None:
        return responses.json(checkout_policy.answer(store, question.country))
    api_keys.require_scope(key, "customers:read")
    return responses.json(checkout_policy.answer_for(store, question.email, question.country, now))


@router.get(
    f"{BASE}/storefront.css",
    operation_id="getStylesheet",
    tags=["sign-in"],
    responses=openapi_responses.cacheable("text/css"),
)
def get_stylesheet(
    groups: Annotated[
        str, Query(max_length=2500, description="The codes of the groups.", examples=["wholesale,retail"])
    ] = "",
    if_none_match: IfNoneMatch = None,
) -> Response[Any]:
    """Get the CSS of groups by their codes, highest priority first. Unknown codes are ignored."""
    stylesheet = group_stylesheets.stylesheet(router.context["store"], groups.split(","), clock.now())
    tag = etags.etag_of(stylesheet.css)
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={stylesheet.seconds}"}
    if etags.matches(if_none_match, tag):
        return Response(status_code=304, headers=headers, body="")
    return Response(status_code=200, content_type="text/css; charset=utf-8", headers=headers, body=stylesheet.css)
