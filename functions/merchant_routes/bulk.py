"""/customers/bulk: the same change to many customers."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_jobs import BulkJob, BulkResult, NewBulk
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BulkJobNotFoundError
from clientela.web import http_app
from clientela.web.http_app import Cursor, Limit, Listing
from merchant_routes import access
from merchant_routes.access import ID_LENGTH, route

router = Router()

BASE = "/v1/stores/<store_id>/customers/bulk"
BulkId = Annotated[str, Path(max_length=ID_LENGTH, examples=["blk_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])]


@router.post(BASE, **route("changeCustomers", "customers:write", Listing[BulkResult], also={202: BulkJob}))
def change_customers(new: Annotated[NewBulk, Body()]) -> Response[Any]:
    """Change up to 1,000 customers by ids at once (200, a result for each), or all that pass a filter as a job (202)."""
    store, now, by = router.context["store"], clock.now(), access.actor(router)
    if new.ids is not None:
        done = bulk_jobs.change(store, new.ids, new.changes, now, by)
        return http_app.listing(router.current_event, done, None, bulk_jobs.MAX_IDS)
    job = bulk_jobs.start(store, new.filter or CustomerFilter(), new.changes, now, by)
    return http_app.json(job, 202, {"Location": f"/v1/stores/{store.id}/customers/bulk/{job.id}"})


@router.get(BASE, **route("listBulkChanges", "customers:read", Listing[BulkJob]))
def list_bulk_changes(
    limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None
) -> Response[Any]:
    """The store's bulk changes, newest first."""
    page = bulk_jobs.list_all(router.context["store"], limit, cursor)
    return http_app.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<bulk_id>", **route("getBulkChange", "customers:read", BulkJob, raises=[BulkJobNotFoundError]))
def get_bulk_change(bulk_id: BulkId) -> Response[Any]:
    """One bulk change as it is now."""
    return http_app.json(bulk_jobs.get(router.context["store"], bulk_id))


@router.get(
    f"{BASE}/<bulk_id>/results",
    **route("listBulkResults", "customers:read", Listing[BulkResult], raises=[BulkJobNotFoundError]),
)
def list_bulk_results(bulk_id: BulkId, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """What became of each customer, a hundred at a time."""
    page = bulk_jobs.results(router.context["store"], bulk_id, cursor)
    return http_app.listing(router.current_event, page.items, page.next_cursor, bulk_jobs.BATCH_SIZE)
