import json
import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from tests.support.template_file import PROJECT

import order_intake
from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError, OrderNotFoundError, StoreNotFoundError
from clientela.orders import order_lists, order_messages, orders
from clientela.orders.order_fields import Order
from clientela.orders.order_lists import OrderFilter
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

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


def test_a_first_order_makes_a_guest_account_with_what_the_order_tells(store: Store) -> None:
    address = {"street": "Calle Mayor 1", "city": "Madrid", "country": "España", "phone": "911 222 333"}
    assert take(
        store,
        name="Ana Pérez",
        phone="911 222 333",
        language="ES",
        vat_id="es b12345674",
        accepts_marketing=False,
        billing_address=address,
        shipping_address=address,
    )
    ana = holder(store)
    assert (ana.type, ana.source, ana.status, ana.name, ana.language) == ("guest", "order", "active", "Ana Pérez", "es")
    assert (ana.phone, ana.vat_id, ana.vat_id_status) == ("+34911222333", "ESB12345674", "pending")
    assert ana.accepts_marketing is False
    assert ana.billing_address
    assert (ana.billing_address.country, ana.billing_address.phone) == ("ES", "+34911222333")
    assert [address.is_default for address in ana.shipping_addresses] == [True]


@pytest.mark.parametrize("payment_status", ["paid", "awaiting_payment"])
def test_an_order_creates_a_pending_guest_if_the_store_approves_new_accounts(aws: Any, payment_status: str) -> None:
    store = stores.create("approving", StoreSettings(name="B2B", approve_new_accounts=True), NOW)
    take(store, total="0", payment_status=payment_status)
    assert (holder(store).type, holder(store).status) == ("guest", "pending")


def test_the_statistics_of_one_order(store: Store) -> None:
    placed = order(total="49.90")
    orders.record_version(store, placed, NOW)
    ana = holder(store)
    assert figures(ana) == (1, {"USD": ("49.90", 1)}, placed.placed_at, placed.placed_at, "paid")
    assert ana.last_payment_method == "card"
    assert ana.average_order_value
    assert ana.average_order_value.model_dump(mode="json") == {"amount": "49.90", "currency": "USD"}


def test_the_average_is_in_the_currency_with_most_orders_to_its_minor_unit(store: Store) -> None:
    for number, (total, currency) in enumerate([("10", "USD"), ("100.5", "JPY"), ("200", "JPY"), ("0.005", "EUR")]):
        take(store, id=f"{number}", total=total, currency=currency)
    average = holder(store).average_order_value
    assert average
    assert (str(average.amount), average.currency) == ("150", "JPY")


@pytest.mark.parametrize(
    ("totals", "currency", "sum_"),
    [
        (["5"], "USD", "5.00"),
        (["5", "0.5"], "USD", "5.50"),
        (["0.0050", "1"], "USD", "1.005"),
        (["100", "200.00"], "JPY", "300"),
        (["0.5"], "JPY", "0.5"),
        (["7"], "KWD", "7.000"),
        (["0"], "EUR", "0.00"),
        (["9999999999.9999"], "EUR", "9999999999.9999"),
    ],
)
def test_a_sum_is_exact_and_written_with_the_minor_unit_of_its_currency(
    store: Store, totals: list[str], currency: str, sum_: str
) -> None:
    for number, total in enumerate(totals):
        take(store, id=f"{number}", total=total, currency=currency)
    (spend,) = holder(store).total_spent
    assert str(spend.amount) == sum_


def test_a_repeated_or_older_version_changes_nothing(store: Store) -> None:
    take(store, version=2, total="10")
    before = holder(store)
    assert not take(store, version=2, total="10")
    assert not take(store, version=1, total="99", email="other@example.com")
    assert holder(store) == before
    assert customers.find(store, "other@example.com", clock.now()) is None


@pytest.mark.parametrize("status", ["awaiting_payment", "refunded", "cancelled", "incomplete"])
def test_an_order_leaves_the_statistics_with_its_payment(store: Store, status: str) -> None:
    take(store, id="1", total="5", placed_at="2026-01-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z", version=2, payment_status=status)
    january = order(placed_at="2026-01-01T00:00:00Z").placed_at
    assert figures(holder(store)) == (1, {"USD": ("5.00", 1)}, january, january, status)


def test_a_partially_refunded_order_counts_with_the_total_that_is_left(store: Store) -> None:
    take(store, total="50")
    take(store, total="30", version=2, payment_status="partially_refunded")
    assert figures(holder(store))[:2] == (1, {"USD": ("30.00", 1)})


