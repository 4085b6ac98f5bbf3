"""The life of orders against a plain dictionary: table and model agree for every sequence."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from tests.support.table_checker import faults

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import EmailTakenError
from clientela.lifecycle import customer_removal
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()
EMAILS = [f"{name}@example.com" for name in ("ana", "ben", "cleo")]
START = clock.now() - timedelta(days=300)
FACTS = {
    "email": st.sampled_from(EMAILS), "currency": st.sampled_from(["EUR", "USD", "JPY"]),
    "total": st.sampled_from(["0", "1.25", "49.90", "9999999999.9999"]),
    "payment_status": st.sampled_from(["paid", "partially_refunded", "refunded", "cancelled", "incomplete", "awaiting_payment"]),
    "fulfillment_status": st.sampled_from(["processing", "shipped", None]), "day": st.integers(0, 5),
}  # fmt: skip
IDS = st.sampled_from(["1", "2", "3", "4"])


class OrderLife(RuleBasedStateMachine):
    """The model: the newest version of each order, its owner, and the e-mail of each account."""

    mode = "optional"
    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = stores.create(
            f"life-{uuid.uuid4().hex[:12]}", StoreSettings(name="Life", login_mode=self.mode), NOW
        )  # type: ignore[arg-type]
        self.orders: dict[str, Order] = {}
        self.held: dict[str, str | None] = {}  # order → customer id, None while nobody has claimed it
        self.accounts: dict[str, str] = {}  # customer id → e-mail

    def owner(self, email: str) -> str | None:
        return next((customer_id for customer_id, held in self.accounts.items() if held == email), None)

    @rule(target=sent, order_id=IDS, version=st.integers(1, 6), facts=st.fixed_dictionaries(FACTS))
    def a_version_comes(self, order_id: str, version: int, facts: dict[str, Any]) -> Order:
        placed_at = clock.format_timestamp(START + timedelta(days=facts["day"]))
        told = {name: value for name, value in facts.items() if name != "day"}
        order = Order.model_validate({"id": order_id, "version": version, "placed_at": placed_at} | told)
        self.take(order)
        return order

    @rule(order=sent)
    def a_message_comes_again(self, order: Order) -> None:
        self.take(order)

    @rule(order=sent, status=st.sampled_from(["shipped", "delivered"]))
    def only_the_fulfilment_changes(self, order: Order, status: Any) -> None:
        self.take(order.model_copy(update={"version": order.version + 1, "fulfillment_status": status}))

    @rule(order=sent, status=FACTS["payment_status"])
    def only_the_payment_changes(self, order: Order, status: Any) -> None:
        self.take(order.model_copy(update={"version": order.version + 1, "payment_status": status}))

    @rule(email=FACTS["email"])
    def an_account_is_created(self, email: str) -> None:
        if self.owner(email):
            with pytest.raises(EmailTakenError):
                customers.create(self.store, NewCustomer(email=email), NOW)
        else:
            self.adopt(customers.create(self.store, NewCustomer(email=email), NOW))

    @rule(email=FACTS["email"], other=FACTS["email"])
    def an_account_gets_another_email(self, email: str, other: str) -> None:
        if (customer_id := self.owner(email)) and not self.owner(other):
            self.adopt(customers.patch(self.store, customer_id, {"email": other}, NOW))

    @rule(email=FACTS["email"])
    def an_account_is_deleted(self, email: str) -> None:
        if customer_id := self.owner(email):
            customer_removal.remove(self.store, customer_id, NOW, OPERATOR)
            del self.accounts[customer_id]
            for order_id in [order_id for order_id, holder in self.held.items() if holder == customer_id]:
                del self.orders[order_id], self.held[order_id]

    def take(self, order: Order) -> None:
        known = self.orders.get(order.id)
        is_new = known is None or order.version > known.version
        assert orders.record_version(self.store, order, NOW) is is_new
        if not is_new:
            return
        holder = self.held.get(order.id)
        if holder is None or known is None or known.email != order.email:
            holder = self.owner(order.email)
        if holder is None and self._makes_accounts(known, order):
            made = customers.find(self.store, order.email, NOW)
            assert made
            holder = made.id
            self.adopt(made)
        self.orders[order.id], self.held[order.id] = order, holder

    def _makes_accounts(self, known: Order | None, order: Order) -> bool:
        return self.mode == "optional" and order.payment_status not in ("cancelled", "incomplete")

    def adopt(self, customer: Customer) -> None:
        self.accounts[customer.id] = customer.email
        unclaimed_orders.adopt(self.store, customer, NOW)
        for order_id, order in self.orders.items():
            if self.held[order_id] is None and order.email == customer.email:
                self.held[order_id] = customer.id

    @invariant()
    def customers_show_what_the_model_says(self) -> None:
        for customer_id, email in self.accounts.items():
            customer = customers.get(self.store, customer_id)
            own = [order for order_id, order in self.orders.items() if self.held[order_id] == customer_id]
            own.sort(key=lambda order: (order.placed_at, order.id))
            counted = [order for order in own if order.payment_status in ("paid", "partially_refunded")]
            spent: dict[str, Decimal] = {}
            for order in counted:
                spent[order.currency] = spent.get(order.currency, Decimal(0)) + order.total
            assert (customer.email, customer.orders_count) == (email, len(counted))
            assert {each.currency: each.amount for each in customer.total_spent} == spent
            assert customer.first_order_at == (counted[0].placed_at if counted else None)
            assert customer.orders_total == len(own)
            assert customer.last_order_at == (own[-1].placed_at if own else None)
            assert customer.last_order_status == (own[-1].payment_status if own else None)
            assert order_lists.of_customer(self.store, customer_id, 100).items == own[::-1]

    def teardown(self) -> None:
        assert faults(self.store.id) == []


class UnclaimedLife(OrderLife):
    """The same in a store where orders create no accounts."""

    mode = "required"


@pytest.mark.parametrize("machine", [OrderLife, UnclaimedLife])
def test_orders_live_as_the_model_says(deployed: None, machine: type[OrderLife]) -> None:
    case: Any = machine.TestCase
    case.settings = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()
