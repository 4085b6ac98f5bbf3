import base64
from typing import Any

import pytest
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock, errors
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import ClientelaError
from clientela.sign_in import sessions, sign_in_errors
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction
from clientela.web import http_errors, problems, responses


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), clock.now()).key


def call(method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any, dict[str, str]]:
    response = customers_api.handler(http_event(method, path, body, **options), None)
    return response["statusCode"], answered(response), response["headers"]


ANA = {"email": "ana@example.com", "name": "Ana Pérez", "billing_address": {"country": "ES", "city": "Vigo"}}


def test_a_customer_is_created_listed_read_and_changed(key: str) -> None:
    status, created, headers = call("POST", "demo/customers", ANA, key=key)
    assert (status, created["name"], headers["ETag"]) == (201, "Ana Pérez", '"1"')
    assert headers["Location"] == f"/v1/stores/demo/customers/{created['id']}"
    status, listed, _ = call("GET", "demo/customers", key=key, query="pér", count="true", country="es")
    assert (status, [c["id"] for c in listed["items"]], listed["total"], listed["limit"]) == (
        200,
        [created["id"]],
        1,
        50,
    )
    status, changed, headers = call(
        "PATCH", f"demo/customers/{created['id']}", {"note": "vip"}, key=key, headers={"if-match": '"1"'}
    )
    assert (status, changed["note"], headers["ETag"]) == (200, "vip", '"2"')
    status, read, _ = call("GET", f"demo/customers/{created['id']}", key=key)
    assert (status, read) == (200, changed)


def test_a_list_is_walked_by_its_link_and_cursor(key: str) -> None:
    for i in range(3):
        call("POST", "demo/customers", {"email": f"p{i}@example.com"}, key=key)
    _, first, headers = call("GET", "demo/customers", key=key, limit=2, sort="email")
    assert headers["Link"].startswith("</v1/stores/demo/customers?limit=2&sort=email&cursor=")
    _, second, headers = call("GET", "demo/customers", key=key, limit=2, sort="email", cursor=first["next_cursor"])
    assert [c["email"] for c in first["items"] + second["items"]] == [f"p{i}@example.com" for i in range(3)]
    assert (second["next_cursor"], "Link" in headers) == (None, False)


def test_refused_parameters_are_named_alike(key: str) -> None:
    for query in ({"group": "nobody"}, {"status": "x"}, {"unknown": "x"}):
        status, problem, _ = call("GET", "demo/customers", key=key, **query)
        assert (status, [error["pointer"] for error in problem["errors"]]) == (422, list(query))


def test_a_refused_sort_order_names_all_of_them(key: str) -> None:
    _, problem, _ = call("GET", "demo/customers", key=key, sort="x")
    assert problem["errors"][0]["message"].endswith(" last_order, -last_order.")


@pytest.mark.parametrize("wrong", [None, "", "ck_x_y", "nonsense"])
@pytest.mark.parametrize("path", ["demo/customers", "demo/customers/cus_1", "demo/nowhere"])
def test_without_a_good_key_every_path_is_refused(store: Store, path: str, wrong: str | None) -> None:
    status, body, headers = call("GET", path, key=wrong)
    assert (status, body["code"], headers["Content-Type"]) == (401, "api_key_invalid", "application/problem+json")
    assert headers["WWW-Authenticate"] == "Bearer"


def test_the_key_is_asked_for_before_the_body_is_looked_at(store: Store) -> None:
    assert call("POST", "demo/customers", {"bad": 1})[0] == 401


def test_a_key_opens_only_its_own_store(key: str) -> None:
    from clientela.stores import stores

    stores.create("other", stores.StoreSettings(name="Other"), clock.now())
    assert call("GET", "other/customers", key=key)[0] == 401
    assert call("GET", "nowhere/customers", key=key)[1]["code"] == "store_not_found"


