"""/groups: create, list, get, change and delete customer groups, and list their members."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
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
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.web import http_requests, responses
from clientela.web.http_requests import Cursor, IfMatch, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import CREATED_HEADERS, route

router = Router()

BASE = "/v1/stores/<store_id>/groups"
ONE = f"{BASE}/<group_id>"
GroupId = Annotated[
    str, Path(max_length=MAX_ID_LENGTH, description="The id of the group.", examples=["grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])
]


@router.get(BASE, **route("listGroups", "groups:read", Listing[Group]))
def list_groups() -> Response[Any]:
    """List all groups, highest priority first, in one page."""
    all_groups = groups.list_all(router.context["store"])
    return responses.listing(router.current_event, all_groups, None, max(len(all_groups), 1))


@router.post(
    BASE, **route("createGroup", "groups:write", Group, 201, raises=[GroupCodeTakenError], headers=CREATED_HEADERS)
)
def create_group(new: Annotated[NewGroup, Body()]) -> Response[Any]:
    """Create a group; 409 `group_code_taken` if another group has the code."""
    store = router.context["store"]
    group = groups.create(store, new, clock.now(), access.actor(router))
    return responses.json(
        group, 201, responses.etag(group.version) | {"Location": f"/v1/stores/{store.id}/groups/{group.id}"}
    )


@router.get(ONE, **route("getGroup", "groups:read", Group, raises=[GroupNotFoundError], headers=["ETag"]))
def get_group(group_id: GroupId) -> Response[Any]:
    """Get one group."""
    group = groups.get(router.context["store"], group_id)
    return responses.json(group, headers=responses.etag(group.version))


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
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change a group by JSON Merge Patch (RFC 7396). `If-Match` prevents lost updates."""
    store, version = router.context["store"], http_requests.expected_version(if_match)
    group = groups.patch(store, group_id, changes, clock.now(), version, access.actor(router))
    return responses.json(group, headers=responses.etag(group.version))


@router.delete(ONE, **route("deleteGroup", "groups:write", status=204, raises=[GroupNotFoundError]))
def delete_group(group_id: GroupId) -> Response[Any]:
    """Delete a group. Its members leave it in a background job, see `listBulkChanges`."""
    group_removal.remove(router.context["store"], group_id, clock.now(), access.actor(router))
    return responses.no_content()


@router.get(
    f"{ONE}/customers", **route("listGroupCustomers", "customers:read", Listing[Customer], raises=[GroupNotFoundError])
)
def list_group_customers(
    group_id: GroupId,
    sort: Annotated[Sort, Query(description="The order of the list; with `-` descending.")] = "-created",
    limit: Annotated[Limit, Query()] = 50,
    cursor: Annotated[Cursor, Query()] = None,
) -> Response[Any]:
    """List the group's members."""
    store = router.context["store"]
    filter_ = CustomerFilter(group=groups.get(store, group_id).id)
    page = customer_search.page(store, sort=sort, filter_=filter_, limit=limit, cursor=cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)
