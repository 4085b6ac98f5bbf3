"""The filters of the customer list, as tests inside DynamoDB and on a customer that was read."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from clientela import clock
from clientela.customers import customer_facets, tax_exemptions
from clientela.customers.customer_facets import COMPANY, PHONE, facet, facet_beginning
from clientela.customers.customer_values import EmailStatus, Source, Status
from clientela.customers.stored_customers import CustomerJson
from clientela.schema import phones, timezones, vat_ids
from clientela.schema.countries import Country
from clientela.schema.documents import STORED, Model, on_input
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Amount, Line, Name
from clientela.schema.languages import Language
from clientela.schema.text import fold_for_search
from clientela.schema.timezones import DayOrTime
from clientela.sentences import Sentence
from clientela.stores.audit_trail import HIDDEN
from clientela.stores.stores import Store

# Of a query. DynamoDB takes expressions of 4 KB. Folding may make four words of one character.
MAX_WORDS = 50


def _searchable(text: str) -> str:
    if not fold_for_search(text) or not text.isprintable():
        raise ValueError("Use visible text without control characters.")
    if len(fold_for_search(text).split()) > MAX_WORDS:
        raise ValueError(Sentence("Use at most {max} words.", max=MAX_WORDS))
    return text


def _has_digits(text: str) -> str:
    if not any(char.isdigit() for char in text):
        raise ValueError("Use digits.")
    return text


def _has_name(text: str) -> str:
    if not customer_facets.name_and_value(text)[0]:
        raise ValueError("Write the name of a custom field, =, and its value, like size=XL.")
    return text


def _has_system(text: str) -> str:
    system, _, id_ = (part.strip() for part in text.partition(":"))
    if not (system and id_):
        raise ValueError("Write the system, a colon and the id, like shopify:6543.")
    return f"{system}:{id_}"


Words = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_searchable)]
Count = Annotated[int, Field(ge=0, le=10**9)]

# Fields that no filter exists for, each with the reason.
NOT_FILTERED = {
    "primary_group": "`group` finds every group of a customer",
    "tax_exemption": "`tax_exempt` finds its result",
    "marketing_consent": "`accepts_marketing` finds its result",
    "note": "too long for the indexes",
}

# The fields that may name a person. An erasure puts HIDDEN in the place of such a value, which
# nobody passes; `ids` has it in the place of an id.
NAMING = ("query", "email", "phone", "company", "vat_id", "custom_field", "external_id")
_NOBODY = "\0"  # in no facets


class CustomerFilter(Model):
    """A customer must pass every filter. Text ignores case and accents.

    Dates include both ends. A day without a time is one of the store's time zone, from its first to
    its last moment.

    Example: {"country": "ES", "min_spent": "100.00"}
    """

    query: Words | None = None
    """Words to find in name, e-mail, company or phone; each must be found. Example: ana"""
    email: Email | None = None
    """The customer with this e-mail."""
    phone: Annotated[Line, on_input(_has_digits)] | None = None
    """The first digits of a phone, with or without the country's code. Example: +34911"""
    company: Words | None = None
    """The first words of the company. Example: Pérez"""
    group: Name | None = None
    """The id of a group of the customer. Example: grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Status | None = None
    """The status of the customer."""
    type: Literal["guest", "registered"] | None = None
    """Guests, or registered customers."""
    tax_exempt: bool | None = None
    """Customers who are tax-exempt, or those who are not."""
    accepts_marketing: bool | None = None
    """Customers who agreed to marketing, or who declined."""
    country: Country | None = None
    """The country of the billing address, else of the default shipping address."""
    region: Line | None = None
    """The region of that address. Example: Madrid"""
    city: Line | None = None
    """The city of that address. Example: Madrid"""
    postal_code: Line | None = None
    """The beginning of that address's postal code. Example: 280"""
    language: Language | None = None
    """The customer's language."""
    tag: Name | None = None
    """One of the customer's tags. Example: vip"""
    vat_id: Line | None = None
    """The customer's VAT ID, in any spelling. A number without its country's letters is read as one
    of the filter's country or the store's. Example: ESB12345674"""
    email_status: EmailStatus | None = None
    """Whether the e-mail is proven, and whether mails to it fail."""
    source: Source | None = None
    """What created the customer."""
    custom_field: Annotated[str, StringConstraints(max_length=1100), on_input(_has_name)] | None = None
    r"""The name of a custom field and its value; `=` in a name is written `\=`. Example: size=XL"""
    external_id: Annotated[str, StringConstraints(max_length=241), on_input(_has_system)] | None = None
    """The customer with this id in another system: the system, a colon and the id. Example:
    shopify:6543"""
    min_orders: Count | None = None
    """The smallest number of counted orders. Example: 1"""
    max_orders: Count | None = None
    """The greatest number of counted orders. Example: 10"""
    min_spent: Amount | None = None
    """The smallest total of the counted orders, in the store's currency."""
    max_spent: Amount | None = None
    """The greatest total of the counted orders, in the store's currency. Example: 5000.00"""
    created_from: DayOrTime | None = None
    """Created at this time or later."""
    created_to: DayOrTime | None = None
    """Created at this time or earlier."""
    updated_from: DayOrTime | None = None
    """Changed at this time or later."""
    updated_to: DayOrTime | None = None
    """Changed at this time or earlier."""
    last_order_from: DayOrTime | None = None
    """Ordered last at this time or later."""
    last_order_to: DayOrTime | None = None
    """Ordered last at this time or earlier."""
    # Annotated outside: the resolver does not detect a list inside `Annotated[...] | None`, and
    # reads only one value.
    ids: Annotated[list[Name] | None, Field(max_length=100)] = None
    """The ids of the customers. Example: ["cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]"""

    @field_validator(*NAMING, mode="before")
    @classmethod
    def _is_not_hidden(cls, value: Any, info: ValidationInfo) -> Any:
        if value == HIDDEN and info.context != STORED:
            raise ValueError("This value named a person who was erased. Use another one.")
        return value

    @property
    def is_hidden(self) -> bool:
        """Whether nobody passes, because the filter named a person who was erased."""
        return HIDDEN in (getattr(self, name) for name in NAMING) or self.ids == [HIDDEN]


