"""/customers/{id}/erase and /erasures: erase a person, and get the certificates of erasures."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from clientela import clock
from clientela.errors import CustomerNotFoundError, ErasureNotFoundError
from clientela.lifecycle import customer_removal, erasures
from clientela.lifecycle.erasures import Erasure
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

router = Router()

BASE = "/v1/stores/<store_id>/erasures"
ErasureId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the erasure.", examples=["ers_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.post(f"{ONE}/erase", **route("eraseCustomer", "customers:write", Erasure, raises=[CustomerNotFoundError]))
def erase_customer(customer_id: CustomerId) -> Response[Any]:
    """Erase a customer's personal data for good and keep the orders' amounts.

    The response is the certificate. The account is deleted at once; the rest is being deleted while
    `status` is `running`. A repeated request returns the same certificate. Neither imports nor
    orders placed earlier create the customer again.
    """
    store, actor = router.context["store"], access.actor(router)
    return responses.json(
        customer_removal.erase(store, customer_id, clock.now(), actor, clock.deadline(access.REMOVAL_SECONDS))
    )


@router.get(BASE, **route("listErasures", "customers:read", Listing[Erasure]))
def list_erasures(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List the certificates of all erasures, newest first. They contain no personal data."""
    page = erasures.list_all(router.context["store"], limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<erasure_id>", **route("getErasure", "customers:read", Erasure, raises=[ErasureNotFoundError]))
def get_erasure(erasure_id: ErasureId) -> Response[Any]:
    """Get the certificate of one erasure."""
    return responses.json(erasures.get(router.context["store"], erasure_id))
