"""The merchant API's smaller nouns through the handler: what each route answers."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), clock.now()).key


def call(method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any, dict[str, str]]:
    response = customers_api.handler(http_event(method, path, body, **options), None)
    return response["statusCode"], answered(response), response["headers"]


def test_a_group_is_created_listed_changed_and_read(key: str) -> None:
    status, group, headers = call("POST", "demo/groups", {"name": "Trade", "code": "trade"}, key=key)
    assert (status, headers["ETag"]) == (201, '"1"')
    assert [g["id"] for g in call("GET", "demo/groups", key=key)[1]["items"]] == [group["id"]]
    path = f"demo/groups/{group['id']}"
    assert call("PATCH", path, {"priority": 3}, key=key, headers={"if-match": '"1"'})[1]["priority"] == 3
    assert call("PATCH", path, {"priority": 4}, key=key, headers={"if-match": '"1"'})[0] == 412
    assert call("GET", path, key=key)[1]["priority"] == 3
    assert call("POST", "demo/groups", {"name": "x", "code": "trade"}, key=key)[1]["code"] == "group_code_taken"


def test_settings_are_read_and_changed(key: str) -> None:
    status, settings, headers = call("GET", "demo/settings", key=key)
    assert (status, settings["login_mode"], headers["ETag"]) == (200, "optional", '"1"')
    assert (
        call("PATCH", "demo/settings", {"login_mode": "required", "branding": {"colour": "#112233"}}, key=key)[0] == 200
    )
    changed = call("GET", "demo/settings", key=key)[1]
    assert (changed["login_mode"], changed["branding"]["colour"], changed["name"]) == ("required", "#112233", "Demo")
    status, problem, _ = call("PATCH", "demo/settings", {"storefront_url": "http://shop.example.com"}, key=key)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/storefront_url")


def test_a_patch_of_settings_goes_into_nested_objects(key: str) -> None:
    branding = {"logo_url": "https://cdn.example.com/logo.png", "colour": "#112233"}
    call("PATCH", "demo/settings", {"branding": branding, "sessions": {"idle_hours": 5}}, key=key)
    changes = {"branding": {"colour": "#445566"}, "sessions": {"absolute_hours": 9}}
    changed = call("PATCH", "demo/settings", changes, key=key)[1]
    assert changed["branding"] | branding | {"colour": "#445566"} == changed["branding"]
    assert changed["sessions"] == {"idle_hours": 5, "absolute_hours": 9}


def test_a_key_is_made_shown_once_rotated_and_revoked(key: str) -> None:
    status, issued, _ = call("POST", "demo/api-keys", {"name": "till", "scopes": ["customers:read"]}, key=key)
    assert status == 201
    assert call("GET", "demo/customers", key=issued["key"])[0] == 200
    listed = call("GET", "demo/api-keys", key=key)[1]["items"]
    assert [k["name"] for k in listed] == ["test", "till"]
    assert not any("key" in k for k in listed)
    path = f"demo/api-keys/{issued['id']}"
    fresh = call("POST", f"{path}/rotate", key=key)[1]["key"]
    assert [call("GET", "demo/customers", key=k)[0] for k in (issued["key"], fresh)] == [200, 200]
    assert call("DELETE", path, key=key)[0] == 204
    assert call("GET", "demo/customers", key=fresh)[0] == 401
    assert call("GET", path, key=key)[1]["code"] == "api_key_not_found"


def test_a_key_makes_no_key_that_can_do_more_than_itself(store: Store, key: str) -> None:
    small = api_keys.create(store.id, NewKey(name="small", scopes=["keys:write", "keys:read"]), clock.now()).key
    assert call("POST", "demo/api-keys", {"name": "big"}, key=small)[1]["code"] == "scope_missing"
    ending = api_keys.create(store.id, NewKey(name="e", expires_at=clock.now() + timedelta(days=1)), clock.now()).key
    assert call("POST", "demo/api-keys", {"name": "for ever"}, key=ending)[1]["code"] == "scope_missing"
    big = call("GET", "demo/api-keys", key=key)[1]["items"][0]
    assert call("POST", f"demo/api-keys/{big['id']}/rotate", key=small)[1]["code"] == "scope_missing"


def test_an_answer_without_a_body_has_an_empty_one(key: str) -> None:
    created = customers_api.handler(http_event("POST", "demo/customers", {"email": "a@example.com"}, key=key), None)
    for path in (f"demo/customers/{answered(created)['id']}/sessions", f"demo/customers/{answered(created)['id']}"):
        response = customers_api.handler(http_event("DELETE", path, key=key), None)
        assert (response["statusCode"], response["body"]) == (204, "")  # null is what a gateway may stumble over


def test_a_key_is_changed_to_no_more_than_its_changer_can_do(store: Store, key: str) -> None:
    till = call("POST", "demo/api-keys", {"name": "till", "scopes": ["customers:read"]}, key=key)[1]
    path = f"demo/api-keys/{till['id']}"
    assert call("PATCH", path, {"name": "shop", "scopes": ["orders"]}, key=key)[0] == 422
    changed = call("PATCH", path, {"name": "shop", "scopes": ["customers:read", "customers:write"]}, key=key)[1]
    assert (changed["name"], changed["scopes"]) == ("shop", ["customers:read", "customers:write"])
    assert call("POST", "demo/customers", {"email": "a@example.com"}, key=till["key"])[0] == 201
    small = api_keys.create(store.id, NewKey(name="small", scopes=["keys:write"]), clock.now()).key
    assert call("PATCH", path, {"scopes": ["keys:write"]}, key=small)[1]["code"] == "scope_missing"


def test_a_list_shows_the_fields_asked_for(key: str) -> None:
    call("POST", "demo/customers", {"email": "a@example.com", "name": "Ana", "note": "x"}, key=key)
    for asked in ("email,name", "name,email"):
        (row,) = call("GET", "demo/customers", key=key, fields=asked)[1]["items"]
        assert row == {"id": row["id"], "email": "a@example.com", "name": "Ana"}
    assert call("GET", "demo/customers", key=key, fields="email,secret")[0] == 422


def test_a_customers_orders_are_listed_by_status_and_time_and_read_one_by_one(store: Store, key: str) -> None:
    for number, status in enumerate(["paid", "cancelled", "refunded"], 1):
        told = {
            "id": f"a{number}",
            "version": 1,
            "placed_at": f"2026-01-0{number}T00:00:00Z",
            "email": "ana@example.com",
            "currency": "EUR",
            "total": "5.00",
            "payment_status": status,
            "items": [{"sku": "A", "price": "5.00"}],
            "shipping_address": {"city": "Madrid"},
        }
        orders.record_version(store, Order.model_validate(told), clock.now())
    [ana] = call("GET", "demo/customers", key=key)[1]["items"]
    path = f"demo/customers/{ana['id']}/orders"

    def listed(**query: Any) -> list[str]:
        return [order["id"] for order in call("GET", path, key=key, **query)[1]["items"]]

    assert listed() == ["a3", "a2", "a1"]
    assert listed(payment_status="paid") == ["a1"]
    assert listed(payment_status="paid,refunded") == ["a3", "a1"]  # as API Gateway hands over a repeated parameter
    assert listed(placed_from="2026-01-02T00:00:00Z", placed_to="2026-01-03T00:00:00Z") == ["a3", "a2"]
    assert call("GET", path, key=key, payment_status="free")[0] == 422
    status, one, _ = call("GET", f"{path}/a2", key=key)
    assert (status, one["payment_status"], one["items"][0]["sku"], one["shipping_address"]["city"]) == (
        200,
        "cancelled",
        "A",
        "Madrid",
    )
    for missing in (f"{path}/a9", "demo/customers/cus_other/orders/a2"):
        assert call("GET", missing, key=key)[1]["code"] == "order_not_found"


def test_orders_without_email_are_listed(store: Store, key: str) -> None:
    told = {"id": "phone-1", "version": 1, "placed_at": "2026-01-01T00:00:00Z", "currency": "EUR", "total": "5.00"}
    orders.record_version(store, Order.model_validate(told | {"payment_status": "paid"}), clock.now())
    [listed] = call("GET", "demo/orders/without-email", key=key)[1]["items"]
    assert (listed["id"], listed["email"]) == ("phone-1", None)
    assert call("GET", "demo/orders/without-email", key=key, payment_status="cancelled")[1]["items"] == []
