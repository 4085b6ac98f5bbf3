"""/imports: import CSV files, plan them first, follow, cancel."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from clientela import clock
from clientela.errors import ImportNotFoundError, ImportStateError, PlanOutdatedError, UploadIncompleteError
from clientela.imports import import_jobs, import_plans, import_progress, import_retries, import_states
from clientela.imports.import_choices import ImportChanges, NewImport, NewStart
from clientela.imports.import_jobs import ImportJob
from clientela.imports.import_plans import ImportPlan
from clientela.imports.import_retries import NewRetry
from clientela.imports.import_uploads import RequestedImport
from clientela.lifecycle import import_undo
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/imports"
_ANY_PLAN = NewStart()
ImportId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the import.", examples=["imp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.post(BASE, **route("requestImport", "imports:write", RequestedImport, 201, headers=["Location"]))
def request_import(new: Annotated[NewImport, Body()]) -> Response[Any]:
    """Request an import, and get the signed upload of its file.

    A file of up to 100 MB is sent by one PUT with the given headers. A larger one is sent in parts:
    PUT each part, then call `completeImport`. The file is read as soon as it is uploaded, and
    planned without changing anything. Then the import waits for `startImport`. Without a file it is
    forgotten. With `dry_run` it ends with the plan.
    """
    store = router.context["store"]
    requested = import_states.request(store, new, clock.now(), access.actor(router))
    location = f"/v1/stores/{store.id}/imports/{requested.job.id}"
    return responses.json(requested, 201, {"Location": location})


@router.get(BASE, **route("listImports", "imports:read", Listing[ImportJob]))
def list_imports(limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """List the store's imports, newest first."""
    page = import_jobs.list_all(router.context["store"], limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{BASE}/<import_id>", **route("getImport", "imports:read", ImportJob, raises=[ImportNotFoundError]))
def get_import(import_id: ImportId) -> Response[Any]:
    """Get the current state of one import. `rows_done` grows while it is read and while it runs.

    `awaiting_file`: upload the file. `reading`: the plan is being made. `planned`: it waits for
    `startImport`, or for the end of an older version of the file. `running`, then `succeeded`,
    `failed` or `cancelled`. A file in the bucket of imports is `received` and starts by itself.
    """
    now = clock.now()
    return responses.json(import_progress.with_rate(import_jobs.get(router.context["store"], import_id), now))


@router.get(
    f"{BASE}/<import_id>/plan", **route("getImportPlan", "imports:read", ImportPlan, raises=[ImportNotFoundError])
)
def get_import_plan(import_id: ImportId) -> Response[Any]:
    """Get the plan of one import: what each row would do, counted, with samples.

    The plan is made by the code that imports, so its numbers are exact: a row that would do
    something else at the import, because its customer was changed since, is rejected then
    (`plan_outdated`). Columns that are `guessed` may be wrong: `changeImport` changes them.
    """
    return responses.json(import_plans.get(router.context["store"], import_id))


@router.patch(
    f"{BASE}/<import_id>",
    **route("changeImport", "imports:write", ImportJob, 202, raises=[ImportNotFoundError, ImportStateError]),
)
def change_import(import_id: ImportId, changes: Annotated[ImportChanges, Body()]) -> Response[Any]:
    """Change the columns or options of a planned import. It is planned anew.

    `mapping` has a field for each header to change, or null to leave its column out. What is not
    named stays as it is.
    """
    store = router.context["store"]
    return responses.json(import_states.change(store, import_id, changes, clock.now(), access.actor(router)), 202)


@router.post(
    f"{BASE}/<import_id>/complete",
    **route("completeImport", "imports:write", ImportJob, 202, raises=[ImportNotFoundError, UploadIncompleteError]),
)
def complete_import(import_id: ImportId) -> Response[Any]:
    """Join the parts of a file that was uploaded in parts. Then it is read."""
    return responses.json(import_states.complete(router.context["store"], import_id), 202)


@router.post(
    f"{BASE}/<import_id>/start",
    **route(
        "startImport",
        "imports:write",
        ImportJob,
        202,
        raises=[ImportNotFoundError, ImportStateError, PlanOutdatedError],
    ),
)
def start_import(import_id: ImportId, new: Annotated[NewStart, Body()] = _ANY_PLAN) -> Response[Any]:
    """Start a planned import. It does what its plan says, and nothing else.

    A row whose customer was changed since in a way that changes the outcome is rejected with
    `plan_outdated`; `retryImport` takes it again. The whole plan is outdated (409) 16 hours after
    the upload,
    if another file was uploaded to the same address, or if it is not the `plan` that you name.
    """
    store, now = router.context["store"], clock.now()
    return responses.json(import_states.start(store, import_id, now, access.actor(router), new.plan), 202)


@router.post(
    f"{BASE}/<import_id>/cancel",
    **route("cancelImport", "imports:write", ImportJob, 202, raises=[ImportNotFoundError, ImportStateError]),
)
def cancel_import(import_id: ImportId) -> Response[Any]:
    """Cancel an import at any time before its end.

    Rows that are loaded stay, are counted, and can be undone. The others are reported as not
    loaded. A running import ends as soon as its running parts are done.
    """
    return responses.json(
        import_states.cancel(router.context["store"], import_id, clock.now(), access.actor(router)), 202
    )


@router.post(
    f"{BASE}/<import_id>/undo",
    **route("undoImport", "imports:write", ImportJob, 202, raises=[ImportNotFoundError, ImportStateError]),
)
def undo_import(import_id: ImportId) -> Response[Any]:
    """Undo an import within seven days of its end.

    A customer whom it created is removed, unless somebody has touched the customer since: changed,
    ordered or signed in. A customer whom it changed gets the former values of the changed fields,
    unless one of these was changed since; other fields and orders stay. Who is kept is listed
    (`getKeptCustomers`). Erased people never come back. An undo that failed goes on when it is
    requested again.
    """
    return responses.json(import_undo.undo(router.context["store"], import_id, clock.now(), access.actor(router)), 202)


@router.post(
    f"{BASE}/<import_id>/retry",
    **route(
        "retryImport",
        "imports:write",
        ImportJob,
        202,
        raises=[ImportNotFoundError, ImportStateError],
        headers=["Location"],
    ),
)
def retry_import(import_id: ImportId, new: Annotated[NewRetry, Body()]) -> Response[Any]:
    """Import corrected rows of an import that has ended, as a new import with `retry_of`.

    Send up to 1,000 rows with their values by header, or the corrected rejects report as CSV text.
    The options and the mapping of the first import apply. The new import is planned like any other,
    and starts by itself if `start` is true.
    """
    store = router.context["store"]
    job = import_retries.retry(store, import_id, new, clock.now(), access.actor(router))
    return responses.json(job, 202, {"Location": f"/v1/stores/{store.id}/imports/{job.id}"})


@router.get(
    f"{BASE}/<import_id>/kept",
    **route("getKeptCustomers", "imports:read", status=303, raises=[ImportNotFoundError], headers=["Location"]),
)
def get_kept_customers(import_id: ImportId) -> Response[Any]:
    """Download the customers whom an undo kept as CSV, by a redirect to a short-lived URL.

    The columns are line, customer_id, code, message.
    """
    return responses.redirect(import_undo.report_url(router.context["store"], import_id))


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


@router.get(
    f"{BASE}/<import_id>/file",
    **route("getImportFile", "imports:read", status=303, raises=[ImportNotFoundError], headers=["Location"]),
)
def get_import_file(import_id: ImportId) -> Response[Any]:
    """Download the file of an import that has ended, by a redirect to a short-lived URL.

    Columns that may hold passwords or other secrets are left out. The file is kept for 30 days.
    """
    return responses.redirect(import_jobs.report_url(router.context["store"], import_id, "file"))
