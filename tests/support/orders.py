"""Orders, and batches of their queue."""

import json
from typing import Any

from tests.support.template_file import PROJECT

import order_intake
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store

NOW = clock.now()


EVENT = PROJECT / "events" / "sqs_order.json"


def order(**fields: object) -> Order:
    plain: dict[str, object] = {
        "id": "1001",
        "version": 1,
        "placed_at": "2026-11-21T10:00:00Z",
        "email": "ana@example.com",
        "currency": "USD",
        "total": "49.90",
        "payment_status": "paid",
        "payment_method": "card",
    }
    return Order.model_validate(plain | fields)


def take(store: Store, **fields: object) -> bool:
    return orders.record_version(store, order(**fields), NOW)


def holder(store: Store, email: str = "ana@example.com") -> Customer:
    found = customers.find(store, email, clock.now())
    assert found
    return found


def figures(customer: Customer) -> tuple[Any, ...]:
    spent = {spend.currency: (str(spend.amount), spend.orders) for spend in customer.total_spent}
    return customer.orders_count, spent, customer.first_order_at, customer.last_order_at, customer.last_order_status


def batch(*bodies: str) -> dict[str, Any]:
    sample = json.loads(EVENT.read_text())["Records"][0]
    return {"Records": [sample | {"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def failures(event: dict[str, Any]) -> list[str]:
    class Context:
        function_name, memory_limit_in_mb, aws_request_id = "order-intake", 512, "request"
        invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:order-intake"

    return [item["itemIdentifier"] for item in order_intake.handler(event, Context())["batchItemFailures"]]
