"""Who may call what, for every operation of docs/openapi.json: a new route is covered by being documented."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.wsgi import application, routes
from werkzeug.test import Client, TestResponse

import customers_api
import storefront_api
from clientela import clock, ids
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.exports import export_jobs
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.sign_in import sessions
from clientela.stores import api_keys, key_changes, stores
from clientela.stores.api_keys import ALL_SCOPES, NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table.transactions import Transaction
from clientela.web import http_requests, powertools_routes

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
APPS = {"customers_api": customers_api.app, "storefront_api": storefront_api.app}


class Operation(NamedTuple):
    """One operation of the document."""

    id: str
    method: str
    path: str
    security: list[dict[str, list[str]]]

    def scope(self) -> str:
        return next(way["api_key"][0] for way in self.security if "api_key" in way)


def every_operation() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method in item.keys() - {"parameters"}:
            yield Operation(item[method]["operationId"], method.upper(), path, item[method]["security"])


BODIES = {"mergeCustomers": {"from_id": "cus_nobody"}}  # where an empty one is not a request
OPERATIONS = sorted(every_operation())
OF_KEYS = [operation for operation in OPERATIONS if any("api_key" in way for way in operation.security)]
OF_SESSIONS = [operation for operation in OPERATIONS if any("session" in way for way in operation.security)]


class Deployment(NamedTuple):
    """A store with one of everything, and another store that wants to see it."""

    store: Store
    foreign: Store
    existing: dict[str, str]  # ids of what is there, by the parameter that names it
    customer: customers.Customer


@pytest.fixture(scope="module")
def deployment(deployed: None) -> Deployment:
    now = clock.now()
    shop = StoreSettings(name="Demo", login_mode="optional", storefront_url="https://shop.example.com")
    store, foreign = (stores.create(f"store-{name}", shop, now) for name in ("own", "foreign"))
    customer = customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), now)
    export_id = export_jobs.start(store, now).id
    existing = {
        "customer_id": customer.id,
        "export_id": export_id,
        "key_id": key(store).removeprefix("ck_")[:26],
        "group_id": groups.create(store, NewGroup(name="Trade", code="trade"), now).id,
    }
    return Deployment(store, foreign, existing | {"key_id": f"key_{existing['key_id']}"}, customer)


def key(store: Store, *scopes: str) -> str:
    return api_keys.create(store.id, NewKey(name="matrix", scopes=list(scopes or ALL_SCOPES)), clock.now()).key


def token(store: Store, customer: customers.Customer, ended: bool = False) -> str:
    at = clock.now() - timedelta(days=31 if ended else 0)
    with Transaction() as write:
        return sessions.start(write, store, customer, None, at)[0]


def call(operation: Operation, store_id: str, named: dict[str, str], credentials: str | None) -> TestResponse:
    """Send the operation with an empty body, if it takes one. What `named` does not name is an id that is nowhere."""
    unknown = {part[1:-1]: ids.new("xxx", clock.now()) for part in operation.path.split("/") if part.startswith("{")}
    path = operation.path.format(**{**unknown, **named, "store_id": store_id})
    headers = {"Authorization": f"Bearer {credentials}"} if credentials is not None else {}
    body = BODIES.get(operation.id, {}) if operation.method in {"POST", "PATCH", "PUT"} else None
    return Client(application).open(path, method=operation.method, headers=headers, json=body)


def names(operation: Operation) -> str:
    return operation.id


def refused(
    operation: Operation, deployment: Deployment, credentials: str | None, status: int, store_id: str | None = None
) -> None:
    """The answer has the status, and is the same whether the things named in the path are there or not."""
    in_store = store_id or deployment.store.id
    real, unreal = (call(operation, in_store, named, credentials) for named in (deployment.existing, {}))
    assert (real.status_code, real.content_type) == (status, "application/problem+json"), real.text
    assert (real.status_code, real.data) == (unreal.status_code, unreal.data)
    assert not any(known in real.text for known in (*deployment.existing.values(), deployment.customer.email))


@pytest.mark.parametrize(
    "wrong", [None, "", "nonsense", "ck_x_y", f"ck_{'0' * 26}_{'x' * 43}", "ck_" + "é" * 26 + "_x"]
)
@pytest.mark.parametrize("operation", OF_KEYS, ids=names)
def test_no_key_and_no_real_key_are_refused(operation: Operation, deployment: Deployment, wrong: str | None) -> None:
    refused(operation, deployment, wrong, HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", OF_KEYS, ids=names)
def test_key_of_another_store_is_refused(operation: Operation, deployment: Deployment) -> None:
    refused(operation, deployment, key(deployment.foreign), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", [each for each in OF_KEYS if each.path.count("{") > 1], ids=names)
def test_things_of_another_store_are_not_there(operation: Operation, deployment: Deployment) -> None:
    foreign = key(deployment.foreign)
    real, unreal = (call(operation, deployment.foreign.id, named, foreign) for named in (deployment.existing, {}))
    assert real.status_code == unreal.status_code == HTTPStatus.NOT_FOUND, real.text
    assert real.json["code"] == unreal.json["code"]


@pytest.mark.parametrize("operation", OF_KEYS, ids=names)
def test_revoked_key_is_refused(operation: Operation, deployment: Deployment) -> None:
    secret = key(deployment.store)
    key_changes.revoke(deployment.store.id, f"key_{secret[3:29]}", clock.now())
    refused(operation, deployment, secret, HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", OF_KEYS, ids=names)
def test_key_without_the_scope_is_refused(operation: Operation, deployment: Deployment) -> None:
    others = [scope for scope in ALL_SCOPES if scope != operation.scope()]
    refused(operation, deployment, key(deployment.store, *others), HTTPStatus.FORBIDDEN)


@pytest.mark.parametrize("operation", OF_KEYS, ids=names)
def test_session_is_no_key(operation: Operation, deployment: Deployment) -> None:
    refused(operation, deployment, token(deployment.store, deployment.customer), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize(
    "wrong", [None, "", "nonsense", f"cs_{'0' * 26}_{'0' * 26}_x", "cs_" + "é" * 26 + "_" + "0" * 26 + "_x"]
)
@pytest.mark.parametrize("operation", OF_SESSIONS, ids=names)
def test_no_session_and_no_real_session_are_refused(
    operation: Operation, deployment: Deployment, wrong: str | None
) -> None:
    refused(operation, deployment, wrong, HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", OF_SESSIONS, ids=names)
def test_session_of_another_store_is_refused(operation: Operation, deployment: Deployment) -> None:
    secret = token(deployment.store, deployment.customer)
    refused(operation, deployment, secret, HTTPStatus.UNAUTHORIZED, deployment.foreign.id)


@pytest.mark.parametrize("operation", OF_SESSIONS, ids=names)
def test_ended_session_is_refused(operation: Operation, deployment: Deployment) -> None:
    refused(operation, deployment, token(deployment.store, deployment.customer, ended=True), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", OF_SESSIONS, ids=names)
def test_key_is_no_session(operation: Operation, deployment: Deployment) -> None:
    refused(operation, deployment, key(deployment.store), HTTPStatus.UNAUTHORIZED)


@pytest.mark.parametrize("operation", OPERATIONS, ids=names)
def test_template_leads_each_path_to_its_function(operation: Operation) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    module = next(route.module for route in routes() if route.pattern.fullmatch(path))
    if operation.id == "getOpenApi":
        assert module == "customers_api"
    else:
        assert operation.method in http_requests.methods(APPS[module], path)


def test_every_route_is_documented() -> None:
    answered = {route.operation_id for app in APPS.values() for route in powertools_routes.registered(app)}
    assert answered | {"getOpenApi"} == {operation.id for operation in OPERATIONS}


def test_only_the_ways_in_and_what_tells_of_nobody_are_open_to_everybody() -> None:
    open_to_all = {operation.id for operation in OPERATIONS if not operation.security}
    ways_in = {"requestLoginLink", "createSession", "revertEmailChange"}
    of_nobody = {"getOpenApi", "askCheckoutPolicy", "getStylesheet"}
    pages = {"getSignInPage", "getSignInScript", "getSignInStyle", "getSignInSettings"}
    assert open_to_all == ways_in | of_nobody | pages
