"""The figures of docs/costs.md, each compared with a measurement or computed anew."""

import csv
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import batched, islice
from math import ceil
from typing import Any, NamedTuple

import pytest
from benchmarks import entry_sizes, sample_store
from benchmarks.traffic import Traffic, record_traffic
from tests.support import reports, sign_ins
from tests.support.template_file import PROJECT

from clientela import clock
from clientela.csv import csv_headers
from clientela.customers import customer_search, customers, directory_index
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import Sort
from clientela.imports import import_load, import_rows, import_writes
from clientela.imports.import_customers import Rules
from clientela.lifecycle import merges, removal_queue
from clientela.orders import orders, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.reports import report_updates
from clientela.reports.report_sources import ReportSource
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Directory, Store, StoreSettings

NOW = clock.now()
COSTS = (PROJECT / "docs/costs.md").read_text()
EMAIL = "helena@example.com"
ROWS = 100  # of an import
ADOPTED = 60
CENTS = Decimal("0.0000125")  # of a read unit: 0.125 $ a million
PARTITION = 3000  # read units a second

EVENTUAL = 8192  # bytes of one read unit
DEFAULT_BUCKETS = Directory().buckets

# A measurement begins where the generator yields first, and ends where it ends.
type Steps = Iterator[None]


class Shop(NamedTuple):
    store: Store
    monkeypatch: pytest.MonkeyPatch

    def customer(self, email: str = EMAIL, *, orders_: int = 0) -> Customer:
        for number in range(1, orders_ + 1):
            self.order(number, email=email)
        found = customers.find(self.store, email, NOW)
        return found or customers.create(
            self.store, NewCustomer(email=email, name="Helena", phone="+420777123456"), NOW
        )

    def order(self, number: int, **fields: object) -> None:
        order = {
            "id": f"{number}",
            "version": 1,
            "placed_at": f"2026-11-{number:02d}T10:00:00Z",
            "email": EMAIL,
            "currency": "USD",
            "total": "1.25",
            "payment_status": "paid",
        }
        orders.record_version(self.store, Order.model_validate(order | fields), NOW)


def table(heading: str, place: int = 0) -> list[list[str]]:
    """The rows of one of the tables below a heading, without its head."""
    section = COSTS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    tables = [block.splitlines() for block in section.strip().split("\n\n") if block.startswith("|")]
    lines = tables[place]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", ""))


def creates(shop: Shop) -> Steps:
    yield
    customers.create(shop.store, NewCustomer(email=EMAIL, name="Helena", phone="+420777123456"), NOW)


def creates_with_consent(shop: Shop) -> Steps:
    yield
    customers.create(shop.store, NewCustomer(email=EMAIL, accepts_marketing=True), NOW)


def imports(shop: Shop) -> Steps:
    lines = [f"row{i}@example.com,Helena Holý,+420241770449,Czechia" for i in range(ROWS)]
    columns = csv_headers.recognise(["email", "name", "phone", "billing country"])
    rows = [import_rows.parse_row(line, cells, columns) for line, cells in enumerate(csv.reader(lines), 2)]
    rules = Rules("imp_1", "upsert", columns, NOW, frozenset())
    yield
    import_writes.write(shop.store, import_load.apply_chunk(shop.store, rows, rules, NOW), rules, lambda: NOW)


def changes(field: str, value: object, orders_: int = 0) -> Callable[[Shop], Steps]:
    def steps(shop: Shop) -> Steps:
        customer = shop.customer(orders_=orders_)
        yield
        customers.patch(shop.store, customer.id, {field: value}, NOW)

    return steps


def changes_again(field: str, values: tuple[object, object], orders_: int = 0) -> Callable[[Shop], Steps]:
    def steps(shop: Shop) -> Steps:
        customer = shop.customer(orders_=orders_)
        customers.patch(shop.store, customer.id, {field: values[0]}, NOW)
        yield
        customers.patch(shop.store, customer.id, {field: values[1]}, NOW)

    return steps


def first_order(shop: Shop) -> Steps:
    yield
    shop.order(1)


def first_order_of_a_customer(shop: Shop) -> Steps:
    shop.customer()
    yield
    shop.order(1)