def test_a_key_without_the_scope_is_refused(store: Store) -> None:
    reading = api_keys.create(store.id, NewKey(name="r", scopes=["customers:read"]), clock.now()).key
    assert call("GET", "demo/customers", key=reading)[0] == 200
    status, body, _ = call("POST", "demo/customers", ANA, key=reading)
    assert (status, body["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "nope"}, "/email"),
        ({"name": "x"}, "/email"),
        ({**ANA, "surprise": 1}, "/surprise"),
        ({**ANA, "billing_address": {"country": "Narnia"}}, "/billing_address/country"),
        ({**ANA, "tags": "vip"}, "/tags"),
    ],
)
def test_bad_fields_are_named(key: str, body: Any, pointer: str) -> None:
    status, problem, headers = call("POST", "demo/customers", body, key=key)
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "invalid_input", pointer)
    assert headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({**ANA, "surprise": 1}, "This request has no such field."),
        ({**ANA, "tax_exemption": {"expires_on": "31/01/2027"}}, "Use a date such as 2027-01-31."),
        ({**ANA, "language": "xx"}, "“xx” is not a language. Use an ISO 639 code such as es."),
    ],
)
def test_complaints_say_what_to_do(key: str, body: Any, message: str) -> None:
    status, problem, _ = call("POST", "demo/customers", body, key=key)
    assert (status, [error["message"] for error in problem["errors"]]) == (422, [message])


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "null", ""])
def test_a_body_that_is_no_object_is_refused(key: str, body: str) -> None:
    assert call("POST", "demo/customers", body, key=key)[0] == 422


def test_a_body_of_another_type_is_refused(key: str) -> None:
    status, problem, _ = call("POST", "demo/customers", "email=a", key=key, headers={"content-type": "text/plain"})
    assert (status, problem["code"]) == (415, "content_type")


def test_a_merge_patch_may_be_called_by_its_own_type_and_be_base64(key: str) -> None:
    _, created, _ = call("POST", "demo/customers", ANA, key=key)
    event = http_event(
        "PATCH",
        f"demo/customers/{created['id']}",
        "{}",
        key=key,
        headers={"content-type": "application/merge-patch+json"},
    )
    event |= {"body": base64.b64encode('{"note": "é"}'.encode()).decode(), "isBase64Encoded": True}
    assert answered(customers_api.handler(event, None))["note"] == "é"


def test_an_old_etag_is_refused(key: str) -> None:
    _, created, _ = call("POST", "demo/customers", ANA, key=key)
    path = f"demo/customers/{created['id']}"
    call("PATCH", path, {"note": "1"}, key=key)
    status, body, _ = call("PATCH", path, {"note": "2"}, key=key, headers={"if-match": '"1"'})
    assert (status, body["code"]) == (412, "version_conflict")
    assert call("PATCH", path, {"note": "2"}, key=key, headers={"if-match": "x"})[0] == 422


@pytest.mark.parametrize(
    ("change", "undo"),
    [({"status": "disabled"}, {"status": "active"}), ({"email": "new@example.com"}, {"email": "ana@example.com"})],
)
def test_disabling_and_a_new_email_end_sessions_for_good(store: Store, key: str, change: Any, undo: Any) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), clock.now())
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, clock.now())
    for body in (change, undo):
        assert call("PATCH", f"demo/customers/{ana.id}", body, key=key)[0] == 200
        with pytest.raises(SessionInvalidError):
            sessions.current(store, token, clock.now())
    assert sessions.list_active(store, customers.get(store, ana.id), clock.now()) == []


def test_a_deleted_customer_has_no_session(store: Store, key: str) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), clock.now())
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, clock.now())
    assert call("DELETE", f"demo/customers/{ana.id}", key=key)[0] == 204
    with pytest.raises(SessionInvalidError):
        sessions.current(store, token, clock.now())


def test_a_merchant_sees_and_ends_the_sessions_of_a_customer(store: Store, key: str) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), clock.now())
    for _ in range(2):
        with Transaction() as write:
            sessions.start(write, store, ana, None, clock.now())
    _, listed, _ = call("GET", f"demo/customers/{ana.id}/sessions", key=key)
    assert [item["signed_in_by"] for item in listed["items"]] == ["link", "link"]
    assert "token" not in str(listed)
    assert call("DELETE", f"demo/customers/{ana.id}/sessions", key=key)[0] == 204
    assert sessions.list_active(store, ana, clock.now()) == []


def test_a_taken_email_is_a_conflict(key: str) -> None:
    call("POST", "demo/customers", ANA, key=key)
    status, body, _ = call("POST", "demo/customers", {"email": "ANA@example.com"}, key=key)
    assert (status, body["code"]) == (409, "email_taken")