def test_the_only_order_leaving_leaves_nothing(store: Store) -> None:
    take(store)
    take(store, version=2, payment_status="cancelled")
    ana = holder(store)
    assert figures(ana) == (0, {}, None, None, "cancelled")
    assert ana.average_order_value is None
    assert customer_search.page(store, sort="-spent").items == []


def test_every_order_of_arrival_ends_in_the_same_statistics(aws: Any) -> None:
    history = [
        order(id="1", version=1, placed_at="2026-01-01T00:00:00Z", total="1"),
        order(id="1", version=2, placed_at="2026-04-01T00:00:00Z", total="2"),
        order(id="2", version=1, placed_at="2026-02-01T00:00:00Z", total="4", payment_status="awaiting_payment"),
        order(id="2", version=2, placed_at="2026-02-01T00:00:00Z", total="4"),
        order(id="2", version=3, placed_at="2026-02-01T00:00:00Z", total="4", email="ben@example.com"),
    ]
    ends = set()
    for number, shuffled in enumerate(permutations(history)):
        if number % 12 == 0:
            store = stores.create(f"store-{number}", StoreSettings(name="Demo"), NOW)
            for message in (*shuffled, *shuffled[::-1]):
                orders.record_version(store, message, NOW)
            ends.add(str([figures(holder(store, email)) for email in ("ana@example.com", "ben@example.com")]))
            assert [
                len(order_lists.of_customer(store, holder(store, e).id).items)
                for e in ("ana@example.com", "ben@example.com")
            ] == [1, 1]
    april, february = (
        order(placed_at="2026-04-01T00:00:00Z").placed_at,
        order(placed_at="2026-02-01T00:00:00Z").placed_at,
    )
    assert ends == {
        str([(1, {"USD": ("2.00", 1)}, april, april, "paid"), (1, {"USD": ("4.00", 1)}, february, february, "paid")])
    }


def test_random_histories_end_in_the_statistics_of_their_last_versions(store: Store) -> None:
    rng = random.Random(7)
    emails = ["a@example.com", "b@example.com"]
    newest: dict[str, Order] = {}
    messages = []
    for number in range(60):
        made = order(
            id=str(number % 12),
            version=number,
            email=rng.choice(emails),
            total=f"{rng.randint(0, 999) / 100:.2f}",
            currency=rng.choice(["USD", "EUR"]),
            placed_at=f"2026-0{rng.randint(1, 4)}-01T00:00:00Z",
            payment_status=rng.choice(["paid", "paid", "partially_refunded", "cancelled", "awaiting_payment"]),
        )
        newest[made.id] = made
        messages += [made] * rng.randint(1, 3)
    rng.shuffle(messages)
    for message in messages:
        orders.record_version(store, message, NOW)
    for email in emails:
        mine = [made for made in newest.values() if made.email == email]
        counts = [made for made in mine if made.payment_status in ("paid", "partially_refunded")]
        spent: dict[str, list[Decimal]] = defaultdict(list)
        for made in counts:
            spent[made.currency].append(made.total)
        latest = max(mine, key=lambda made: (made.placed_at, made.id))
        assert figures(holder(store, email)) == (
            len(counts),
            {currency: (str(sum(totals)), len(totals)) for currency, totals in sorted(spent.items())},
            min(made.placed_at for made in counts),
            max(made.placed_at for made in counts),
            latest.payment_status,
        )
        listed = order_lists.of_customer(store, holder(store, email).id, 100).items
        assert {(made.id, made.version) for made in listed} == {(made.id, made.version) for made in mine}


def test_an_order_fills_what_is_empty_and_overwrites_nothing(store: Store) -> None:
    new = NewCustomer.model_validate({"email": "ana@example.com", "name": "Ana P.", "status": "pending", "note": "vip"})
    customers.create(store, new, NOW)
    take(store, name="Somebody Else", phone="+34911222333", accepts_marketing=True, billing_address={"country": "ES"})
    ana = holder(store)
    assert (ana.name, ana.phone, ana.accepts_marketing, ana.status, ana.type) == (
        "Ana P.",
        "+34911222333",
        True,
        "pending",
        "registered",
    )
    take(store, id="1002", phone="+34911000000", accepts_marketing=False, billing_address={"country": "FR"})
    again = holder(store)
    assert (again.phone, again.accepts_marketing) == ("+34911222333", True)
    assert again.billing_address
    assert again.billing_address.country == "ES"
    assert again.note == "vip"


