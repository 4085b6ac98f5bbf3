"""/customers/{id}/orders and /orders/without-email: list and get orders."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from clientela.customers import customers
from clientela.errors import CustomerNotFoundError, OrderNotFoundError
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import ID_LENGTH, Order
from clientela.orders.order_lists import OrderListParameters
from clientela.web import responses
from clientela.web.responses import Listing
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

WITHOUT_EMAIL = "/v1/stores/<store_id>/orders/without-email"

router = Router()

OrderId = Annotated[
    str, Path(max_length=ID_LENGTH, description="The order system's id of the order.", examples=["1001"])
]


@router.get(f"{ONE}/orders", **route("listOrders", "customers:read", Listing[Order], raises=[CustomerNotFoundError]))
def list_orders(customer_id: CustomerId, parameters: Annotated[OrderListParameters, Query()]) -> Response[Any]:
    """List a customer's orders that pass all filters, newest first.

    If few pass, a page may be short although there is a next one. `total` agrees with the customer:
    without filters with `orders_total`, with the payment statuses `paid` and `partially_refunded`
    with `orders_count`.
    """
    store = router.context["store"]
    customer = customers.get(store, customer_id)
    filter_ = parameters.filter()
    page = order_lists.of_customer(store, customer.id, parameters.limit, parameters.cursor, filter_)
    total = order_lists.count_of_customer(store, customer, filter_) if parameters.count else None
    return responses.listing(router.current_event, page.items, page.next_cursor, parameters.limit, total)


@router.get(f"{ONE}/orders/<order_id>", **route("getOrder", "customers:read", Order, raises=[OrderNotFoundError]))
def get_order(customer_id: CustomerId, order_id: OrderId) -> Response[Any]:
    """Get one order of a customer, with its items and addresses."""
    return responses.json(orders.get(router.context["store"], customer_id, order_id))


@router.get(WITHOUT_EMAIL, **route("listOrdersWithoutEmail", "customers:read", Listing[Order]))
def list_orders_without_email(parameters: Annotated[OrderListParameters, Query()]) -> Response[Any]:
    """List the orders without e-mail that pass all filters, newest first.

    They belong to no customer. A later version with an e-mail moves an order to its customer.
    """
    store, filter_ = router.context["store"], parameters.filter()
    page = order_lists.without_email(store, parameters.limit, parameters.cursor, filter_)
    total = order_lists.count_without_email(store, filter_) if parameters.count else None
    return responses.listing(router.current_event, page.items, page.next_cursor, parameters.limit, total)