def test_a_taken_external_id_is_a_conflict_and_the_filter_finds_its_customer(key: str) -> None:
    status, ana, _ = call("POST", "demo/customers", ANA | {"external_ids": {"shopify": "6543"}}, key=key)
    assert (status, ana["external_ids"]) == (201, {"shopify": "6543"})
    _, bo, _ = call("POST", "demo/customers", {"email": "bo@example.com"}, key=key)
    new = {"email": "ci@example.com", "external_ids": {"shopify": "6543"}}
    for method, path, body in (("POST", "", new), ("PATCH", f"/{bo['id']}", {"external_ids": new["external_ids"]})):
        status, problem, _ = call(method, f"demo/customers{path}", body, key=key, headers={"accept-language": "es"})
        assert (status, problem["code"]) == (409, "external_id_taken")
        assert problem["detail"] == "Otro cliente de esta tienda tiene el identificador «6543» en «shopify»."
    for text, found in (("shopify:6543", [ana["id"]]), ("shopify: 6543", [ana["id"]]), ("pos:6543", [])):
        _, listed, _ = call("GET", "demo/customers", key=key, external_id=text, count="true")
        assert ([each["id"] for each in listed["items"]], listed["total"]) == (found, len(found))
    _, other, _ = call("GET", "demo/customers", key=key, external_id="shopify:6543", email="bo@example.com")
    assert other["items"] == []


@pytest.mark.parametrize(
    ("external_ids", "pointer", "message"),
    [
        ({"Shop!": "1"}, "/external_ids/Shop!", "Name the system with up to 40 lower-case letters"),
        ({"id": "1;2"}, "/external_ids/id", "Use no semicolons."),
        ({"pos": ""}, "/external_ids/pos", "This field must not be empty."),
        ({"pos": 7}, "/external_ids/pos", "Use text."),
        ({"pos": "7" * 201}, "/external_ids/pos", "Use at most 200 characters."),
        ({f"s{number}": "1" for number in range(21)}, "/external_ids", "Use at most 20 entries."),
    ],
)
def test_external_ids_that_cannot_be_are_refused_in_words(
    key: str, external_ids: Any, pointer: str, message: str
) -> None:
    status, problem, _ = call("POST", "demo/customers", ANA | {"external_ids": external_ids}, key=key)
    [field] = problem["errors"]
    assert (status, field["pointer"]) == (422, pointer)
    assert field["message"].startswith(message)


def test_unknown_customers_and_paths_are_not_found(key: str) -> None:
    assert call("GET", "demo/customers/cus_nobody", key=key)[1]["code"] == "customer_not_found"
    assert call("GET", "demo/nowhere", key=key)[1]["code"] == "route_unknown"
    status, body, headers = call("PUT", "demo/customers", {}, key=key)
    assert (status, body["code"], headers["Allow"]) == (405, "method_unknown", "GET, HEAD, OPTIONS, POST")


def test_head_is_get_without_its_body(key: str) -> None:
    _, created, _ = call("POST", "demo/customers", ANA, key=key)
    status, body, headers = call("HEAD", f"demo/customers/{created['id']}", key=key)
    assert (status, body, headers["ETag"]) == (200, None, '"1"')


def test_only_the_stores_own_pages_may_call_from_a_browser(store: Store) -> None:
    status, _, headers = call("OPTIONS", "demo/customers", headers={"origin": "https://shop.example.com"})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example.com")
    assert (
        "Access-Control-Allow-Origin"
        not in call("OPTIONS", "demo/customers", headers={"origin": "https://evil.example"})[2]
    )


def test_every_answer_carries_the_security_headers(store: Store, key: str) -> None:
    for headers in (call("GET", "demo/customers", key=key)[2], call("GET", "demo/customers")[2]):
        assert responses.SECURITY_HEADERS.items() <= headers.items()


def test_a_fault_of_ours_tells_nothing_of_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clientela.customers.customer_search.page", lambda *a, **k: 1 / 0)
    status, body, _ = call("GET", "demo/customers", key=key)
    assert (status, body["code"]) == (500, "unexpected")
    assert "division" not in str(body)


def test_every_error_has_its_status() -> None:
    values = [*vars(errors).values(), *vars(sign_in_errors).values(), *vars(http_errors).values()]
    named = {value for value in values if isinstance(value, type) and issubclass(value, ClientelaError)}
    assert named - {ClientelaError} == set(problems.STATUS)
