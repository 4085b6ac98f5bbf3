"""/customers/{id}/merge: two customers who are one person; and where a merged one is to be found."""

from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from clientela import clock
from clientela.errors import CustomerMergedError, CustomerNotFoundError
from clientela.lifecycle import merges
from clientela.lifecycle.merges import Merge, NewMerge
from clientela.web import http_app
from merchant_routes import access
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

router = Router()


@router.post(f"{ONE}/merge", **route("mergeCustomers", "customers:write", Merge, raises=[CustomerNotFoundError]))
def merge_customers(customer_id: CustomerId, new: Annotated[NewMerge, Body()]) -> Response[Any]:
    """Merge the customer `from_id` into this one; `dry_run` shows what would come of it.

    Orders and statistics move, empty fields are filled, groups, tags, addresses and custom fields united. The id `from_id`
    leads here afterwards (308), its e-mail is free. 503 where there are more orders than time: asked again, it goes on.
    """
    store = router.context["store"]
    if new.dry_run:
        return http_app.json(merges.plan(store, customer_id, new.from_id))
    out_of_time = clock.deadline(access.SECONDS)
    return http_app.json(merges.merge(store, customer_id, new.from_id, clock.now(), access.actor(router), out_of_time))


def redirect_merged(app: APIGatewayHttpResolver) -> None:
    """Send requests for a customer who was merged on to the one who stayed."""

    def moved(error: CustomerMergedError) -> Response[Any]:
        answer, event = http_app.problem(error), app.current_event
        query = urlencode(event.query_string_parameters or {})
        answer.headers["Location"] = event.path.replace(error.customer_id, error.into_id) + (query and f"?{query}")
        return answer

    app.exception_handler(CustomerMergedError)(moved)
