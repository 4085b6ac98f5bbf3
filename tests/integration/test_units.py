"""The DynamoDB units that docstrings promise, as DynamoDB Local counts them."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import batched, islice
from typing import Any

import pytest
from benchmarks import sample_store
from benchmarks.traffic import Traffic, record_traffic
from tests.support import sign_ins
from tests.support.sign_ins import HERE

from clientela import clock
from clientela.customers import customer_records, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.customers.customer_values import Spend
from clientela.groups import group_stylesheets, groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle import erasure_sweep, erasures, removal_queue
from clientela.orders import order_lists, order_records, orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_sign_in, sessions
from clientela.sign_in.sign_in_errors import LinkUsedError
from clientela.storefront import checkout
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.setting_groups import Directory
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys, records

NOW = clock.now()


@pytest.fixture
def store(deployed: None) -> Store:
    """A store without sign-in, where an order sends no mail."""
    return stores.create(f"units-{uuid.uuid4().hex[:12]}", StoreSettings(name="Units"), NOW)


@pytest.fixture(scope="module")
def peopled(deployed: None) -> tuple[Store, list[Customer]]:
    """A store with 120 customers."""
    store = stores.create("units", StoreSettings(name="Units"), NOW)
    made = [customers.create(store, new(i), NOW + timedelta(seconds=i)) for i in range(120)]
    return store, made


def new(number: int) -> NewCustomer:
    return NewCustomer.model_validate(
        {
            "email": f"units{number}@example.com",
            "name": f"Helena {number}",
            "company": "JetBrains s.r.o.",
            "billing_address": {"street": "Rilská 3174/6", "city": "Prague", "postal_code": "14300", "country": "CZ"},
        }
    )


def order(number: int) -> Order:
    return Order.model_validate(
        {
            "id": f"{number}",
            "version": 1,
            "placed_at": f"2026-11-{number:02d}T10:00:00Z",
            "email": "buyer@example.com",
            "currency": "USD",
            "total": "1.25",
            "payment_status": "paid",
        }
    )


def taken(call: Callable[[], Any]) -> Traffic:
    with record_traffic() as traffic:
        call()
    return traffic


def test_creating_a_customer(store: Store) -> None:
    used = taken(lambda: customers.create(store, new(0), NOW))
    assert (used.read_units, used.write_units, len(used.requests)) == (0, 6, 2)


def test_creating_a_customer_with_much_to_tell_and_a_word_on_marketing(store: Store) -> None:
    home = {"street": "Rilská 3174/6", "city": "Prague", "postal_code": "14300", "country": "CZ"}
    much = NewCustomer.model_validate(
        {
            "email": "much@example.com",
            "name": "Helena Much",
            "first_name": "Helena",
            "phone": "+420777123456",
            "language": "cs",
            "tags": ["wholesale", "newsletter"],
            "billing_address": home,
            "note": "Rings twice. " * 20,
            "shipping_addresses": [home, home | {"city": "Brno"}],
        }
    )
    told = much.model_copy(update={"email": "told@example.com", "accepts_marketing": True})
    word = new(1).model_copy(update={"accepts_marketing": True})
    # A consent is an item of its own. Compressed, even the profile with much to tell is below 1 KB.
    used = [taken(lambda one=one: customers.create(store, one, NOW)).write_units for one in (word, much, told)]
    assert used == [7, 6, 7]


def test_reading_a_customer(peopled: tuple[Store, list[Customer]]) -> None:
    store, people = peopled
    used = taken(lambda: customers.get(store, people[0].id))
    assert (used.read_units, used.write_units, len(used.requests)) == (1, 0, 1)


def test_changing_what_no_index_sorts_by(peopled: tuple[Store, list[Customer]]) -> None:
    store, people = peopled
    used = taken(lambda: customers.patch(store, people[1].id, {"note": "likes tea"}, NOW))
    # The profile, which has the newest entries of its history, and three index entries with the time of the change.
    assert (used.read_units, used.write_units) == (1, 1 + 3)


@pytest.mark.parametrize("sort", ["-created", "created", "name", "-email"])
def test_a_page_costs_its_rows_and_a_few_pages_of_the_index(peopled: tuple[Store, list[Customer]], sort: Sort) -> None:
    store, _ = peopled
    used = taken(lambda: customer_search.page(store, sort=sort, limit=100))
    # The index has the customers without orders: none is read.
    assert used.read_units <= 10
    # One for each bucket, and another for a bucket with more than its share of the page.
    assert len(used.requests) <= 4 + 1


@pytest.mark.parametrize("buckets", [16, 32])
def test_a_page_of_a_store_with_many_buckets_costs_half_a_unit_a_bucket(deployed: None, buckets: int) -> None:
    directory = Directory(buckets=buckets, written_buckets=buckets)
    store = stores.create(f"units-{uuid.uuid4().hex[:12]}", StoreSettings(name="Large"), NOW)
    store = store.model_copy(update={"directory": directory})
    people = islice(sample_store.people(store), 1800)
    for block in batched([one for one in people if not one.orders_count][:1000], 12, strict=False):
        sample_store.put(store, block)
    used = taken(lambda: customer_search.page(store, limit=100))
    # A bucket with far more than its share is read again.
    assert buckets / 2 <= used.read_units <= buckets / 2 + 2


@pytest.mark.parametrize(("sort", "most"), [("-created", 60), ("name", 60), ("-spent", 10), ("-last_order", 12)])
def test_a_page_of_customers_with_orders(deployed: None, sort: Sort, most: int) -> None:
    """The indexes sorted by orders have them; the others have only their keys."""
    store = stores.create(f"units-{uuid.uuid4().hex[:12]}", StoreSettings(name="Buyers"), NOW)
    for number in range(100):
        bought = order(1).model_copy(update={"id": f"b{number}", "email": f"buyer{number}@example.com"})
        orders.record_version(store, bought, NOW)
    used = taken(lambda: customer_search.page(store, sort=sort, limit=100))
    assert used.read_units <= most


def test_an_exact_email_reads_its_claim_and_its_customer(peopled: tuple[Store, list[Customer]]) -> None:
    store, people = peopled
    used = taken(lambda: customer_search.page(store, filter_=CustomerFilter(email=people[7].email)))
    assert (used.read_units, len(used.requests)) == (1.5, 2)


def test_ids_are_read_at_once(peopled: tuple[Store, list[Customer]]) -> None:
    store, people = peopled
    used = taken(
        lambda: customer_search.page(store, filter_=CustomerFilter(ids=[one.id for one in people[:100]]), limit=100)
    )
    assert (used.read_units, len(used.requests)) == (50, 1)


def test_orders(store: Store) -> None:
    first = taken(lambda: orders.record_version(store, order(1), NOW))
    # Order, reference, claim, profile, and the check that nobody was erased; an entry in each of seven indexes.
    assert (first.read_units, first.write_units, first.write_units_low) == (2, 2 * (5 + 7), 2 * 5 + 7)
    second = taken(lambda: orders.record_version(store, order(2), NOW))
    # Order, reference and profile; three entries moved, which is a delete and a put.
    assert (second.read_units, second.write_units, second.write_units_low) == (3, 2 * (3 + 3 * 2), 2 * 3 + 3 * 2)


def test_versions_of_an_order_cost_what_they_change(store: Store) -> None:
    for number in (1, 2, 3):
        orders.record_version(store, order(number), NOW)

    def costs(number: int, **fields: object) -> tuple[float, float]:
        used = taken(lambda: orders.record_version(store, order(number).model_copy(update=fields), NOW))
        return used.read_units, used.write_units

    repeated, reads = costs(3), 2  # the reference and the order
    assert repeated == (reads, 0)
    # The order alone, and a read of its customer.
    assert costs(3, version=2, fulfillment_status="shipped") == (reads + 1, 1)
    # Order and profile; the customer in the three indexes that are sorted by orders.
    assert costs(3, version=3, payment_method="card") == (reads + 1, 2 * (2 + 3))
    # The entry sorted by the amount moves.
    assert costs(3, version=4, total=Decimal("1.00")) == (reads + 1, 2 * (2 + 2 + 2))
    # The newest order no longer counts, and is still the last: two entries move.
    assert costs(3, version=5, payment_status="refunded") == (reads + 1, 2 * (2 + 2 * 2 + 1))
    # The order moves: its reference is written, and the old order deleted.
    assert costs(2, version=2, placed_at=order(2).placed_at + timedelta(hours=1)) == (reads + 1, 2 * (4 + 3))


def test_an_order_without_account_has_no_entry_of_the_search(store: Store) -> None:
    without_email = order(1).model_copy(update={"email": None})
    stored = taken(lambda: orders.record_version(store, without_email, NOW))
    # Order and reference; the entry that lists it.
    assert (stored.read_units, stored.write_units, stored.write_units_low) == (1, 2 * (2 + 1), 2 * 2 + 1)


def test_a_first_order_that_is_paid_later(store: Store) -> None:
    orders.record_version(store, order(1).model_copy(update={"payment_status": "awaiting_payment"}), NOW)
    paid = taken(lambda: orders.record_version(store, order(1).model_copy(update={"version": 2}), NOW))
    # Order and profile; two new entries, the one by the last order, and one that says that no order counts.
    assert (paid.write_units, paid.write_units_low) == (2 * (2 + 4), 2 * 2 + 4)


def test_an_unclaimed_order(deployed: None) -> None:
    settings = StoreSettings(name="Units", login_mode="required")
    store = stores.create(f"units-{uuid.uuid4().hex[:12]}", settings, NOW)
    first = taken(lambda: orders.record_version(store, order(1), NOW))
    # Order and reference, and the checks for a claim and for a tombstone; an entry by creation.
    assert (first.read_units, first.write_units, first.write_units_low) == (2, 2 * (4 + 1), 2 * 4 + 1)
    status = taken(lambda: orders.record_version(store, order(1).model_copy(update={"version": 2}), NOW))
    assert (status.read_units, status.write_units) == (2, 1)


def test_a_customer_with_ten_thousand_orders(store: Store) -> None:
    orders.record_version(store, order(1), NOW)
    buyer = customers.find(store, "buyer@example.com", NOW)
    assert buyer
    first = order(1).placed_at
    made = [
        order(1).model_copy(update={"id": f"x{number}", "placed_at": first + timedelta(minutes=number)})
        for number in range(1, 10_000)
    ]
    collection = keys.customer(store.id, buyer.id)
    references = [order_records.reference(store, buyer.id, buyer.email, each).item() for each in made[:10] + made[-10:]]
    items = references + [order_records.record(collection, 1, each).item() for each in made]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(dynamodb.put_all, map(list, batched(items, dynamodb.BATCH_WRITE, strict=False))))
    total = Spend(amount=Decimal("12500.00"), currency="USD", orders=10_000)
    whole = buyer.model_copy(
        update={"total_spent": [total], "orders_count": 10_000, "last_order_at": made[-1].placed_at}
    )
    records.put(customer_records.record(store, whole))

    def costs(call: Callable[[], Any]) -> tuple[float, int]:
        used = taken(call)
        return used.read_units, len(used.requests)

    assert costs(lambda: order_lists.of_customer(store, buyer.id, 50))[0] <= 51 * 1 / 8 + 1
    assert costs(lambda: orders.record_version(store, order(30), NOW)) == (3, 4)
    for refunded, cost in ((order(1), (4, 5)), (order(30), (3, 4))):
        refund = refunded.model_copy(update={"version": 2, "payment_status": "refunded"})
        assert costs(lambda refund=refund: orders.record_version(store, refund, NOW)) == cost
    after = customers.get(store, buyer.id)
    assert (after.orders_count, after.first_order_at, after.last_order_at) == (
        9_999,
        made[0].placed_at,
        order(30).placed_at,
    )


def test_a_key_is_looked_up_once_and_its_use_noted_once_an_hour(store: Store) -> None:
    issued = api_keys.create(store.id, NewKey(name="till"), NOW)
    first = taken(lambda: api_keys.authenticate(store.id, issued.key, NOW))
    again = taken(lambda: [api_keys.authenticate(store.id, issued.key, NOW) for _ in range(10)])
    assert (first.read_units, first.write_units) == (1, 1)
    assert again.requests == []


@pytest.fixture
def shop(deployed: None) -> Store:
    """A store with sign-in."""
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example.com")
    return stores.create(f"shop-{uuid.uuid4().hex[:12]}", settings, NOW)


def test_asking_for_a_link(shop: Store) -> None:
    used = taken(lambda: link_sign_in.request_link(shop, "ana@example.com", HERE, None, None, NOW))
    # Two sliding windows and three fixed ones; the request, its event and the tombstone in one transaction.
    assert (used.read_units, used.write_units, len(used.requests)) == (0, 11, 7)
    later = NOW + timedelta(minutes=1)
    again = taken(lambda: link_sign_in.request_link(shop, "ana@example.com", HERE, None, None, later))
    # Each limit meets what it remembers first. Such a refusal is charged a unit too, of which the answer says nothing.
    assert (again.read_units, again.write_units, len(again.requests)) == (0, 11, 9)


def test_signing_in_and_up(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    box = sign_ins.mailbox(monkeypatch)
    customers.create(shop, NewCustomer(email="known@example.com"), NOW)
    known, stranger = box.link(shop, "known@example.com"), box.link(shop, "new@example.com")
    first = taken(lambda: sign_ins.by_link(shop, known))
    # The try is counted; request, address, session, outcome, device, and the profile with three entries: twice.
    # What is read is the request, the customer, the device, and whether there is an unproven password to drop.
    assert (first.read_units, first.write_units, len(first.requests)) == (4, 1 + 2 * (5 + 1 + 3), 6)
    up = taken(lambda: sign_ins.by_link(shop, stranger))
    # The claim besides: it is looked for first, and is not there. Then orders that wait for the account: none, which
    # DynamoDB Local counts as nothing.
    assert (up.read_units, up.write_units, len(up.requests)) == (2, 1 + 2 * (6 + 1 + 4), 5)
    with record_traffic() as refused, pytest.raises(LinkUsedError):
        sign_ins.by_link(shop, known)
    assert (refused.read_units, refused.write_units, len(refused.requests)) == (1, 5, 3)


def test_a_session_and_its_account_page(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 21):
        orders.record_version(shop, order(number), NOW)
    opened = sign_ins.by_link(shop, sign_ins.mailbox(monkeypatch).link(shop, "buyer@example.com"))
    checked = taken(lambda: sessions.current(shop, opened.token, NOW))
    assert (checked.read_units, checked.write_units, len(checked.requests)) == (2, 0, 2)
    page = taken(lambda: order_lists.of_customer(shop, opened.customer.id, 20))
    assert page.read_units <= 1
    assert len(page.requests) == 1


def test_checkout_and_the_stylesheet_read_groups_at_half_price(store: Store) -> None:
    made = [groups.create(store, NewGroup(name=f"G {i}", code=f"g{i}", css=f".g{i}{{}}"), NOW).id for i in range(4)]
    customer = customers.create(store, NewCustomer(email="member@example.com", groups=made), NOW)
    used = taken(lambda: checkout.prefill(store, customer, NOW))
    assert (used.read_units, len(used.requests)) == (4 / 2, 1)
    used = taken(lambda: group_stylesheets.stylesheet(store, ["g0", "g1", "g2", "g3"], NOW))
    assert (used.read_units, len(used.requests)) == (4 / 2 + 4 / 2, 2)


def test_erasing_costs_what_the_customer_has(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal_queue, "put_message", lambda *message: None)
    for number in range(1, 11):
        orders.record_version(store, order(number), NOW)
    buyer = customers.find(store, "buyer@example.com", NOW)
    assert buyer
    begun = taken(lambda: erasures.begin(store, buyer.id, NOW, OPERATOR))
    # The profile with seven index entries, the claim, the latest sign-in; two tombstones, certificate, note, audit entry.
    assert begun.write_units == 2 * (1 + 7 + 2 + 5)
    rest = taken(lambda: erasure_sweep.resume(store, buyer.id, NOW, lambda: False))
    # Ten orders with their references, the count of them; then the certificate and the note.
    assert rest.write_units == 2 * (10 * 2 + 1 + 2)


def test_a_search_that_a_quarter_of_the_customers_pass_reads_a_few_of_them(store: Store) -> None:
    for number in range(240):
        word = "rare" if number % 4 else "often"
        customers.create(store, NewCustomer(email=f"s{number}@example.com", name=f"Ana {word}"), NOW)
    used = taken(lambda: customer_search.page(store, filter_=CustomerFilter(query="often"), limit=50))
    assert not any(request.get("IndexName") == "by_search" for _, request in used.requests)
    assert used.read_units <= 30
