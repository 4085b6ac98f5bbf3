"""/imports: follow the imports of CSV files."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from clientela.errors import ImportNotFoundError
from clientela.imports import import_jobs
from clientela.imports.import_jobs import ImportJob
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/imports"
ImportId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the import.", examples=["imp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.get(BASE, **route("listImports", "imports:read", Listing[ImportJob]))
def list_imports(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List the store's imports, newest first."""
    page = import_jobs.list_all(router.context["store"], limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<import_id>", **route("getImport", "imports:read", ImportJob, raises=[ImportNotFoundError]))
def get_import(import_id: ImportId) -> Response[Any]:
    """Get the current state of one import. `rows_done` grows while it runs."""
    return responses.json(import_jobs.get(router.context["store"], import_id))


@router.get(
    f"{BASE}/<import_id>/rejects",
    **route("getImportRejects", "imports:read", status=303, raises=[ImportNotFoundError], headers=["Location"]),
)
def get_import_rejects(import_id: ImportId) -> Response[Any]:
    """Download the rejected rows as CSV, by a redirect to a short-lived URL.

    The columns are the original ones and line, column, code, message.
    """
    return responses.redirect(import_jobs.report_url(router.context["store"], import_id, "rejects"))


@router.get(
    f"{BASE}/<import_id>/warnings",
    **route("getImportWarnings", "imports:read", status=303, raises=[ImportNotFoundError], headers=["Location"]),
)
def get_import_warnings(import_id: ImportId) -> Response[Any]:
    """Download the values left out of imported rows as CSV, by a redirect to a short-lived URL.

    The columns are line, column, code, message.
    """
    return responses.redirect(import_jobs.report_url(router.context["store"], import_id, "warnings"))