def order_without_account(shop: Shop) -> Steps:
    closed = closed_shop(shop)
    yield
    closed.order(1)


def adopts(shop: Shop) -> Steps:
    closed = closed_shop(shop)
    for number in range(ADOPTED):
        closed.order(number % 30 + 1, id=f"{number}")
    customer = customers.create(closed.store, NewCustomer(email=EMAIL), NOW)
    yield
    unclaimed_orders.adopt(closed.store, customer, NOW)


def closed_shop(shop: Shop) -> Shop:
    """A shop in which orders make no accounts."""
    settings = StoreSettings(name="Closed", login_mode="required", storefront_url="https://shop.example.com")
    return shop._replace(store=stores.create(f"closed-{uuid.uuid4().hex[:12]}", settings, NOW))


def repeat_order(shop: Shop) -> Steps:
    shop.order(1)
    yield
    shop.order(2)


def new_version(before: dict[str, object], after: dict[str, object]) -> Callable[[Shop], Steps]:
    def steps(shop: Shop) -> Steps:
        shop.order(1, **before)
        yield
        shop.order(1, **before | after, version=2)

    return steps


def signs_in(shop: Shop) -> Steps:
    shop.customer()
    link = sign_ins.mailbox(shop.monkeypatch).link(shop.store, EMAIL)
    yield
    sign_ins.by_link(shop.store, link)


def signs_in_again(shop: Shop) -> Steps:
    shop.customer()
    mailbox = sign_ins.mailbox(shop.monkeypatch)
    sign_ins.by_link(shop.store, mailbox.link(shop.store, EMAIL))
    later = NOW + timedelta(days=20)
    link = mailbox.link(shop.store, EMAIL, later)
    yield
    sign_ins.by_link(shop.store, link, later)


def signs_up(shop: Shop) -> Steps:
    link = sign_ins.mailbox(shop.monkeypatch).link(shop.store, EMAIL)
    yield
    sign_ins.by_link(shop.store, link)


def requests_link(shop: Shop) -> Steps:
    yield
    sign_ins.link_sign_in.request_link(shop.store, EMAIL, sign_ins.HERE, None, None, NOW)


def sends_link_mail(shop: Shop) -> Steps:
    shop.customer()
    sign_ins.mailbox(shop.monkeypatch)
    request = sign_ins.link_sign_in.request_link(shop.store, EMAIL, sign_ins.HERE, None, None, NOW)
    yield
    sign_ins.sign_in_mail.deliver(shop.store, request.request_id, NOW)


def merges_two(shop: Shop) -> Steps:
    into, other = shop.customer(), shop.customer("other@example.com")
    yield
    merges.merge(shop.store, into.id, other.id, NOW, OPERATOR, lambda: False)


def counted_in_reports(act: Callable[[Shop], object]) -> Callable[[Shop], Steps]:
    def steps(shop: Shop) -> Steps:
        reports.build(shop.store)
        for number in (1, 2):
            shop.order(number, placed_at=f"2026-0{number}-10T10:00:00Z")
        ana = shop.customer().id
        report_updates.update(shop.store, ReportSource("customer", ana))
        act(shop)
        yield
        report_updates.update(shop.store, ReportSource("customer", shop.customer().id))

    return steps


def new_customer_in_reports(shop: Shop) -> Steps:
    reports.build(shop.store)
    shop.customer()
    yield
    report_updates.update(shop.store, ReportSource("customer", shop.customer().id))


def first_order_in_reports(shop: Shop) -> Steps:
    reports.build(shop.store)
    shop.order(1, placed_at=clock.format_timestamp(NOW))
    yield
    report_updates.update(shop.store, ReportSource("customer", shop.customer().id))


