"""/groups: customer groups and their members."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import SkipValidation

from clientela import clock
from clientela.bulk import group_removal
from clientela.customers import customer_search
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.errors import GroupCodeTakenError, GroupNotFoundError, VersionConflictError
from clientela.groups import groups
from clientela.groups.groups import Group, GroupChanges, NewGroup
from clientela.web import http_app
from clientela.web.http_app import Cursor, Limit, Listing
from merchant_routes import access
from merchant_routes.access import ID_LENGTH, MADE, route

router = Router()

BASE = "/v1/stores/<store_id>/groups"
ONE = f"{BASE}/<group_id>"
GroupId = Annotated[str, Path(max_length=ID_LENGTH, examples=["grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])]


@router.get(BASE, **route("listGroups", "groups:read", Listing[Group]))
def list_groups() -> Response[Any]:
    """All groups, the one of highest priority first; a store's groups are few, so they come in one page."""
    found = groups.list_all(router.context["store"])
    return http_app.listing(router.current_event, found, None, max(len(found), 1))


@router.post(BASE, **route("createGroup", "groups:write", Group, 201, raises=[GroupCodeTakenError], headers=MADE))
def create_group(new: Annotated[NewGroup, Body()]) -> Response[Any]:
    """Create a group; 409 `group_code_taken` where another one has the code."""
    store = router.context["store"]
    group = groups.create(store, new, clock.now())
    return http_app.json(
        group, 201, http_app.etag(group.version) | {"Location": f"/v1/stores/{store.id}/groups/{group.id}"}
    )


@router.get(ONE, **route("getGroup", "groups:read", Group, raises=[GroupNotFoundError], headers=["ETag"]))
def get_group(group_id: GroupId) -> Response[Any]:
    """Read one group."""
    group = groups.get(router.context["store"], group_id)
    return http_app.json(group, headers=http_app.etag(group.version))


@router.patch(
    ONE,
    **route(
        "changeGroup",
        "groups:write",
        Group,
        headers=["ETag"],
        raises=[GroupNotFoundError, GroupCodeTakenError, VersionConflictError],
    ),
)
def change_group(
    group_id: GroupId,
    changes: Annotated[SkipValidation[GroupChanges], Body()],
    if_match: Annotated[str | None, Header(alias="If-Match")] = None,
) -> Response[Any]:
    """Change a group by JSON Merge Patch (RFC 7396); `If-Match` guards against changes of others."""
    group = groups.patch(router.context["store"], group_id, changes, clock.now(), http_app.version_wanted(if_match))
    return http_app.json(group, headers=http_app.etag(group.version))


@router.delete(ONE, **route("deleteGroup", "groups:write", status=204, raises=[GroupNotFoundError]))
def delete_group(group_id: GroupId) -> Response[Any]:
    """Delete a group. Its members leave it in the background: `listBulkChanges` shows how far that is."""
    group_removal.remove(router.context["store"], group_id, clock.now(), access.actor(router))
    return http_app.no_content()


@router.get(
    f"{ONE}/customers", **route("listGroupCustomers", "customers:read", Listing[Customer], raises=[GroupNotFoundError])
)
def list_group_customers(
    group_id: GroupId,
    sort: Annotated[Sort, Query()] = "-created",
    limit: Annotated[Limit, Query()] = 50,
    cursor: Annotated[Cursor, Query()] = None,
) -> Response[Any]:
    """One page of the group's members."""
    store = router.context["store"]
    wanted = CustomerFilter(group=groups.get(store, group_id).id)
    page = customer_search.page(store, sort=sort, filter_=wanted, limit=limit, cursor=cursor)
    return http_app.listing(router.current_event, page.items, page.next_cursor, limit)
