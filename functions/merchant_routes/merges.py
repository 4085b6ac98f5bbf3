"""/customers/{id}/merge and /merges: merge two customers that are one person, and undo it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from clientela import clock
from clientela.errors import (
    CustomerNotFoundError,
    EmailTakenError,
    ExternalIdTakenError,
    MergeFinalError,
    MergeNotFoundError,
)
from clientela.lifecycle import merge_undo, merged_emails, merges
from clientela.lifecycle.merge_undo import UndoneMerge
from clientela.lifecycle.merged_emails import PastMerge
from clientela.lifecycle.merges import Merge, NewMerge
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

router = Router()

MERGES = f"{ONE}/merges"
FromId = Annotated[
    str,
    Path(
        max_length=MAX_ID_LENGTH,
        description="The id of the customer who was merged.",
        examples=["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"],
    ),
]


@router.post(f"{ONE}/merge", **route("mergeCustomers", "customers:write", Merge, raises=[CustomerNotFoundError]))
def merge_customers(customer_id: CustomerId, new: Annotated[NewMerge, Body()]) -> Response[Any]:
    """Merge the customer `from_id` into this one; `dry_run` returns the result without writing.

    Orders and statistics move. Empty fields are filled; groups, tags, addresses, custom fields and
    external ids are combined (of two values for the same name this customer's stays), and the
    consents of both are kept: the later decision counts. Afterwards requests for `from_id` are
    redirected here (308), and orders, sign-ins and imports with its e-mail reach this customer. 503
    if there are too many orders for one request: repeat it to continue.
    """
    store = router.context["store"]
    if new.dry_run:
        return responses.json(merges.plan(store, customer_id, new.from_id))
    out_of_time = clock.deadline(access.REMOVAL_SECONDS)
    return responses.json(merges.merge(store, customer_id, new.from_id, clock.now(), access.actor(router), out_of_time))


@router.get(MERGES, **route("listMerges", "customers:read", Listing[PastMerge], raises=[CustomerNotFoundError]))
def list_merges(customer_id: CustomerId) -> Response[Any]:
    """List the customers who were merged into this one, latest first, in one page."""
    past = merged_emails.list_all(router.context["store"], customer_id, clock.now())
    return responses.listing(router.current_event, past, None, max(len(past), 1))


@router.post(
    f"{MERGES}/<from_id>/undo",
    **route(
        "undoMerge",
        "customers:write",
        UndoneMerge,
        raises=[
            CustomerNotFoundError,
            MergeNotFoundError,
            MergeFinalError,
            EmailTakenError,
            ExternalIdTakenError,
        ],
    ),
)
def undo_merge(customer_id: CustomerId, from_id: FromId) -> Response[Any]:
    """Undo a merge within seven days: the merged customer is back with what the merge moved.

    Its orders, addresses, groups, consents, external ids and e-mail return, and this customer loses
    what the merge gave it. What was changed since the merge stays here and is listed. A repeated
    request returns the same result. 503 if there are too many orders for one request: repeat it to
    continue. 409 `external_id_taken` if somebody else has one of the external ids now.
    """
    store, out_of_time = router.context["store"], clock.deadline(access.REMOVAL_SECONDS)
    by = access.actor(router)
    return responses.json(merge_undo.undo(store, customer_id, from_id, clock.now(), by, out_of_time))


@router.delete(
    f"{MERGES}/<from_id>/email",
    **route("releaseMergedEmail", "customers:write", status=204, raises=[CustomerNotFoundError, MergeNotFoundError]),
)
def release_merged_email(customer_id: CustomerId, from_id: FromId) -> Response[Any]:
    """Release the e-mail of a merged customer: it no longer leads here and can be used again."""
    merged_emails.release(router.context["store"], customer_id, from_id, clock.now(), access.actor(router))
    return responses.no_content()
