"""Field types that several models share."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from clientela.customers.customer_fields import NewCustomer
from clientela.exports.export_schedules import NewSchedule
from clientela.groups.groups import NewGroup
from clientela.stores.stores import StoreSettings


def test_a_nul_in_a_line_of_text_is_left_out() -> None:
    new = NewCustomer.model_validate(
        {"email": "ana@example.com", "name": "A\0na", "billing_address": {"city": "\0 Madrid"}}
    )
    assert new.name == "Ana"
    assert new.billing_address
    assert new.billing_address.city == "Madrid"


@pytest.mark.parametrize(
    "name", ["Every\nnight", "Every\x85night", "a\u2028b", "a\tb", "a\x1bb", "\u202egnp.exe", "a\u2067b"]
)
@pytest.mark.parametrize(
    ("model", "fields"),
    [(NewSchedule, {"cron": "0 3 * * *"}), (NewGroup, {"code": "vips"}), (StoreSettings, {})],
)
def test_the_name_of_a_thing_is_one_line_that_reads_as_it_is_written(
    model: type[BaseModel], fields: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValidationError, match="Use one line of text"):
        model.model_validate(fields | {"name": name})


@pytest.mark.parametrize("name", ["Todas las noches · 3:00", "👩‍👩‍👧 family", "می‌خواهم", "מבצע", "=1+1", "O'Hara <b>"])
def test_the_name_of_a_thing_may_be_in_any_script(name: str) -> None:
    assert NewSchedule(name=name, cron="0 3 * * *").name == name


ANA = {"email": "ana@example.com"}
VIPS = {"name": "VIPs", "code": "vips"}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (NewCustomer, ANA | {"note": "a\0b"}),
        (NewCustomer, ANA | {"tags": ["vip", "v\0p"]}),
        (NewCustomer, ANA | {"groups": ["g\0"]}),
        (NewCustomer, ANA | {"custom_fields": {"size": "X\0L"}}),
        (NewCustomer, ANA | {"custom_fields": {"si\0ze": "XL"}}),
        (NewCustomer, ANA | {"billing_address": {"postal_code": "28\0001"}}),
        (NewCustomer, ANA | {"shipping_addresses": [{"id": "a\0", "city": "Vigo"}]}),
        (NewCustomer, ANA | {"phone": "+34 911\0 222 333"}),
        (NewGroup, VIPS | {"css": "a{}\0"}),
    ],
)
def test_a_nul_in_other_text_is_refused_with_words(model: type[BaseModel], fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(fields)
    assert [error["msg"] for error in refused.value.errors()] == [
        "Value error, This text must not contain the character NUL (U+0000)."
    ]