WRITES: dict[str, tuple[Callable[[Shop], Steps], int]] = {
    "a customer is created": (creates, 1),
    "the same, with a marketing consent": (creates_with_consent, 1),
    "a new row of an import": (imports, ROWS),
    "a note changes": (changes("note", "likes tea"), 1),
    "a tag changes": (changes("tags", ["vip"]), 1),
    "a tag changes, with orders": (changes("tags", ["vip"], 1), 1),
    "a name changes": (changes("name", "Ana"), 1),
    "a name changes again": (changes_again("name", ("Ana", "Bea")), 1),
    "a name changes, with orders": (changes("name", "Ana", 1), 1),
    "a name changes again, with orders": (changes_again("name", ("Ana", "Bea"), 1), 1),
    "a first order, creating the account": (first_order, 1),
    "a first order of a customer": (first_order_of_a_customer, 1),
    "an order without an account": (order_without_account, 1),
    "the adoption of 60 such orders, each": (adopts, ADOPTED),
    "a repeat order": (repeat_order, 1),
    "a first order is paid later": (new_version({"payment_status": "awaiting_payment"}, {"payment_status": "paid"}), 1),
    "an order is refunded": (new_version({}, {"payment_status": "refunded"}), 1),
    "the payment method of the last order": (new_version({}, {"payment_method": "card"}), 1),
    "a parcel's status": (new_version({}, {"fulfillment_status": "shipped"}), 1),
    "a link is requested": (requests_link, 1),
    "the mail with it is sent": (sends_link_mail, 1),
    "a customer signs in": (signs_in_again, 1),
    "the same, for the first time": (signs_in, 1),
    "a customer signs up": (signs_up, 1),
    "two customers without orders are merged": (merges_two, 1),
    "reports count a new customer": (new_customer_in_reports, 1),
    "reports count a first order, which creates the account": (first_order_in_reports, 1),
    "reports count a repeat order": (
        counted_in_reports(lambda shop: shop.order(3, placed_at="2026-03-10T10:00:00Z")),
        1,
    ),
    "reports count a refund": (
        counted_in_reports(
            lambda shop: shop.order(2, version=2, placed_at="2026-02-10T10:00:00Z", payment_status="refunded")
        ),
        1,
    ),
    "reports look at a note": (
        counted_in_reports(lambda shop: customers.patch(shop.store, shop.customer().id, {"note": "tea"}, NOW)),
        1,
    ),
}


