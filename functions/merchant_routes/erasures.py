"""/customers/{id}/erase and /erasures: erasing a person, and the certificates of it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from clientela import clock
from clientela.errors import CustomerNotFoundError, ErasureNotFoundError
from clientela.lifecycle import customer_removal, erasures
from clientela.lifecycle.erasures import Erasure
from clientela.web import http_app
from clientela.web.http_app import Cursor, Limit, Listing
from merchant_routes import access
from merchant_routes.access import ID_LENGTH, route
from merchant_routes.customers import ONE, CustomerId

router = Router()

BASE = "/v1/stores/<store_id>/erasures"
ErasureId = Annotated[str, Path(max_length=ID_LENGTH, examples=["ers_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])]


@router.post(f"{ONE}/erase", **route("eraseCustomer", "customers:write", Erasure, raises=[CustomerNotFoundError]))
def erase_customer(customer_id: CustomerId) -> Response[Any]:
    """Erase a customer for good: who it was goes, the shop's money stays. The answer is the certificate.

    The account is gone at once; while `status` is `running` the rest is being deleted. Asked again, it is the same
    certificate. Imports do not bring the person back, nor do orders placed before.
    """
    store, by = router.context["store"], access.actor(router)
    return http_app.json(customer_removal.erase(store, customer_id, clock.now(), by, clock.deadline(access.SECONDS)))


@router.get(BASE, **route("listErasures", "customers:read", Listing[Erasure]))
def list_erasures(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """The certificates of all who were erased, newest first. They name nobody."""
    page = erasures.list_all(router.context["store"], limit, cursor)
    return http_app.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<erasure_id>", **route("getErasure", "customers:read", Erasure, raises=[ErasureNotFoundError]))
def get_erasure(erasure_id: ErasureId) -> Response[Any]:
    """The certificate of one erasure."""
    return http_app.json(erasures.get(router.context["store"], erasure_id))
