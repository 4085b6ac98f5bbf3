"""Order messages: the parsed fields, and the reasons of refusals."""

import json
from typing import Any

import pytest

from clientela.errors import OrderRefusedError
from clientela.orders import order_messages

ORDER: dict[str, Any] = {
    "id": "1", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "currency": "EUR",
    "total": "49.90", "payment_status": "paid",
}  # fmt: skip


def body(**fields: Any) -> str:
    return json.dumps({"store_id": "demo", "order": ORDER | fields})


def refusal(text: str) -> str | None:
    """Return why a message is refused, or None."""
    try:
        order_messages.parse(text)
    except OrderRefusedError as error:
        return error.detail
    return None


@pytest.mark.parametrize(
    "typed", ["Zoé <ana@example.com>", '"Zoé, ACME" <ana@example.com>', "<ana@example.com>", " Zoé<ana@example.com> "]
)
def test_an_email_with_a_name_beside_it_is_the_address(typed: str) -> None:
    assert order_messages.parse(body(email=typed)).order.email == "ana@example.com"


@pytest.mark.parametrize("typed", ["a@example.com <b@example.com> <c@example.com>", "<>", "Zoé <nobody>"])
def test_an_email_that_is_not_one_address_is_left_out(typed: str) -> None:
    assert order_messages.parse(body(email=typed)).order.email is None


def test_fields_that_are_not_known_are_tolerated_and_left_out() -> None:
    address = {"city": "Madrid", "geo": [40.4, -3.7]}
    told = body(coupon="X", items=[{"sku": "A", "weight": 3}], billing_address=address, shipping_address=address)
    message = order_messages.parse(told[:-1] + ', "trace": {"id": 7}}')
    kept = message.order.model_dump(mode="json", exclude_unset=True)
    assert kept.keys() == {*ORDER, "items", "billing_address", "shipping_address"}
    assert (kept["items"], kept["billing_address"], kept["shipping_address"]) == (
        [{"sku": "A"}],
        {"city": "Madrid"},
        {"city": "Madrid"},
    )
    assert message.model_dump().keys() == {"store_id", "order"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("", "The message is not JSON."),
        ('{"store_id": "demo", "order": ', "The message is not JSON."),
        ("null", "the message: Use an object."),
        ('{"store_id": "demo"}', "/order: This field is required."),
        (body().replace("demo", "No!"), "/store_id: Use 3 to 50 lower-case letters"),
        (body(currency="euro"), "/order/currency: Use the three capital letters of ISO 4217, such as EUR."),
        (body(total="-1"), "/order/total: Use a number of 0 or more."),
        (body(total="NaN"), "/order/total: Use a number."),
        (body(total="1.23456"), "/order/total: Use at most 4 decimals."),
        (body(version="1"), "/order/version: Use a whole number."),
        (body(version=-1), "/order/version: Use a number of 0 or more."),
        (body(version=2**63), "/order/version: Use a number of 9223372036854775807 or less."),
        (body(id=""), "/order/id: This field must not be empty."),
        (body(id=7), "/order/id: Use text."),
        (body(placed_at="2026-11-21T10:00:00"), "/order/placed_at: Use a time such as 2026-11-21T10:00:00Z"),
        (body(payment_status="free"), "/order/payment_status: Use one of these values: awaiting_payment, "),
        (body(id="", version=None, total="x", currency="x", phone=[]), "/order/id: "),
    ],
)
def test_a_message_that_cannot_be_taken_is_refused_with_the_field_and_what_it_must_be(wrong: str, reason: str) -> None:
    told = refusal(wrong)
    assert told
    assert told.startswith(reason)
    assert "\n" not in told
    assert len(told) < 500


