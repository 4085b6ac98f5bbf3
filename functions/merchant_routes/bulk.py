"""/customers/bulk: make the same change to many customers."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from clientela import clock
from clientela.bulk import bulk_fields, bulk_jobs, bulk_previews
from clientela.bulk.bulk_fields import BulkJob, BulkResult, NewBulk
from clientela.customers import group_filter
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BulkJobNotFoundError
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/customers/bulk"
BulkId = Annotated[
    str,
    Path(
        max_length=MAX_ID_LENGTH, description="The id of the bulk change.", examples=["blk_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]
    ),
]


@router.post(BASE, **route("changeCustomers", "customers:write", Listing[BulkResult], also={202: BulkJob}))
def change_customers(new: Annotated[NewBulk, Body()]) -> Response[Any]:
    """Change up to 1,000 customers by id, all that pass a filter, or every customer with `all`.

    By id, the response has the result of each customer (200). By filter, a job is started (202).
    An empty filter is refused. With `dry_run` nothing is written: `total` is the number of
    customers, and the items are the results that up to 20 of them would have (200).
    """
    store, now, actor = router.context["store"], clock.now(), access.actor(router)
    filter_ = group_filter.resolve(store, new.filter or CustomerFilter(), "/filter/group")
    if new.dry_run:
        by_ids, by_filter = bulk_previews.of_ids, bulk_previews.of_filter
        preview = by_ids(store, new.ids, new.changes) if new.ids else by_filter(store, filter_, new.changes)
        return responses.listing(router.current_event, preview.sample, None, bulk_previews.SAMPLE, preview.total)
    if new.ids is not None:
        results = bulk_jobs.change(store, new.ids, new.changes, now, actor)
        return responses.listing(router.current_event, results, None, bulk_fields.MAX_IDS)
    job = bulk_jobs.start(store, filter_, new.changes, now, actor)
    return responses.json(job, 202, {"Location": f"/v1/stores/{store.id}/customers/bulk/{job.id}"})


@router.get(BASE, **route("listBulkChanges", "customers:read", Listing[BulkJob]))
def list_bulk_changes(
    limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None
) -> Response[Any]:
    """List the store's bulk changes, newest first."""
    page = bulk_jobs.list_all(router.context["store"], limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<bulk_id>", **route("getBulkChange", "customers:read", BulkJob, raises=[BulkJobNotFoundError]))
def get_bulk_change(bulk_id: BulkId) -> Response[Any]:
    """Get the current state of one bulk change."""
    return responses.json(bulk_jobs.get(router.context["store"], bulk_id))


@router.get(
    f"{BASE}/<bulk_id>/results",
    **route("listBulkResults", "customers:read", Listing[BulkResult], raises=[BulkJobNotFoundError]),
)
def list_bulk_results(bulk_id: BulkId, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List the result of each customer, 100 per page."""
    page = bulk_jobs.results(router.context["store"], bulk_id, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, bulk_jobs.BATCH_SIZE)
