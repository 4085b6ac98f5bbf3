"""Facets in one text: each is found exactly, whatever the values are."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clientela import clock
from clientela.customers import customer_facets, customers, stored_customers
from clientela.customers.customer_facets import facet, facet_beginning, facets
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter, compile_filter
from clientela.customers.stored_customers import CustomerJson
from clientela.schema.text import fold_for_search
from clientela.stores.stores import Store

NOW = clock.now()
STORE = Store(id="demo", name="Demo", created_at=NOW, updated_at=NOW)
HOSTILE = (
    "|",
    "\\",
    "\\p",
    "|tag:",
    "vip|",
    "|vip",
    "|status:disabled|",
    "a\\|b",
    "%",
    "_",
    "tag:vip",
    "ünïcode",
    "\u2028",
)
TAGS = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def stored(**fields: object) -> CustomerJson:
    new = NewCustomer.model_validate({"email": "ana@example.com"} | fields)
    return stored_customers.stored_json(customers.build(new, NOW, "merchant"))


@given(tags=st.lists(TAGS, max_size=4), wanted=TAGS)
def test_a_facet_is_found_where_it_is_and_nowhere_else(tags: list[str], wanted: str) -> None:
    text = facets({"tags": tags})
    folded = {fold_for_search(tag) for tag in tags}
    assert (facet("tag", fold_for_search(wanted)) in text) is (fold_for_search(wanted) in folded)


@given(postal_code=TAGS, beginning=TAGS)
def test_a_beginning_is_found_at_the_beginning_only(postal_code: str, beginning: str) -> None:
    text = facets({"billing_address": {"postal_code": postal_code}})
    starts = fold_for_search(postal_code).startswith(fold_for_search(beginning))
    assert (facet_beginning("postal_code", fold_for_search(beginning)) in text) is starts


def test_a_value_is_no_facet_of_another_name() -> None:
    text = facets({"tags": ["|status:disabled|", "x|group:grp_1"], "status": "active"})
    assert facet("status", "disabled") not in text
    assert facet("group", "grp_1") not in text


@pytest.mark.parametrize("name", ["a=b", "=", "a\\b", "a\\=b", "x = y"])
def test_a_custom_field_may_have_an_equals_sign_in_its_name(name: str) -> None:
    customer = stored(custom_fields={name: "1=1"})
    escaped = name.replace("\\", "\\\\").replace("=", "\\=")
    assert compile_filter(CustomerFilter(custom_field=f"{escaped}=1=1"), STORE).pass_on(customer)
    assert not compile_filter(CustomerFilter(custom_field=f"{escaped}=2"), STORE).pass_on(customer)


@pytest.mark.parametrize("text", ["=1", "size", "a\\=1", "\\" * 1000])
def test_a_custom_field_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        CustomerFilter(custom_field=text)


@pytest.mark.parametrize(
    ("stored_value", "wanted", "is_found"),
    [
        ("XL", "size=xl", True),
        ("Größe XL", "size=GROSSE  xl", True),
        ("XL", "size=X", False),
        ("XL", "colour=XL", False),
        (42, "size=42", True),
        (0.5, "size=0.5", True),
        (True, "size=true", True),
        (True, "size=1", False),
        ("a=b", "size=a=b", True),
        ("XL", " size = XL ", True),
        (5.0, "size=5", True),
        (5, "size=5.0", True),
        (5, "size=5e0", True),
        (5, "size=50", False),
        (1e30, "size=1e30", True),
        ("5.0", "size=5.0", True),
    ],
)
def test_custom_fields_are_found_by_name_and_value(stored_value: object, wanted: str, is_found: bool) -> None:
    customer = stored(custom_fields={"size": stored_value})
    assert compile_filter(CustomerFilter(custom_field=wanted), STORE).pass_on(customer) is is_found


@pytest.mark.parametrize(
    ("vat_id", "wanted", "is_found"),
    [
        ("ESB12345674", {"vat_id": "b-1234567 4", "country": "ES"}, True),
        ("ESB12345674", {"vat_id": "\uff45\uff53\uff22\uff11\uff12345674", "country": "ES"}, True),
        ("ESB12345674", {"vat_id": "B12345674"}, False),
        ("EL094259216", {"vat_id": "GR 094 259 216"}, True),
        ("NO974760673MVA", {"vat_id": "NO 974 760 673"}, True),
        ("ZZ-UNKNOWN-1", {"vat_id": "zz unknown 1"}, True),
        ("ESB12345674", {"vat_id": "-"}, False),
    ],
)
def test_a_vat_id_is_found_in_any_spelling(vat_id: str, wanted: dict[str, str], is_found: bool) -> None:
    customer = stored(vat_id=vat_id, billing_address={"country": wanted.get("country")})
    assert compile_filter(CustomerFilter.model_validate(wanted), STORE).pass_on(customer) is is_found


def test_a_national_vat_number_is_one_of_the_stores_country() -> None:
    store = STORE.model_copy(update={"country": "ES"})
    assert compile_filter(CustomerFilter(vat_id="B12345674"), store).pass_on(stored(vat_id="ESB12345674"))


def test_new_filters_find_what_they_name() -> None:
    customer = stored(vat_id="ESB12345674", billing_address={"region": "Comunidad de Madrid", "country": "ES"})
    found = ({"vat_id": "es b-1234567 4"}, {"region": "comunidad de MADRID"}, {"source": "merchant"})
    missed = ({"vat_id": "ESB12345675"}, {"region": "Madrid"}, {"source": "order"}, {"email_status": "proven"})
    results = [
        compile_filter(CustomerFilter.model_validate(each), STORE).pass_on(customer) for each in (*found, *missed)
    ]
    assert results == [True] * 3 + [False] * 4


def test_numbers_and_amounts_sort_as_text() -> None:
    numbers = [0, 1, 9, 10, 99, 100, 1_000_000, 10**15]
    keys = [customer_facets.number_key(number) for number in numbers]
    assert all(first < second for first, second in pairwise(keys))
    assert customer_facets.number_key(-5) < keys[0]
    amounts = [Decimal(text) for text in ("0", "0.0001", "0.01", "9.99", "10", "1234.5678", "99999999999999.9999")]
    assert all(first < second for first, second in pairwise(map(customer_facets.amount_key, amounts)))


@given(st.builds(dict, note=st.text(max_size=200), tags=st.lists(st.text("abc", min_size=1), max_size=3)))
def test_a_compressed_customer_comes_back(fields: CustomerJson) -> None:
    for name in stored_customers.ATTRIBUTES:
        assert stored_customers.load_raw({name: {"B": stored_customers.compress(fields)}}) == fields


def test_customers_that_are_stored_can_always_be_read() -> None:
    """This was compressed with the dictionary of today. If it cannot be read, the dictionary was changed."""
    kept = COMPRESSED
    assert stored_customers.load_raw({"customer": {"B": kept}})["email"] == "helena.holy@example.com"


COMPRESSED = (
    "AYOHgkdqTmpeooJHfs7hvdh9CfVAADC5laaiuNI5CuRKmMsywCbpAeudSofUisTcgpxUqHNQs4M5ntRvYqlnZoSR/JHSvjko7WMm"
    "CENDXSPDEEOUiK4FAA=="
)