def proven(store: Store) -> Customer:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    return customers.change(store, ana.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW)


STRANGERS: dict[str, Any] = {
    "name": "Not Ana", "phone": "+34911222333", "vat_id": "ESB12345674", "accepts_marketing": True,
    "billing_address": {"country": "ES"}, "shipping_address": {"city": "Madrid"},
}  # fmt: skip


@pytest.mark.parametrize("status", ["awaiting_payment", "incomplete", "cancelled", "refunded"])
def test_an_order_that_does_not_count_fills_nothing_in_a_proven_account(store: Store, status: str) -> None:
    before = proven(store)
    take(store, payment_status=status, **STRANGERS)
    after = holder(store)
    assert len(order_lists.of_customer(store, after.id).items) == 1
    shown = {*STRANGERS, "shipping_addresses", "marketing_consent", "vat_id_status"}
    assert after.model_dump(include=shown) == before.model_dump(include=shown)


def test_an_order_fills_a_proven_account_when_it_counts_but_never_its_consent(store: Store) -> None:
    proven(store)
    take(store, payment_status="awaiting_payment", **STRANGERS)
    take(store, payment_status="awaiting_payment", version=2, fulfillment_status="processing", **STRANGERS)
    take(store, version=3, fulfillment_status="processing", **STRANGERS)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.vat_id, len(ana.shipping_addresses)) == (
        "Not Ana",
        "+34911222333",
        "ESB12345674",
        1,
    )
    assert (ana.accepts_marketing, ana.marketing_consent) == (None, None)
    customers.patch(store, ana.id, {"phone": None, "shipping_addresses": []}, NOW)
    take(store, version=4, payment_status="refunded", **STRANGERS)
    take(store, version=5, **STRANGERS)
    assert (holder(store).phone, holder(store).shipping_addresses) == (None, [])


def test_what_a_guest_removes_after_proving_the_email_stays_removed_when_the_order_is_paid(store: Store) -> None:
    take(store, payment_status="awaiting_payment", **STRANGERS)
    customers.change(
        store, holder(store).id, lambda c: c.model_copy(update={"email_status": "proven", "phone": None}), NOW
    )
    take(store, version=2, payment_status="awaiting_payment", payment_method="cash", **STRANGERS)
    take(store, version=3, **STRANGERS)
    assert holder(store).phone is None


def test_an_order_of_a_disabled_customer_is_recorded_and_counted_and_changes_nothing_else(
    store: Store, aws: Any
) -> None:
    new = NewCustomer.model_validate({"email": "ana@example.com", "status": "disabled"})
    before = customers.create(store, new, NOW)
    take(store, name="Ana", phone="+34911222333", shipping_address={"city": "Madrid"}, accepts_marketing=True)
    ana = holder(store)
    assert (ana.orders_count, len(order_lists.of_customer(store, ana.id).items)) == (1, 1)
    told = {"status", "type", "name", "phone", "shipping_addresses", "accepts_marketing"}
    assert ana.model_dump(include=told) == before.model_dump(include=told)


def test_a_new_shipping_address_joins_the_book_and_a_known_one_does_not(store: Store) -> None:
    home, work = {"street": "Calle Mayor 1", "city": "Madrid"}, {"street": "Gran Vía 2", "city": "Madrid"}
    take(store, id="1", shipping_address=home)
    take(store, id="2", shipping_address=work)
    take(store, id="3", shipping_address={"street": " calle  MAYOR 1 ", "city": "madrid"})
    book = holder(store).shipping_addresses
    assert [(address.street, address.is_default) for address in book] == [
        ("Calle Mayor 1", True),
        ("Gran Vía 2", False),
    ]
    assert len({address.id for address in book}) == 2


def test_a_full_book_and_a_full_customer_take_the_order_alone(store: Store) -> None:
    addresses = [{"street": f"Street {number}"} for number in range(50)]
    new = NewCustomer.model_validate({"email": "ana@example.com", "shipping_addresses": addresses})
    customers.create(store, new, NOW)
    take(store, shipping_address={"street": "Street 51"})
    assert (holder(store).orders_count, len(holder(store).shipping_addresses)) == (1, 50)
    notes = {f"f{number}": "€" * 1000 for number in range(50)}
    tags = [f"{'€' * 50}{number:03}" for number in range(100)]
    big = [
        dict.fromkeys(("name", "company", "street", "street2", "city"), "€" * 190) | {"region": f"{n}"}
        for n in range(7)
    ]
    full = {"email": "ben@example.com", "custom_fields": notes, "tags": tags, "shipping_addresses": big}
    customers.create(store, NewCustomer.model_validate(full), NOW)
    shipping = dict.fromkeys(("name", "company", "street", "street2", "city"), "€" * 190)
    for number in range(3):
        take(store, id=f"big{number}", email="ben@example.com", shipping_address=shipping | {"region": f"new {number}"})
    ben = holder(store, "ben@example.com")
    assert (ben.orders_count, len(ben.shipping_addresses) < 10) == (3, True)


