"""/exports: write customers, orders or order items to a CSV file, and download it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from clientela import clock
from clientela.customers import group_filter
from clientela.errors import ExportFileDeletedError, ExportNotFoundError, ExportUnfinishedError, NoRemovalsError
from clientela.exports import export_jobs, export_links
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_requests import ExportRequest
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/exports"
ExportId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the export.", examples=["exp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.post(BASE, **route("startExport", "exports:write", ExportJob, 202, headers=["Location"]))
def start_export(new: Annotated[ExportRequest, Body()]) -> Response[Any]:
    """Start an export of customers, orders or order items. `getExport` returns its state.

    The file is CSV in UTF-8 that opens in a spreadsheet with a double click, and that an import
    reads back unchanged. Cells that a spreadsheet would run as a formula have an apostrophe in
    front.
    """
    store = router.context["store"]
    filter_ = group_filter.resolve(store, new.filter, "/filter/group")
    job = export_jobs.start(store, clock.now(), new.model_copy(update={"filter": filter_}), access.actor(router))
    return responses.json(job, 202, {"Location": f"/v1/stores/{store.id}/exports/{job.id}"})


@router.get(BASE, **route("listExports", "exports:read", Listing[ExportJob]))
def list_exports(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List the store's exports, newest first."""
    page = export_jobs.list_all(router.context["store"], limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<export_id>", **route("getExport", "exports:read", ExportJob, raises=[ExportNotFoundError]))
def get_export(export_id: ExportId) -> Response[Any]:
    """Get the current state of one export."""
    return responses.json(export_jobs.get(router.context["store"], export_id))


@router.get(
    f"{BASE}/<export_id>/file",
    **route(
        "getExportFile",
        "exports:read",
        status=303,
        headers=["Location"],
        raises=[ExportNotFoundError, ExportUnfinishedError, ExportFileDeletedError],
    ),
)
def get_export_file(export_id: ExportId) -> Response[Any]:
    """Download the export's CSV file, by a redirect to a short-lived URL.

    Links in mails have a parameter `token` in place of the API key. Each download is in the audit
    trail. A file is deleted after the days that the operator chose; the export itself stays.
    """
    url = export_links.download(router.context["store"], export_id, clock.now(), access.actor(router))
    return responses.redirect(url)


@router.get(
    f"{BASE}/<export_id>/removed",
    **route(
        "getExportRemovals",
        "exports:read",
        status=303,
        headers=["Location"],
        raises=[ExportNotFoundError, ExportUnfinishedError, NoRemovalsError, ExportFileDeletedError],
    ),
)
def get_export_removals(export_id: ExportId) -> Response[Any]:
    """Download the list of customers who were removed, by a redirect to a short-lived URL.

    An export of changes has it: a CSV file with the columns id, reason (`deleted`, `erased` or
    `merged`), merged_into and removed_at.
    """
    by = access.actor(router)
    url = export_links.download(router.context["store"], export_id, clock.now(), by, of="removed")
    return responses.redirect(url)