class Range(NamedTuple):
    """The bounds of a value, both inclusive; None is no bound."""

    low: Any = None
    high: Any = None

    def __contains__(self, value: Any) -> bool:
        if value is None:
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


type RangeName = Literal["created", "updated", "last_order", "orders", "spent"]
type Alternatives = tuple[str, ...]  # a text contains at least one of these


class CompiledFilter(NamedTuple):
    """The tests of a filter: parts that the texts of a customer contain, and ranges of its values.

    Every index of the directory has `facets`; only the index of the keyword search has the words.
    """

    facets: tuple[Alternatives, ...]
    words: tuple[Alternatives, ...]
    ranges: dict[RangeName, Range]
    is_exempt: bool | None  # from tax, today
    currency: str

    @property
    def expression(self) -> "Expression":
        """The tests that every index can apply."""
        return contains("facets", self.facets) & _exemption(self.is_exempt)

    def pass_on(self, customer: CustomerJson) -> bool:
        """Return whether a stored customer passes all tests."""
        return (
            _contains_all(customer, self.facets, customer_facets.facets)
            and _contains_all(customer, self.words, customer_facets.search_text)
            and all(self._value(customer, name) in bounds for name, bounds in self.ranges.items())
            and self.is_exempt in (None, customer_facets.is_exempt(customer))
        )

    def _value(self, customer: CustomerJson, name: RangeName) -> Any:
        if name == "spent":
            return customer_facets.spent_in(customer, self.currency)
        return customer.get("orders_count", 0) if name == "orders" else customer.get(f"{name}_at")


def compile_filter(filter_: CustomerFilter, store: Store) -> CompiledFilter:
    """Return the tests of a filter in a store.

    `email` and `ids` are not part of them: the search reads those customers by key.
    """
    if filter_.is_hidden:
        return CompiledFilter(((_NOBODY,),), (), {}, None, store.currency)
    ranges = {name: bounds for name, bounds in _ranges(filter_, store.timezone) if bounds != Range()}
    words = tuple(_words(filter_, store.country))
    return CompiledFilter(tuple(_facets(filter_, store.country)), words, ranges, filter_.tax_exempt, store.currency)


class Expression(NamedTuple):
    """A FilterExpression with its names and values, empty without tests."""

    text: str = ""
    names: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}

    def __and__(self, other: "Expression") -> "Expression":
        text = " AND ".join(filter(None, (self.text, other.text)))
        return Expression(text, self.names | other.names, self.values | other.values)