def test_a_later_version_brings_nothing_back_that_its_customer_has_taken_out(store: Store) -> None:
    told = {"phone": "+34911222333", "shipping_address": {"city": "Madrid"}}
    take(store, payment_status="awaiting_payment", **told)
    ana = customers.patch(store, holder(store).id, {"phone": None, "shipping_addresses": []}, NOW)
    take(store, version=2, **told)
    assert (holder(store).orders_count, holder(store).phone, holder(store).shipping_addresses) == (1, None, [])
    take(store, version=3, **told | {"phone": "+34911222444"})
    assert (holder(store).phone, holder(store).shipping_addresses) == ("+34911222444", [])
    assert holder(store).id == ana.id


def test_what_an_account_cannot_take_does_not_lose_the_order(store: Store) -> None:
    typed = {"street": "Calle 1", "country": "Atlantis", "phone": "12"}
    take(store, phone="+453 3331 9991", vat_id="ESX", language="Klingon!", name="Ana", billing_address=typed)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.vat_id, ana.language) == ("Ana", None, None, None)
    assert ana.billing_address
    assert ana.billing_address.model_dump(exclude_none=True) == {"street": "Calle 1"}
    kept = orders.get(store, ana.id, "1001")
    assert (kept.phone, kept.vat_id) == ("+453 3331 9991", "ESX")
    assert kept.billing_address
    assert kept.billing_address.country == "Atlantis"


def test_an_order_follows_its_new_email_and_both_accounts_are_right(store: Store) -> None:
    take(store, id="1", total="5", placed_at="2026-01-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z")
    take(store, id="2", total="8", placed_at="2026-02-01T00:00:00Z", version=2, email="ben@example.com")
    ana, ben = holder(store), holder(store, "ben@example.com")
    assert (ana.orders_count, ben.orders_count) == (1, 1)
    assert ana.last_order_at == order(placed_at="2026-01-01T00:00:00Z").placed_at
    assert str(ben.total_spent[0].amount) == "8.00"
    with pytest.raises(OrderNotFoundError):
        orders.get(store, ana.id, "2")
    assert orders.get(store, ben.id, "2").version == 2


def test_a_known_order_without_email_keeps_the_one_it_had(store: Store) -> None:
    take(store, total="80")
    take(store, version=2, total="80", payment_status="refunded", email=None)
    ana = holder(store)
    assert figures(ana)[:2] == (0, {})
    assert orders.get(store, ana.id, "1001").email == "ana@example.com"
    take(store, version=3, total="80", email=None, fulfillment_status="returned")
    assert orders.get(store, ana.id, "1001").version == 3


def test_an_order_that_never_had_an_email_is_listed_without_account_until_it_gets_one(store: Store) -> None:
    assert take(store, id="1", email=None, placed_at="2026-01-01T00:00:00Z")
    assert take(store, id="2", email=None, payment_status="cancelled")
    assert not take(store, id="2", email=None)
    assert take(store, id="2", version=2, email=None, fulfillment_status="shipped")
    assert customer_search.count(store) == 0
    first = order_lists.without_email(store, 1)
    second = order_lists.without_email(store, 1, first.next_cursor)
    assert [(made.id, made.version) for made in first.items + second.items] == [("2", 2), ("1", 1)]
    take(store, id="1", version=2, placed_at="2026-02-01T00:00:00Z")
    assert figures(holder(store))[:2] == (1, {"USD": ("49.90", 1)})
    assert [made.id for made in order_lists.without_email(store).items] == ["2"]


def test_an_email_that_comes_late_in_an_earlier_version_is_used(store: Store) -> None:
    take(store, version=2, total="7", email=None)
    assert take(store, version=1, total="5")
    ana = holder(store)
    assert (figures(ana)[:2], orders.get(store, ana.id, "1001").version) == ((1, {"USD": ("7.00", 1)}), 2)
    assert order_lists.without_email(store).items == []
    assert not take(store, version=1, total="5", email="ben@example.com")


