"""/customers: customers, and each customer's sessions, consents, history and data."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field, SkipValidation

from clientela import clock
from clientela.customers import consents, customer_history, customer_input, customer_search, customers, group_filter
from clientela.customers.consents import Consent
from clientela.customers.customer_fields import (
    CUSTOMER_FIELDS,
    Customer,
    CustomerChanges,
    CustomerField,
    CustomerRow,
    NewCustomer,
)
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.customers.history_entries import HistoryEntry
from clientela.errors import CustomerNotFoundError, EmailTakenError, ExternalIdTakenError, VersionConflictError
from clientela.lifecycle import customer_data, customer_removal
from clientela.lifecycle.customer_data import CustomerData
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.sign_in import sessions, sign_in_events
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_events import SignInEvent
from clientela.web import http_requests, responses
from clientela.web.http_requests import Cursor, IfMatch, Limit
from clientela.web.responses import Listing
from merchant_routes import access
from merchant_routes.access import CREATED_HEADERS, route

router = Router()

BASE = "/v1/stores/<store_id>/customers"
ONE = f"{BASE}/<customer_id>"
CustomerId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the customer.", examples=["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


class CustomerListParameters(CustomerFilter):
    """Filters, order and page of a list of customers."""

    sort: Sort = "-created"
    """The order of the list; with `-` descending. Example: -created"""
    limit: Limit = 50
    """The number of customers in a page."""
    cursor: Cursor = None
    """`next_cursor` of the previous page."""
    count: bool = False
    """Whether to count all customers that pass the filters, as `total`."""
    # Annotated on the outside: else the resolver would read the first value only.
    fields: Annotated[list[CustomerField] | None, Field(max_length=len(CUSTOMER_FIELDS))] = None
    """The fields to return besides the id; all if it is absent. Example: ["email", "name"]"""


@router.get(BASE, **route("listCustomers", "customers:read", Listing[CustomerRow]))
def list_customers(parameters: Annotated[CustomerListParameters, Query()]) -> Response[Any]:
    """List the customers that pass all filters. `fields` selects the fields besides the id.

    `group` is an id or a code. A day such as `created_from=2026-11-21` is one of the store's
    time zone, and `created_to` includes all of its day.
    """
    store, limit = router.context["store"], parameters.limit
    filter_ = CustomerFilter.model_construct(
        **{name: getattr(parameters, name) for name in CustomerFilter.model_fields}
    )
    filter_ = group_filter.resolve(store, filter_)
    page = customer_search.page(store, sort=parameters.sort, filter_=filter_, limit=limit, cursor=parameters.cursor)
    total = customer_search.count(store, filter_) if parameters.count else None
    rows = customer_search.select_fields(page.items, parameters.fields) if parameters.fields else page.items
    return responses.listing(router.current_event, rows, page.next_cursor, limit, total)


@router.post(
    BASE,
    **route(
        "createCustomer",
        "customers:write",
        Customer,
        201,
        raises=[EmailTakenError, ExternalIdTakenError],
        headers=CREATED_HEADERS,
    ),
)
def create_customer(new: Annotated[SkipValidation[NewCustomer], Body()]) -> Response[Any]:
    """Create a customer; 409 `email_taken` if another customer has the e-mail.

    409 `external_id_taken` if another customer has one of the external ids.
    """
    store = router.context["store"]
    customer = customers.create(store, customer_input.parse_new(store, new), clock.now(), access.actor(router))
    location = f"/v1/stores/{store.id}/customers/{customer.id}"
    return responses.json(customer, 201, responses.etag(customer.version) | {"Location": location})


@router.get(ONE, **route("getCustomer", "customers:read", Customer, raises=[CustomerNotFoundError], headers=["ETag"]))
def get_customer(customer_id: CustomerId) -> Response[Any]:
    """Read one customer."""
    customer = customers.get(router.context["store"], customer_id)
    return responses.json(customer, headers=responses.etag(customer.version))


@router.patch(
    ONE,
    **route(
        "changeCustomer",
        "customers:write",
        Customer,
        headers=["ETag"],
        raises=[CustomerNotFoundError, EmailTakenError, ExternalIdTakenError, VersionConflictError],
    ),
)
def change_customer(
    customer_id: CustomerId,
    # Validated after merging: alone it may be invalid, such as a phone without its country.
    changes: Annotated[SkipValidation[CustomerChanges], Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change a customer by JSON Merge Patch (RFC 7396). `If-Match` prevents lost updates.

    409 `external_id_taken` if another customer has a new external id.
    """
    store, version = router.context["store"], http_requests.expected_version(if_match)
    customer = customers.patch(store, customer_id, changes, clock.now(), version, access.actor(router))
    return responses.json(customer, headers=responses.etag(customer.version))