def contains(attribute: str, tests: tuple[Alternatives, ...]) -> Expression:
    """Return the expression that an attribute contains one of the alternatives of each test."""
    values = {f":{attribute}{i}x{j}": {"S": text} for i, test in enumerate(tests) for j, text in enumerate(test)}
    parts = (
        " OR ".join(f"contains(#{attribute}, :{attribute}{i}x{j})" for j in range(len(test)))
        for i, test in enumerate(tests)
    )
    text = " AND ".join(f"({part})" for part in parts)
    return Expression(text, {f"#{attribute}": attribute}, values) if tests else Expression()


def _exemption(is_exempt: bool | None) -> Expression:
    if is_exempt is None:
        return Expression()
    text = "exempt_until >= :today" if is_exempt else "(attribute_not_exists(exempt_until) OR exempt_until < :today)"
    return Expression(text, {}, {":today": {"S": tax_exemptions.today().isoformat()}})


def _contains_all(
    customer: CustomerJson, tests: tuple[Alternatives, ...], text_of: Callable[[CustomerJson], str]
) -> bool:
    text = text_of(customer) if tests else ""
    return all(any(part in text for part in alternatives) for alternatives in tests)


def _words(filter_: CustomerFilter, country: str | None) -> Iterator[Alternatives]:
    """Yield the tests on the search text: words of the query, beginnings of company and phone."""
    for word in fold_for_search(filter_.query or "").split():
        yield (word,)
    if filter_.company:
        yield (COMPANY + fold_for_search(filter_.company),)
    if filter_.phone:
        yield tuple(PHONE + prefix for prefix in phones.search_prefixes(filter_.phone, country))


def _facets(filter_: CustomerFilter, country: str | None) -> Iterator[Alternatives]:
    for name in ("status", "type", "group", "country", "language", "email_status", "source"):
        if getattr(filter_, name) is not None:
            yield (facet(name, getattr(filter_, name)),)
    if filter_.accepts_marketing is not None:
        yield (facet("accepts_marketing", customer_facets.flag(filter_.accepts_marketing)),)
    for name in ("tag", "region", "city"):
        if getattr(filter_, name) is not None:
            yield (facet(name, fold_for_search(getattr(filter_, name))),)
    if filter_.postal_code is not None:
        yield (facet_beginning("postal_code", fold_for_search(filter_.postal_code)),)
    if filter_.vat_id is not None:
        meant = vat_ids.search_spellings(filter_.vat_id, [filter_.country, country])
        yield tuple(facet("vat_id", vat_id) for vat_id in meant)
    if filter_.custom_field is not None:
        name, value = customer_facets.name_and_value(filter_.custom_field)
        hashes = (customer_facets.custom_field(name, each) for each in (value, *_numbers(value)))
        yield tuple(facet("custom_field", each) for each in hashes)
    if filter_.external_id is not None:
        system, _, id_ = filter_.external_id.partition(":")
        yield (facet("external_id", customer_facets.external_id(system, id_)),)


def _numbers(text: str) -> Iterator[float]:
    """Yield the number that a text writes in JSON, if it does: `5.0` also finds 5."""
    with contextlib.suppress(orjson.JSONDecodeError):
        number = orjson.loads(text)
        if isinstance(number, int | float):
            yield number


def _ranges(filter_: CustomerFilter, timezone: str) -> Iterator[tuple[RangeName, Range]]:
    times: tuple[RangeName, ...] = ("created", "updated", "last_order")
    for name in times:
        earliest, latest = getattr(filter_, f"{name}_from"), getattr(filter_, f"{name}_to")
        yield (
            name,
            Range(
                earliest and _time(earliest, timezones.start_of, timezone),
                latest and _time(latest, timezones.end_of, timezone),
            ),
        )
    yield "orders", Range(filter_.min_orders, filter_.max_orders)
    yield "spent", Range(filter_.min_spent, filter_.max_spent)


def _time(edge: date, edge_of: Callable[[date, str], datetime], timezone: str) -> str:
    """Return the time of a filter, or that edge of its day in the store's time zone."""
    return clock.format_timestamp(edge if isinstance(edge, datetime) else edge_of(edge, timezone))
