"""The directory against a model in Python: any filters and sort orders, while customers change."""

import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_records import claim, record
from clientela.customers.customer_search import SORTS, Sort
from clientela.customers.customer_values import EmailStatus, Spend
from clientela.errors import CustomerNotFoundError
from clientela.lifecycle import customer_removal
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE, SEED = 500, 20261124
WORDS = (True, False, None)
NAMES = ("Ana Pérez", "ana", "Zoë Müller", "Øystein", "LUKASZ Łoś", "Émile  Zola", "李 小龍", "o'Brien-Šmid", None)
COMPANIES = ("Café Ölwerk", "cafe noir", "ACME", None, None)
CITIES = ("Köln", "KOLN", "Vigo", "São Paulo", None)
REGIONS = ("Baden-Württemberg", "a|b\\p:c", None)
VAT_IDS = ("ESB12345674", "EL094259216", "NO974760673MVA", None)
SIZES = ("XL", "Größe | 5", 5, 2.5, True, "", None)
EMAIL_STATUSES: tuple[str, ...] = get_args(EmailStatus)
PROPERTY = settings(
    max_examples=100, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def plain(text: str) -> str:
    """Return a text without case and accents, by other means than the code under test."""
    text = text.casefold().translate(str.maketrans({"ø": "o", "ł": "l"}))
    return " ".join("".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn").split())


def person(number: int, chance: random.Random) -> Customer:
    """Return a customer with random fields."""
    either = chance.choice
    place = {
        "city": either(CITIES),
        "region": either(REGIONS),
        "country": either(("ES", "DE", None)),
        "postal_code": f"50{number % 40:03}",
    }
    size = either(SIZES)
    book = [{"city": "elsewhere"}, place | {"is_default": True}]
    fields = {
        "email": f"P{number}.{either('xyz')}@{either(('acme.com', 'bücher.example'))}",
        "name": either(NAMES),
        "company": either(COMPANIES),
        "language": either(("es", "pt-BR", None)),
        "tax_exempt": either((True, False)),
        "phone": either((None, f"+349112{number:05}", f"+33{123_400_000 + number}")),
        "accepts_marketing": either(WORDS),
        "status": either(("active", "pending", "disabled")),
        "tags": chance.sample(("VIP", "b2b", "Éte"), chance.randrange(3)),
        "vat_id": either(VAT_IDS),
        "custom_fields": {"other": "XL"} | ({} if size is None else {"size": size}),
        **either(({"billing_address": place}, {"shipping_addresses": book})),
    }
    at = NOW + timedelta(hours=chance.randrange(500))
    made = customers.build(NewCustomer.model_validate(fields), at, either(("merchant", "order")))
    later = {"updated_at": at + timedelta(hours=chance.randrange(100)), "email_status": either(EMAIL_STATUSES)}
    return with_orders(made, chance).model_copy(update=later)


def with_orders(customer: Customer, chance: random.Random) -> Customer:
    """Return the customer with random statistics: without orders, or with some that count or do not."""
    spent = [
        Spend(amount=Decimal(chance.randrange(20_000)) / 100, currency=currency, orders=chance.randrange(1, 4))
        for currency in chance.sample(("EUR", "USD"), chance.randrange(3))
    ]
    count = sum(each.orders for each in spent)
    total = count + chance.randrange(2)
    last = customer.created_at + timedelta(days=chance.randrange(30)) if total else None
    statistics = {"total_spent": spent, "orders_count": count, "orders_total": total, "last_order_at": last}
    return customer.model_copy(update=statistics)


@pytest.fixture(scope="module")
def peopled(deployed: None) -> tuple[Store, dict[str, Customer]]:
    """A Spanish store with PEOPLE customers."""
    store = stores.create("modelled", StoreSettings(name="Modelled", currency="EUR", country="ES"), NOW)
    chance = random.Random(SEED)
    people = [person(number, chance) for number in range(PEOPLE)]
    items = [each.item() for one in people for each in (record(store, one), claim(store, one))]
    for some in batched(items, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all(list(some))
    return store, {one.id: one for one in people}


def spent(customer: Customer) -> Decimal:
    return sum((each.amount for each in customer.total_spent if each.currency == "EUR"), Decimal(0))


def place(customer: Customer) -> Any:
    return customer.billing_address or next(each for each in customer.shipping_addresses if each.is_default)


SORTED_BY: dict[str, Any] = {
    "created": lambda c: clock.format_timestamp(c.created_at), "name": lambda c: plain(c.name or c.email),
    "email": lambda c: c.email.lower().replace("ü", "xu"), "orders": lambda c: c.orders_count, "spent": spent,
    "last_order": lambda c: clock.format_timestamp(c.last_order_at),
}  # fmt: skip


def has_key(customer: Customer, name: str) -> bool:
    """Return whether a list sorted by orders has the customer in its first part."""
    return customer.last_order_at is not None if name == "last_order" else customer.orders_count > 0


def holds(customer: Customer, name: str, value: Any) -> bool:
    """Return whether a customer passes one filter, by the API's description."""
    c = customer
    if name == "query":
        texts = [plain(text) for text in (c.name, c.email, c.company, c.phone) if text]
        return all(any(word in text for text in texts) for word in plain(value).split())
    if name.startswith(("min_", "max_")):
        found = c.orders_count if name.endswith("orders") else spent(c)
        return bool(found >= value if name.startswith("min_") else found <= value)
    if name.endswith(("_from", "_to")):
        moment = getattr(c, name.rpartition("_")[0] + "_at")
        return bool(moment and (moment >= value if name.endswith("_from") else moment <= value))
    tests: dict[str, Any] = {
        "email": lambda: c.email.lower() == value.lower(),
        "phone": lambda: (c.phone or "").startswith(PHONES[value]),
        "company": lambda: bool(c.company) and plain(c.company).startswith(plain(value)),
        "ids": lambda: c.id in value,
        "tag": lambda: plain(value) in map(plain, c.tags),
        "city": lambda: plain(place(c).city or "") == plain(value),
        "region": lambda: plain(place(c).region or "") == plain(value),
        "vat_id": lambda: c.vat_id == VAT_ID_SPELLINGS[value],
        "custom_field": lambda: c.custom_fields.get("size", "absent") in SIZES_MEANT[value],
        "country": lambda: place(c).country == value,
        "postal_code": lambda: place(c).postal_code.startswith(value),
    }
    return bool(tests[name]() if name in tests else getattr(c, name) == value)


# What somebody types, and the numbers that are meant in a Spanish store. " 34…" is +34 as a URL brings it.
PHONES: dict[str, tuple[str, ...]] = {
    "911 20": ("+91120", "+3491120"), "+34 911": ("+34911",), " 34911": ("+34911", "+3434911"), "0033 1234": ("+331234",),
}  # fmt: skip
VAT_ID_SPELLINGS = {
    "es b-1234567.4": "ESB12345674", "b12345674": "ESB12345674", "GR 094 259 216": "EL094259216",
    "NO 974 760 673": "NO974760673MVA", "974760673": "none", "--": "none", "|": "none",
}  # fmt: skip
SIZES_MEANT: dict[str, tuple[Any, ...]] = {
    "size=xl": ("XL",), "size = XL ": ("XL",), "size=GROSSE | 5": ("Größe | 5",), "size=5": (5,),
    "size=5.0": (5,), "size=2.5": (2.5,), "size=TRUE": (True,), "size=": ("",), "size=1": (),
}  # fmt: skip
ORDERS, MONEY = st.integers(0, 7), st.decimals(0, 250, places=2)
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - of hypothesis
FILTERS: dict[str, Any] = {
    "query": st.sampled_from(("PEREZ", "ana acme", "zoe mull", "oystein", "los", "李", "olwerk CAFE", "p1", "3491", "zola emi")),
    "email": st.sampled_from(("p7.x@ACME.com", "P7.y@acme.com", "p7.z@acme.com", "nobody@acme.com")),
    "phone": st.sampled_from(tuple(PHONES)), "company": st.sampled_from(("CAFÉ", "cafe n", "olwerk", "acme")),
    "status": st.sampled_from(("active", "pending", "disabled")), "type": st.sampled_from(("guest", "registered")),
    "tax_exempt": st.booleans(), "accepts_marketing": st.booleans(), "country": st.sampled_from(("ES", "DE")),
    "city": st.sampled_from(("koln", "SAO PAULO", "Vigo", "elsewhere")), "postal_code": st.sampled_from(("50", "5001", "50013")),
    "region": st.sampled_from(("BADEN-WURTTEMBERG", "A|B\\p:c", "a|b", "b\\p")),
    "vat_id": st.sampled_from(tuple(VAT_ID_SPELLINGS)),
    "email_status": st.sampled_from(EMAIL_STATUSES), "source": st.sampled_from(("merchant", "order", "import")),
    "custom_field": st.sampled_from(tuple(SIZES_MEANT)),
    "language": st.sampled_from(("es", "pt-BR")), "tag": st.sampled_from(("vip", "ete", "b2")),
    "min_orders": ORDERS, "max_orders": ORDERS, "min_spent": MONEY, "max_spent": MONEY,
    **{f"{name}_{end}": TIMES for name in ("created", "updated", "last_order") for end in ("from", "to")},
}  # fmt: skip


@st.composite
def wanted(draw: Any) -> dict[str, Any]:
    """Return up to four filters, and sometimes ids."""
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=4, unique=True))
    return {name: draw(FILTERS[name]) for name in names}


def pages(store: Store, sort: Sort, limit: int, filters: dict[str, Any]) -> Iterator[list[str]]:
    """Return the ids of each page in turn."""
    cursor = None
    while True:
        page = customer_search.page(store, sort=sort, filter_=CustomerFilter(**filters), limit=limit, cursor=cursor)
        yield [customer["id"] for customer in page.items]
        if (cursor := page.next_cursor) is None:
            return


def test_any_filters_in_any_order_show_what_the_model_says(peopled: tuple[Store, dict[str, Customer]]) -> None:
    store, people = peopled

    @seed(SEED)
    @PROPERTY
    @given(
        sort=st.sampled_from(SORTS), filters=wanted(), limit=st.integers(20, 100), some=st.none() | st.integers(1, 60)
    )
    def walked(sort: Sort, filters: dict[str, Any], limit: int, some: int | None) -> None:
        filters |= {"ids": random.Random(some).sample(sorted(people), some)} if some else {}
        name = sort.removeprefix("-")
        shown = [c for c in people.values() if all(holds(c, *each) for each in filters.items())]
        found = [customer_id for page in pages(store, sort, limit, filters) for customer_id in page]
        first = [c for c in shown if name in {"created", "name", "email"} or has_key(c, name)]
        last = [c for c in shown if c not in first]
        parts = ((first, SORTED_BY[name]), (last, SORTED_BY["created"]))
        assert found == [
            c.id
            for part, key in parts
            for c in sorted(part, key=lambda c, key=key: (key(c), c.id), reverse=sort.startswith("-"))
        ]
        assert customer_search.count(store, CustomerFilter(**filters)) == len(found)

    walked()


def test_who_does_not_change_is_shown_once_whatever_changes_between_pages(deployed: None) -> None:
    store = stores.create("changing", StoreSettings(name="Changing", currency="EUR"), NOW)
    people: dict[str, Customer] = {}
    numbers = iter(range(10**6))

    def add(chance: random.Random) -> None:
        one = person(next(numbers), chance)
        dynamodb.put_all([record(store, one).item(), claim(store, one).item()])
        people[one.id] = one

    def change(chance: random.Random) -> str:
        """Create, remove or change a customer, and return its id."""
        one = chance.choice(sorted(people))
        match chance.randrange(4):
            case 0:
                add(chance)
            case 1:
                customer_removal.remove(store, one, NOW, OPERATOR)
                del people[one]
            case 2:
                customers.patch(store, one, {"name": chance.choice(NAMES[:-1]), "tags": ["VIP"]}, clock.now())
            case _:
                customers.change(store, one, lambda c: with_orders(c, chance), clock.now())
        return one

    for _ in range(60):
        add(random.Random(SEED))

    @seed(SEED)
    @settings(PROPERTY, max_examples=24)
    @given(sort=st.sampled_from(SORTS), limit=st.integers(3, 20), number=st.integers(0, 10**6))
    def walked(sort: Sort, limit: int, number: int) -> None:
        chance, seen, touched = random.Random(number), list[str](), set[str]()
        before = [each for page in pages(store, sort, 100, {}) for each in page]
        for page in pages(store, sort, limit, {}):
            seen += page
            touched |= {change(chance) for _ in range(chance.randrange(4))}
        assert [each for each in seen if each in before and each not in touched] == [
            each for each in before if each not in touched
        ]

    walked()


def test_a_deleted_customer_is_gone_from_every_page(peopled: tuple[Store, dict[str, Customer]]) -> None:
    store, people = peopled
    gone = next(each for each in people.values() if each.orders_count)
    customer_removal.remove(store, gone.id, NOW, OPERATOR)
    del people[gone.id]
    with pytest.raises(CustomerNotFoundError):
        customers.get(store, gone.id)
    for sort in SORTS:
        assert gone.id not in [each for page in pages(store, sort, 100, {}) for each in page]
