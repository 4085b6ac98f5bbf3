"""/suppressions: customers who get no mail after a bounce or a complaint, and the end of it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from clientela import clock
from clientela.errors import CustomerNotFoundError
from clientela.notifications import suppressions
from clientela.notifications.suppressions import Reason, Suppression
from clientela.schema.documents import Model
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route
from merchant_routes.customers import CustomerId

router = Router()

BASE = "/v1/stores/<store_id>/suppressions"


class SuppressionListParameters(Model):
    """The reason of the stops, and the page."""

    reason: Reason = "bounced"
    """Bounces, or reports as spam."""
    limit: Limit = 50
    """The number of customers in a page."""
    cursor: Cursor = None
    """`next_cursor` of the previous page."""


@router.get(BASE, **route("listSuppressions", "customers:read", Listing[Suppression]))
def list_suppressions(parameters: Annotated[SuppressionListParameters, Query()]) -> Response[Any]:
    """List the customers who get no mail, because a mail bounced for good or was reported as spam.

    Newest customers come first.
    """
    page = suppressions.page(router.context["store"], parameters.reason, parameters.limit, parameters.cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, parameters.limit)


@router.delete(
    f"{BASE}/<customer_id>", **route("liftSuppression", "customers:write", status=204, raises=[CustomerNotFoundError])
)
def lift_suppression(customer_id: CustomerId) -> Response[Any]:
    """Let a customer get mail again, for example after the mailbox was mended.

    The address counts as unproven until its owner signs in by a link. Repeating does no harm.
    """
    suppressions.lift(router.context["store"], customer_id, clock.now(), access.actor(router))
    return responses.no_content()
