"""/export-schedules: create, list, get, change, delete and run the schedules of exports."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import SkipValidation

from clientela import clock
from clientela.errors import ScheduleLimitError, ScheduleNotFoundError, VersionConflictError
from clientela.exports import export_schedules, export_starts, schedule_states
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import NewSchedule, ScheduleChanges
from clientela.exports.schedule_states import ScheduleView
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import http_requests, responses
from clientela.web.http_requests import IfMatch
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import CREATED_HEADERS, route

router = Router()

BASE = "/v1/stores/<store_id>/export-schedules"
ONE = f"{BASE}/<schedule_id>"
ScheduleId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the schedule.", examples=["exs_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.get(BASE, **route("listExportSchedules", "exports:read", Listing[ScheduleView]))
def list_schedules() -> Response[Any]:
    """List all schedules, oldest first, with their next and last runs, in one page."""
    store = router.context["store"]
    found = schedule_states.show_all(store, export_schedules.list_all(store.id), clock.now())
    return responses.listing(router.current_event, found, None, max(len(found), 1))


@router.post(
    BASE,
    **route(
        "createExportSchedule", "exports:write", ScheduleView, 201, raises=[ScheduleLimitError], headers=CREATED_HEADERS
    ),
)
def create_schedule(new: Annotated[NewSchedule, Body()]) -> Response[Any]:
    """Create a schedule, of at most 20. It runs for the first time at the first of `next_runs`."""
    store, now = router.context["store"], clock.now()
    schedule = export_schedules.create(store, new, now, access.actor(router))
    location = {"Location": f"/v1/stores/{store.id}/export-schedules/{schedule.id}"}
    view = schedule_states.show(store, schedule, now)
    return responses.json(view, 201, responses.etag(schedule.version) | location)


@router.get(
    ONE, **route("getExportSchedule", "exports:read", ScheduleView, raises=[ScheduleNotFoundError], headers=["ETag"])
)
def get_schedule(schedule_id: ScheduleId) -> Response[Any]:
    """Get one schedule with its next and last runs. Runs do not change its ETag."""
    store = router.context["store"]
    schedule = export_schedules.get(store, schedule_id)
    view = schedule_states.show(store, schedule, clock.now())
    return responses.json(view, headers=responses.etag(schedule.version))


@router.patch(
    ONE,
    **route(
        "changeExportSchedule",
        "exports:write",
        ScheduleView,
        headers=["ETag"],
        raises=[ScheduleNotFoundError, VersionConflictError],
    ),
)
def change_schedule(
    schedule_id: ScheduleId,
    changes: Annotated[SkipValidation[ScheduleChanges], Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change a schedule by JSON Merge Patch (RFC 7396). `If-Match` prevents lost updates."""
    store, version, now = router.context["store"], http_requests.expected_version(if_match), clock.now()
    schedule = export_schedules.patch(store, schedule_id, changes, now, version, access.actor(router))
    view = schedule_states.show(store, schedule, now)
    return responses.json(view, headers=responses.etag(schedule.version))


@router.delete(ONE, **route("deleteExportSchedule", "exports:write", status=204, raises=[ScheduleNotFoundError]))
def delete_schedule(schedule_id: ScheduleId) -> Response[Any]:
    """Delete a schedule. Its exports stay, but the links in its mails end."""
    export_schedules.delete(router.context["store"], schedule_id, clock.now(), access.actor(router))
    return responses.no_content()


@router.post(
    f"{ONE}/run",
    **route("runExportSchedule", "exports:write", ExportJob, 202, raises=[ScheduleNotFoundError], headers=["Location"]),
)
def run_schedule(schedule_id: ScheduleId) -> Response[Any]:
    """Start an export of the schedule now, besides its planned times. It sends the same mails."""
    store = router.context["store"]
    job = export_starts.start_now(store, schedule_id, clock.now(), access.actor(router))
    return responses.json(job, 202, {"Location": f"/v1/stores/{store.id}/exports/{job.id}"})