def test_of_many_bad_fields_the_first_three_are_told() -> None:
    told = refusal(body(id="", version=None, total="x", currency="x", phone=[]))
    assert told
    assert (told.count("; "), told.endswith("; and 1 more")) == (3, True)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("items", None, []),
        ("items", [{"sku": 4711, "quantity": -1, "price": "9.99"}], [("4711", -1, "9.99")]),
        ("items", [{"sku": "A", "quantity": 10, "price": 14.309999999999999}], [("A", 10, "14.31")]),
        (
            "items",
            [{"sku": "A", "price": "0.30000000000000004"}, {"price": -4.1}],
            [("A", 1, "0.3"), (None, 1, "-4.1")],
        ),
        ("items", [{"sku": "A", "quantity": None}], [("A", 1, None)]),
        ("phone", 34911222333, "34911222333"),
        ("phone", 34911222333.0, "34911222333"),
        ("phone", 12345678901234567890, "12345678901234567890"),
        ("name", 1.5, "1.5"),
        ("billing_address", {"postal_code": 28001, "city": "Madrid"}, {"postal_code": "28001", "city": "Madrid"}),
        ("shipping_address", None, None),
        ("fulfillment_status", None, None),
        ("email", None, None),
    ],
)
def test_an_optional_field_with_a_clear_meaning_is_read_without_a_note(field: str, value: Any, read: Any) -> None:
    order = order_messages.parse(body(**{field: value})).order
    value = getattr(order, field)
    if field == "items":
        value = [(item.sku, item.quantity, item.price and str(item.price)) for item in value]
    elif hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True)
    assert value == read
    assert "notes" not in order.model_dump(mode="json")


@pytest.mark.parametrize(
    ("field", "value", "note"),
    [
        ("items", {}, "items: Use a list."),
        ("items", ["A"], "items/0: Use an object."),
        ("billing_address", [], "billing_address: Use an object."),
        ("shipping_address", "Calle Mayor 1", "shipping_address: Use an object."),
        ("fulfillment_status", "", "fulfillment_status: Use one of these values: awaiting_processing, "),
        ("phone", True, "phone: Use text."),
        ("vat_id", ["ES"], "vat_id: Use text."),
        ("email", "a@b@c", "email: "),
        ("email", 7, "email: Use text."),
        ("accepts_marketing", "perhaps", "accepts_marketing: Use true or false."),
        ("updated_at", "yesterday", "updated_at: Use a time such as"),
    ],
)
def test_an_invalid_optional_field_is_left_out_with_a_note(field: str, value: Any, note: str) -> None:
    order = order_messages.parse(body(**{field: value})).order
    assert getattr(order, field) in (None, [])
    [noted] = order.model_dump(mode="json")["notes"]
    assert noted.startswith(note)


def test_what_is_invalid_in_an_item_or_address_is_left_out_alone() -> None:
    items = [7, {"sku": "A", "price": "dear"}, None, {"sku": {}, "quantity": {"int": 1}}, {"sku": "B", "price": 1e30}]
    order = order_messages.parse(body(items=items, billing_address={"city": [], "country": "ES"})).order
    assert [(item.sku, item.quantity, item.price) for item in order.items] == [
        ("A", 1, None),
        (None, 1, None),
        ("B", 1, None),
    ]
    assert order.billing_address
    assert order.billing_address.model_dump(exclude_none=True) == {"country": "ES"}
    assert [note.partition(":")[0] for note in order.notes] == [
        "billing_address/city", "items/0", "items/1/price", "items/3/quantity", "items/3/sku", "items/4/price",
    ]  # fmt: skip


def test_notes_are_bounded_and_never_a_senders_own() -> None:
    noted = order_messages.parse(body(items=[0] * 10_000, notes=["mine"])).order.notes
    assert (len(noted), noted[-1]) == (21, "and 9980 more")
    assert order_messages.parse(body(notes=["mine"])).order.notes == []


@pytest.mark.parametrize("letter", ["x", "é", "€", "😀", '"'])
def test_an_order_is_measured_as_it_is_kept_not_as_it_was_sent(letter: str) -> None:
    width = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    most = (order_messages.MAX_BYTES - len(json.dumps(ORDER).encode()) - 50) // width
    assert refusal(body(name=letter * most)) is None
    assert refusal(body(unknown="x" * 1_000_000)) is None
    told = refusal(body(name=letter * (most + 100)))
    assert told
    assert told.startswith("The message is too large: it has 262,")
    with pytest.raises(OrderRefusedError):
        order_messages.parse(body(items=[{"name": letter * 1000}] * (most // 1000 + 1)))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (r"Ana \ud83d", "Ana \ufffd"),
        (r"\uDE00Ana", "\ufffdAna"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"C:\\ud83d \ud83d", "C:\\ud83d \ufffd"),
    ],
)
def test_half_of_a_character_does_not_lose_the_order(typed: str, read: str) -> None:
    order = order_messages.parse(body(name="NAME", items=[{"name": "NAME"}]).replace("NAME", typed)).order
    assert (order.name, order.items[0].name) == (read, read)