@router.delete(
    ONE, **route("deleteCustomer", "customers:write", status=204, raises=[CustomerNotFoundError, VersionConflictError])
)
def delete_customer(customer_id: CustomerId, if_match: IfMatch = None) -> Response[Any]:
    """Delete a customer with its orders, sessions and history. Its e-mail can be used again."""
    version = http_requests.expected_version(if_match)
    store, out_of_time = router.context["store"], clock.deadline(access.REMOVAL_SECONDS)
    customer_removal.remove(store, customer_id, clock.now(), access.actor(router), version, out_of_time)
    return responses.no_content()


@router.get(
    f"{ONE}/sessions", **route("listSessions", "customers:read", Listing[Session], raises=[CustomerNotFoundError])
)
def list_sessions(customer_id: CustomerId) -> Response[Any]:
    """List the devices on which a customer is signed in, newest sign-in first."""
    store = router.context["store"]
    devices = sessions.list_active(store, customers.get(store, customer_id), clock.now())
    return responses.listing(router.current_event, devices, None, max(len(devices), 1))


@router.delete(f"{ONE}/sessions", **route("endSessions", "customers:write", status=204, raises=[CustomerNotFoundError]))
def end_sessions(customer_id: CustomerId) -> Response[Any]:
    """Sign a customer out everywhere."""
    store = router.context["store"]
    sessions.end_all(store, customers.get(store, customer_id).id)
    return responses.no_content()


@router.get(
    f"{ONE}/consents", **route("listConsents", "customers:read", Listing[Consent], raises=[CustomerNotFoundError])
)
def list_consents(
    customer_id: CustomerId, limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None
) -> Response[Any]:
    """List a customer's marketing consents, newest first: state, source, time and wording."""
    store = router.context["store"]
    page = consents.page(store, customers.get(store, customer_id).id, limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(f"{ONE}/data", **route("getCustomerData", "customers:read", CustomerData, raises=[CustomerNotFoundError]))
def get_customer_data(customer_id: CustomerId, cursor: Annotated[Cursor, Query()] = None) -> Response[Any]:
    """Get everything stored about a customer, for data access requests.

    A customer with very many orders has several pages.
    """
    store = router.context["store"]
    data = customer_data.page(store, customers.get(store, customer_id), clock.now(), cursor)
    return responses.json(data, headers=responses.link_to_next(router.current_event, data.next_cursor))


@router.get(
    f"{ONE}/history", **route("listHistory", "customers:read", Listing[HistoryEntry], raises=[CustomerNotFoundError])
)
def list_history(
    customer_id: CustomerId, limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None
) -> Response[Any]:
    """List a customer's changes, newest first: actor, time, and the fields before and after."""
    store = router.context["store"]
    page = customer_history.page(store, customers.get(store, customer_id), clock.now(), limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)


@router.get(
    f"{ONE}/sign-ins", **route("listSignIns", "customers:read", Listing[SignInEvent], raises=[CustomerNotFoundError])
)
def list_sign_ins(
    customer_id: CustomerId, limit: Annotated[Limit, Query()] = 50, cursor: Annotated[Cursor, Query()] = None
) -> Response[Any]:
    """List the sign-in events of the customer's e-mail, newest first.

    They include mails, opened links and refusals.
    """
    store = router.context["store"]
    page = sign_in_events.page(store, customers.get(store, customer_id), clock.now(), limit, cursor)
    return responses.listing(router.current_event, page.items, page.next_cursor, limit)