def test_an_order_stays_with_its_customer_when_the_account_changes_its_email(store: Store) -> None:
    take(store)
    ana = holder(store)
    customers.patch(store, ana.id, {"email": "ana@new.example.com"}, NOW)
    take(store, version=2, fulfillment_status="shipped")
    assert orders.get(store, ana.id, "1001").fulfillment_status == "shipped"
    assert customers.find(store, "ana@example.com", clock.now()) is None


def test_a_fulfilment_change_alone_leaves_the_account_as_it_is(store: Store) -> None:
    take(store)
    before = holder(store)
    orders.record_version(store, order(version=2, fulfillment_status="delivered"), NOW + timedelta(hours=1))
    after = holder(store)
    assert after.updated_at == before.updated_at
    assert after.model_copy(update={"version": before.version}) == before


def test_orders_come_newest_first_in_pages(store: Store) -> None:
    for number in range(1, 6):
        take(store, id=str(number), placed_at=f"2026-01-0{number}T00:00:00Z")
    ana = holder(store)
    first = order_lists.of_customer(store, ana.id, 2)
    second = order_lists.of_customer(store, ana.id, 2, first.next_cursor)
    third = order_lists.of_customer(store, ana.id, 2, second.next_cursor)
    assert [[made.id for made in page.items] for page in (first, second, third)] == [["5", "4"], ["3", "2"], ["1"]]
    assert third.next_cursor is None
    assert order_lists.of_customer(store, ana.id, 5).next_cursor is None


def test_a_cursor_is_good_for_its_own_customer_only(store: Store) -> None:
    for number in range(3):
        take(store, id=str(number))
    take(store, id="9", email="ben@example.com")
    cursor = order_lists.of_customer(store, holder(store).id, 1).next_cursor
    for wrong in (cursor, "nonsense"):
        with pytest.raises(InvalidInputError):
            order_lists.of_customer(store, holder(store, "ben@example.com").id, 1, wrong)


def test_an_order_of_somebody_else_is_not_found(store: Store) -> None:
    take(store)
    take(store, id="2", email="ben@example.com")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "2")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "nothing")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "x" * 5000)


def test_the_sample_event_is_taken(store: Store) -> None:
    assert failures(json.loads(EVENT.read_text())) == []
    ana = holder(store)
    [taken] = order_lists.of_customer(store, ana.id).items
    assert (taken.number, taken.model_dump(mode="json")["items"][0]["quantity"]) == ("A-1001", 2)


def test_notes_are_stored_with_their_order(store: Store) -> None:
    made = order().model_dump(mode="json", exclude_none=True)
    assert failures(batch(json.dumps({"store_id": store.id, "order": made | {"billing_address": []}}))) == []
    assert orders.get(store, holder(store).id, "1001").notes == ["billing_address: must be an object"]


