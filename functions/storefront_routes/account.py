"""/account: get, change, download and delete the shopper's own account, and list its orders."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import SkipValidation

from clientela import clock
from clientela.customers import consents
from clientela.customers.consents import Consent
from clientela.errors import OrderNotFoundError, VersionConflictError
from clientela.lifecycle import customer_data, customer_removal
from clientela.lifecycle.customer_data import CustomerData
from clientela.lifecycle.erasures import Erasure
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import ID_LENGTH, Order
from clientela.orders.order_lists import OrderListParameters
from clientela.schema.actors import Actor
from clientela.sign_in.sign_in_errors import EmailUnprovenError, FreshSignInNeededError
from clientela.storefront import own_account
from clientela.storefront.own_account import Account, AccountChanges
from clientela.web import http_requests, openapi_responses, responses
from clientela.web.http_requests import Cursor, IfMatch, Limit
from clientela.web.responses import Listing
from storefront_routes import access

router = Router()

OrderId = Annotated[
    str, Path(max_length=ID_LENGTH, description="The order system's id of the order.", examples=["1001"])
]

BASE = "/v1/stores/<store_id>/account"


@router.get(
    BASE,
    operation_id="getAccount",
    responses=openapi_responses.responses({200: Account}, headers=["ETag"]),
    **access.PRIVATE,
)
def get_account() -> Response[Any]:
    """Get one's own profile."""
    session, customer = router.context["caller"]
    return responses.json(
        own_account.own_view(customer, session.email_proven), headers=responses.etag(customer.version)
    )


@router.patch(
    BASE,
    operation_id="changeAccount",
    **access.PRIVATE,
    responses=openapi_responses.responses({200: Account}, [VersionConflictError, EmailUnprovenError], ["ETag"]),
)
def change_account(
    # Validated after merging: alone it may be invalid, such as a phone without its country.
    changes: Annotated[SkipValidation[AccountChanges], Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change one's own profile by JSON Merge Patch (RFC 7396). `If-Match` prevents lost updates."""
    store, (session, before) = router.context["store"], router.context["caller"]
    own_account.require_proven_email(changes, session.email_proven)
    customer = own_account.patch(store, before.id, changes, clock.now(), http_requests.expected_version(if_match))
    return responses.json(
        own_account.own_view(customer, session.email_proven), headers=responses.etag(customer.version)
    )


@router.get(
    f"{BASE}/consents",
    operation_id="listOwnConsents",
    responses=openapi_responses.responses({200: Listing[Consent]}),
    **access.PRIVATE,
)
def list_consents(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List one's own marketing consents, newest first."""
    page = consents.page(router.context["store"], router.context["caller"].customer.id, limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.delete(
    BASE,
    operation_id="deleteAccount",
    **access.PRIVATE,
    responses=openapi_responses.responses({200: Erasure}, [FreshSignInNeededError], ["Set-Cookie"]),
)
def delete_account() -> Response[Any]:
    """Delete one's own account for good.

    The response is the certificate: which data was deleted, which is kept, and why. Requires a
    sign-in by link or code within the last ten minutes, so that an open browser is not enough.
    """
    store, customer, now = router.context["store"], router.context["caller"].customer, clock.now()
    access.require_fresh(router, now)
    certificate = customer_removal.erase(
        store,
        customer.id,
        now,
        Actor("customer", customer.id),
        clock.deadline(access.REMOVAL_SECONDS),
        has_directory=False,
    )
    return responses.json(certificate, headers=access.drop_cookie(store))


@router.get(
    f"{BASE}/data",
    operation_id="downloadOwnData",
    **access.PRIVATE,
    responses=openapi_responses.responses({200: CustomerData}, [EmailUnprovenError]),
)
def download_data(cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """Download everything stored about oneself.

    An account with very many orders has several pages.
    """
    store, customer = router.context["store"], access.proven_caller(router).customer
    data = customer_data.own_page(store, customer, clock.now(), cursor)
    attachment = {"Content-Disposition": 'attachment; filename="account.json"'}
    return responses.json(data, headers=attachment | responses.link_to_next(router.current_event, data.next_cursor))


@router.get(
    f"{BASE}/orders",
    operation_id="listOwnOrders",
    responses=openapi_responses.responses({200: Listing[Order]}, [EmailUnprovenError]),
    **access.PRIVATE,
)
def list_orders(parameters: Annotated[OrderListParameters, Query()]) -> Response[Any]:
    """List one's own orders that pass all filters, newest first.

    If few pass, a page may be short although there is a next one.
    """
    store, customer = router.context["store"], access.proven_caller(router).customer
    filter_ = parameters.filter()
    page = order_lists.of_customer(store, customer.id, parameters.limit, parameters.cursor, filter_)
    total = order_lists.count_of_customer(store, customer, filter_) if parameters.count else None
    return responses.listing(router.current_event, page.items, page.next_cursor, parameters.limit, total)


@router.get(
    f"{BASE}/orders/<order_id>",
    operation_id="getOwnOrder",
    **access.PRIVATE,
    responses=openapi_responses.responses({200: Order}, [OrderNotFoundError, EmailUnprovenError]),
)
def get_order(order_id: OrderId) -> Response[Any]:
    """Get one of one's own orders."""
    return responses.json(orders.get(router.context["store"], access.proven_caller(router).customer.id, order_id))
