"""/customers: create, list, read, change, and a customer's orders."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from clientela import clock, customers, directory, web
from clientela.customer_fields import Customer, CustomerChanges, NewCustomer
from clientela.customer_filter import CustomerFilter
from clientela.directory import Sort
from clientela.documents import Document
from merchant_routes.access import needs
from pydantic import Field, SkipValidation

router = Router()

BASE = "/v1/stores/<store_id>/customers"
CustomerId = Annotated[str, Path(examples=["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])]


class ListParameters(CustomerFilter):
    """Which customers, in which order, how many at a time."""

    sort: Sort = "-created"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    count: bool = False


class CustomerList(Document):
    """One page of customers."""

    items: list[Customer]
    next_cursor: str | None
    limit: int
    total: int | None = None


@router.get(BASE, operation_id="listCustomers", tags=["customers"], responses=web.documented(CustomerList), **needs("customers:read"))
def list_customers(parameters: Annotated[ListParameters, Query()]) -> Response[Any]:
    store = router.context["store"]
    wanted = CustomerFilter.model_construct(**{name: getattr(parameters, name) for name in CustomerFilter.model_fields})
    page = directory.page(store, sort=parameters.sort, wanted=wanted, limit=parameters.limit, cursor=parameters.cursor)
    total = directory.count(store, wanted) if parameters.count else None
    body = CustomerList.model_construct(
        items=page.customers, next_cursor=page.next_cursor, limit=parameters.limit, total=total
    )
    return web.json(body, headers=web.link_to_next(router.current_event, page.next_cursor))


@router.post(BASE, operation_id="createCustomer", tags=["customers"], responses=web.documented(Customer, 201), **needs("customers:write"))
def create_customer(new: Annotated[NewCustomer, Body()]) -> Response[Any]:
    store = router.context["store"]
    customer = customers.create(store, new, clock.now())
    location = f"/v1/stores/{store.id}/customers/{customer.id}"
    return web.json(customer, 201, web.etag(customer.version) | {"Location": location})


@router.get(f"{BASE}/<customer_id>", operation_id="getCustomer", tags=["customers"], responses=web.documented(Customer), **needs("customers:read"))
def get_customer(customer_id: CustomerId) -> Response[Any]:
    customer = customers.get(router.context["store"], customer_id)
    return web.json(customer, headers=web.etag(customer.version))


@router.patch(f"{BASE}/<customer_id>", operation_id="changeCustomer", tags=["customers"], responses=web.documented(Customer), **needs("customers:write"))
def change_customer(
    customer_id: CustomerId,
    # Checked by the verb, merged into what is stored: a part alone may not be valid, such as a phone without its country.
    changes: Annotated[SkipValidation[CustomerChanges], Body()],
    if_match: Annotated[str | None, Header(alias="If-Match")] = None,
) -> Response[Any]:
    customer = customers.patch(router.context["store"], customer_id, changes, clock.now(), web.version_wanted(if_match))
    return web.json(customer, headers=web.etag(customer.version))
