"""/customers/{id}/merge: merge two customers that are one person."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from clientela import clock
from clientela.errors import CustomerNotFoundError
from clientela.lifecycle import merges
from clientela.lifecycle.merges import Merge, NewMerge
from clientela.web import responses
from merchant_routes import access
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

router = Router()


@router.post(f"{ONE}/merge", **route("mergeCustomers", "customers:write", Merge, raises=[CustomerNotFoundError]))
def merge_customers(customer_id: CustomerId, new: Annotated[NewMerge, Body()]) -> Response[Any]:
    """Merge the customer `from_id` into this one; `dry_run` returns the result without writing.

    Orders and statistics move. Empty fields are filled; groups, tags, addresses and custom fields
    are combined. Afterwards requests for `from_id` are redirected here (308), and its e-mail can be
    used again. 503 if there are too many orders for one request: repeat it to continue.
    """
    store = router.context["store"]
    if new.dry_run:
        return responses.json(merges.plan(store, customer_id, new.from_id))
    out_of_time = clock.deadline(access.REMOVAL_SECONDS)
    return responses.json(merges.merge(store, customer_id, new.from_id, clock.now(), access.actor(router), out_of_time))
