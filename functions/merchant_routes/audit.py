"""/audit: what staff, API keys and operators did."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from clientela import clock
from clientela.schema.fields import Line, Timestamp
from clientela.stores import audit_trail
from clientela.stores.audit_trail import Action, AuditEntry
from clientela.web import responses
from clientela.web.http_requests import Cursor, Limit
from clientela.web.responses import Listing
from merchant_routes.access import route

router = Router()


@router.get("/v1/stores/<store_id>/audit", **route("listAuditEntries", "audit:read", Listing[AuditEntry]))
def list_audit_entries(
    action: Annotated[Action | None, Query(description="Only this action.", examples=["settings.changed"])] = None,
    actor: Annotated[
        Line | None,
        Query(description="Only acts of this kind of actor (`api_key`, `operator`) or id.", examples=["api_key"]),
    ] = None,
    at_from: Annotated[Timestamp | None, Query(alias="from", description="Not before this time.")] = None,
    at_to: Annotated[Timestamp | None, Query(alias="to", description="Not after this time.")] = None,
    limit: Annotated[Limit, Query()] = 50,
    cursor: Annotated[Cursor, Query()] = None,
) -> Response[Any]:
    """List what staff, API keys and operators did, newest first.

    Changes of a single customer are in its history. A filtered page may be short, even empty, and
    have a `next_cursor`. The setting `retention.audit_days` says how long entries are stored.
    """
    page = audit_trail.page(
        router.context["store"],
        clock.now(),
        action=action,
        actor=actor,
        at_from=at_from,
        at_to=at_to,
        limit=limit,
        cursor=cursor,
    )
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)