def test_exactly_the_poison_messages_of_a_batch_are_handed_back(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def body(number: int, **fields: object) -> str:
        made = order(id=str(number), email=f"c{number}@example.com").model_dump(mode="json", exclude_none=True)
        return json.dumps({"store_id": store.id, "order": made | fields})

    bodies = [body(number) for number in range(10)]
    bodies[2], bodies[5], bodies[7] = "{not json", body(5, total="1.23456"), body(7).replace(store.id, "nowhere")
    assert failures(batch(*bodies)) == ["m2", "m5", "m7"]
    assert customer_search.count(store) == 7
    assert "c5@example.com" not in caplog.text


def test_a_wholly_poisonous_batch_reports_all(store: Store) -> None:
    made = order().model_dump(mode="json", exclude_none=True)
    stranger, wrong = {"store_id": "nowhere", "order": made}, {"store_id": store.id, "order": made | {"total": "-1"}}
    assert failures(batch("", json.dumps(stranger), json.dumps(wrong))) == ["m0", "m1", "m2"]
    assert customer_search.count(store) == 0
    with pytest.raises(StoreNotFoundError):
        stores.read("nowhere")


def test_the_largest_order_fits_its_item(store: Store) -> None:
    largest = order(payment_method="€" * 87_300)
    assert (
        order_messages.MAX_BYTES - 300
        < len(largest.model_dump_json(exclude_none=True).encode())
        <= order_messages.MAX_BYTES
    )
    assert orders.record_version(store, largest, NOW)
    assert orders.get(store, holder(store).id, "1001").payment_method == largest.payment_method
    assert holder(store).last_payment_method == "€" * 200


def test_an_order_in_another_currency_leaves_the_one_total_and_joins_the_other(store: Store) -> None:
    take(store, id="1", total="5", currency="EUR")
    take(store, id="2", total="7", currency="EUR")
    take(store, id="2", version=2, total="8", currency="USD")
    assert figures(holder(store))[:2] == (2, {"EUR": ("5.00", 1), "USD": ("8.00", 1)})


def test_a_cancelled_order_that_is_paid_again_counts_again(store: Store) -> None:
    take(store, total="5")
    before = figures(holder(store))
    take(store, total="5", version=2, payment_status="cancelled")
    assert figures(holder(store))[:2] == (0, {})
    take(store, total="5", version=3)
    assert figures(holder(store)) == before


def test_an_order_of_nothing_counts_as_one(store: Store) -> None:
    take(store, id="1", total="0")
    take(store, id="2", total="5")
    ana = holder(store)
    assert figures(ana)[:2] == (2, {"USD": ("5.00", 2)})
    assert ana.average_order_value
    assert str(ana.average_order_value.amount) == "2.50"


def test_an_order_at_another_time_moves_and_the_first_and_last_with_it(store: Store) -> None:
    times = [f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3, 4)]
    january, february, march, april = (order(placed_at=moment).placed_at for moment in times)
    take(store, id="1", placed_at=times[0], payment_method="card")
    take(store, id="2", placed_at=times[1], payment_method="cash")
    assert figures(holder(store))[2:4] == (january, february)
    take(store, id="1", placed_at=times[3], version=2, payment_method="card")
    assert (*figures(holder(store))[2:4], holder(store).last_payment_method) == (february, april, "card")
    take(store, id="1", placed_at=times[2], version=3, payment_method="card", payment_status="cancelled")
    assert figures(holder(store))[2:5] == (february, february, "cancelled")
    assert [made.placed_at for made in order_lists.of_customer(store, holder(store).id).items] == [march, february]


def test_orders_are_filtered_by_statuses_and_times_and_paged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_lists, "_BATCH_SIZE", 2)
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    for number in range(1, 8):
        payment, fulfillment = ["paid", "cancelled"][number % 2], ["shipped", "delivered", None][number % 3]
        take(
            store,
            id=f"{number}",
            placed_at=f"2026-01-0{number}T00:00:00Z",
            payment_status=payment,
            fulfillment_status=fulfillment,
        )
    ana = holder(store)

    def listed(limit: int = 2, **wanted: object) -> list[str]:
        found, cursor = [], None
        while True:
            page = order_lists.of_customer(store, ana.id, limit, cursor, OrderFilter.model_validate(wanted))
            found, cursor = found + [made.id for made in page.items], page.next_cursor
            assert len(page.items) <= limit
            if cursor is None:
                return found

    assert listed(payment_status=["cancelled"]) == ["7", "5", "3", "1"]
    assert listed(payment_status=["cancelled", "paid"], fulfillment_status=["shipped"]) == ["6", "3"]
    assert listed(fulfillment_status=["delivered", "shipped"], limit=1) == ["7", "6", "4", "3", "1"]
    assert listed(placed_from="2026-01-03T00:00:00Z", placed_to="2026-01-05T00:00:00Z") == ["5", "4", "3"]
    assert listed(placed_to="2026-01-02T00:00:00Z", payment_status=["paid"]) == ["2"]
    assert listed(payment_status=["refunded"]) == []
    cursor = order_lists.of_customer(store, ana.id, 1).next_cursor
    with pytest.raises(InvalidInputError):
        order_lists.of_customer(store, ana.id, 1, cursor, OrderFilter(payment_status=["paid"]))


def test_a_list_that_finds_little_in_much_goes_on_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_lists, "_BATCH_SIZE", 1)
    for number in range(6):
        status = "paid" if number == 0 else "cancelled"
        take(store, id=f"{number}", placed_at=f"2026-01-01T00:00:0{number}Z", payment_status=status)
    wanted = OrderFilter(payment_status=["paid"])
    first = order_lists.of_customer(store, holder(store).id, 50, None, wanted)
    assert (first.items, first.next_cursor is None) == ([], False)
    second = order_lists.of_customer(store, holder(store).id, 50, first.next_cursor, wanted)
    assert [made.id for made in second.items] == ["0"]