@pytest.fixture
def shop(deployed: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(removal_queue, "put_message", lambda *message: None)
    settings = StoreSettings(name="Shop", login_mode="optional", storefront_url="https://shop.example.com")
    return Shop(stores.create(f"costs-{uuid.uuid4().hex[:12]}", settings, NOW), monkeypatch)


def measure(steps: Steps) -> Traffic:
    next(steps)
    with record_traffic() as traffic:
        assert next(steps, "ended") == "ended"
    return traffic


def test_every_measured_write_is_documented() -> None:
    assert [row[0] for row in table("Writes")] == list(WRITES)


@pytest.mark.parametrize("what", WRITES)
def test_the_units_of_a_write(what: str, shop: Shop) -> None:
    steps, times = WRITES[what]
    used = measure(steps(shop))
    [documented] = [row[1:4] for row in table("Writes") if row[0] == what]
    assert [number(cell) for cell in documented] == [
        round(Decimal(units) / times, 1) for units in (used.read_units, used.write_units, used.write_units_low)
    ]


@pytest.fixture(scope="module")
def peopled(deployed: None) -> list[Store]:
    """Stores of 300 customers of the sample: none, a third, and all of them with orders."""
    people = list(islice(sample_store.people(sample_store.unstored_store()), 900))
    return [
        filled([one for one in people if not one.orders_count][:300]),
        filled(people[:300]),
        filled([one for one in people if one.orders_count]),
    ]


def filled(people: list[Customer]) -> Store:
    store = stores.create(f"costs-{uuid.uuid4().hex[:12]}", StoreSettings(name="Pages"), NOW)
    for block in batched(people, 12, strict=False):
        sample_store.put(store, block)
    return store


def read_units(store: Store, **query: Any) -> float:
    with record_traffic() as traffic:
        customer_search.page(store, limit=100, **query)
    return traffic.read_units


def test_every_sort_order_is_documented() -> None:
    documented = [sort for row in table("Pages of 100") for sort in row[0].replace("`", "").split(", ")]
    assert sorted(documented) == sorted({sort.removeprefix("-") for sort in customer_search.SORTS})


@pytest.mark.parametrize("row", table("Pages of 100"), ids=lambda row: row[0])
def test_the_units_of_a_page(row: list[str], peopled: list[Store]) -> None:
    for sort in row[0].replace("`", "").split(", "):
        used = [ceil(read_units(store, sort=f"-{sort}")) for store in peopled]
        # One row stands for several orders, whose keys differ in length by a few bytes.
        assert used == pytest.approx([int(cell) for cell in row[1:4]], abs=1), sort


@pytest.fixture(scope="module")
def mixed(deployed: None) -> Store:
    """A store of 300 customers, two thirds of them with orders."""
    people = list(islice(sample_store.people(sample_store.unstored_store()), 900))
    buyers, others = ([one for one in people if bool(one.orders_count) is has] for has in (True, False))
    return filled(buyers[:200] + others[::6][:100])


@pytest.mark.parametrize("sort", ["created", "name", "email"])
def test_a_page_costs_at_most_40_units_while_67_of_its_customers_have_orders(mixed: Store, sort: Sort) -> None:
    with record_traffic() as traffic:
        page = customer_search.page(mixed, sort=sort, limit=100)
    buyers = sum(customer["orders_count"] > 0 for customer in page.items)
    assert 60 <= buyers <= 75
    assert traffic.read_units <= 40 + max(0, buyers - 67) / 2


def test_the_units_of_an_exact_email(peopled: list[Store]) -> None:
    store = peopled[0]
    [email] = [customer["email"] for customer in customer_search.page(store, limit=1).items]
    assert f"An exact e-mail takes {read_units(store, filter_=CustomerFilter(email=email))} read units" in COSTS


@pytest.fixture(scope="module")
def sizes() -> dict[str, float]:
    return entry_sizes.sample_sizes(sample_store.unstored_store())


def test_the_bytes_of_profiles_and_entries(deployed: None, sizes: dict[str, float]) -> None:
    documented = {row[0].strip("`"): int(row[2]) for row in table("Bytes")}
    assert documented == {name: round(size) for name, size in sizes.items()}


def test_dynamodb_reads_entries_of_the_computed_size(peopled: list[Store], sizes: dict[str, float]) -> None:
    store = peopled[0]
    with record_traffic() as traffic:
        assert customer_search.count(store, CustomerFilter(query="nobody has this")) == 0
    # Each bucket's bytes are rounded up to 4 KB.
    computed = 300 * sizes["by_search"] / EVENTUAL
    assert computed <= traffic.read_units <= computed + 0.5 * store.directory.buckets


SEARCHED = [("by_search", row) for row in table("Searches")] + [("by_created", row) for row in table("Searches", 2)]


@pytest.mark.parametrize("row", table("Searches", 1), ids=lambda row: row[0])
def test_the_dearest_searches(row: list[str], deployed: None, sizes: dict[str, float]) -> None:
    people, hits = 1_000_000, int(number(row[0]))
    index = people * sizes["by_search"] / EVENTUAL
    if hits <= customer_search.MAX_GATHERED:
        computed = index + 150 + hits / 2
    else:  # a third of the walked customers have orders, whom the entries lack
        walked = 100 * people / hits
        computed = index * customer_search.MAX_GATHERED / hits + walked * (sizes["by_created"] / EVENTUAL + 1 / 6)
    assert number(row[1]) == round(computed, -1)
    assert number(row[2]) == round(Decimal(computed) * CENTS, 3)


@pytest.mark.parametrize(("index", "row"), SEARCHED, ids=lambda value: str(value))
def test_the_units_of_a_search_and_of_a_filter(
    index: str, row: list[str], deployed: None, sizes: dict[str, float]
) -> None:
    people, units, cents, buckets, seconds, twice = map(number, row)
    computed = people * Decimal(sizes[index]) / EVENTUAL
    assert units == round(computed, -1)
    assert cents == round(computed * CENTS, 3)
    assert seconds == round(computed / buckets / PARTITION, 2)
    assert twice == ceil(2 * computed / PARTITION)
    assert max(twice, DEFAULT_BUCKETS) <= buckets <= directory_index._THREADS  # all are read at once
