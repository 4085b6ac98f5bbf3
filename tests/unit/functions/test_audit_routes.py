"""The audit trail through the merchant API: each route that changes something names the key that did it."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from tests.support.http_events import answered, http_event
from tests.support.planned_imports import Imports
from tests.support.template_file import PROJECT

import customers_api
from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

OPERATIONS = json.loads((PROJECT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
# Routes that change one customer: the author is in the customer's history, or nothing of a customer changes.
IN_THE_HISTORY = {"createCustomer", "changeCustomer", "endSessions", "inviteCustomer", "liftSuppression"}
# They change nothing.
WITHOUT_CHANGE = {"previewMail", "testMail"}
PART_OF_ANOTHER_ACT = {"completeImport"}


class Api(NamedTuple):
    """The merchant API with a key."""

    key: api_keys.IssuedKey
    imports: Imports

    def __call__(self, method: str, path: str, body: Any = None, **query: object) -> Any:
        response = customers_api.handler(http_event(method, f"demo/{path}", body, key=self.key.key, **query), None)
        assert response["statusCode"] < 400, response
        return answered(response) if response.get("body") else None

    def customer(self, name: str = "ana") -> str:
        return str(self("POST", "customers", {"email": f"{name}@example.com"})["id"])

    def merge(self) -> str:
        into, source = self.customer(), self.customer("ben")
        self("POST", f"customers/{into}/merge", {"from_id": source})
        return f"customers/{into}/merges/{source}"

    def group(self) -> str:
        return str(self("POST", "groups", {"name": "Trade", "code": "trade"})["id"])

    def schedule(self) -> str:
        return str(self("POST", "export-schedules", {"name": "Every night", "cron": "0 3 * * *"})["id"])

    def other_key(self) -> str:
        return str(self("POST", "api-keys", {"name": "till"})["id"])

    def planned_import(self) -> str:
        return f"imports/{self.imports.planned(b'email,name\nana@example.com,Ana\n').id}"

    def ended_import(self) -> str:
        planned = self.planned_import()
        self.imports.start(planned.removeprefix("imports/"))
        return planned


BULK = {"changes": {"status": "disabled"}}
# Each other operation that changes something, with its action.
ACTS: dict[str, tuple[str, Callable[[Api], Any]]] = {
    "changeSettings": ("settings.changed", lambda api: api("PATCH", "settings", {"name": "Shop"})),
    "changeMail": ("mail.changed", lambda api: api("PATCH", "mails/welcome/es", {"subject": "Hola"})),
    "createApiKey": ("api_key.created", lambda api: api("POST", "api-keys", {"name": "till"})),
    "changeApiKey": (
        "api_key.changed",
        lambda api: api("PATCH", f"api-keys/{api.other_key()}", {"name": "counter"}),
    ),
    "rotateApiKey": ("api_key.rotated", lambda api: api("POST", f"api-keys/{api.other_key()}/rotate")),
    "revokeApiKey": ("api_key.revoked", lambda api: api("DELETE", f"api-keys/{api.other_key()}")),
    "createGroup": ("group.created", lambda api: api.group()),
    "changeGroup": ("group.changed", lambda api: api("PATCH", f"groups/{api.group()}", {"priority": 3})),
    "deleteGroup": ("group.deleted", lambda api: api("DELETE", f"groups/{api.group()}")),
    "requestImport": (
        "import.requested",
        lambda api: api("POST", "imports", {"file_name": "list.csv", "size": 10}),
    ),
    "changeImport": ("import.changed", lambda api: api("PATCH", api.planned_import(), {"mapping": {"name": None}})),
    "startImport": ("import.started", lambda api: api("POST", f"{api.planned_import()}/start")),
    "cancelImport": ("import.cancelled", lambda api: api("POST", f"{api.planned_import()}/cancel")),
    "retryImport": (
        "import.requested",
        lambda api: api("POST", f"{api.ended_import()}/retry", {"rows": [{"email": "ana@example.com"}]}),
    ),
    "undoImport": ("import.undone", lambda api: api("POST", f"{api.ended_import()}/undo")),
    "startExport": ("export.started", lambda api: api("POST", "exports", {})),
    "createExportSchedule": ("export_schedule.created", lambda api: api.schedule()),
    "changeExportSchedule": (
        "export_schedule.changed",
        lambda api: api("PATCH", f"export-schedules/{api.schedule()}", {"paused": True}),
    ),
    "deleteExportSchedule": (
        "export_schedule.deleted",
        lambda api: api("DELETE", f"export-schedules/{api.schedule()}"),
    ),
    "runExportSchedule": ("export.started", lambda api: api("POST", f"export-schedules/{api.schedule()}/run")),
    "changeCustomers": (
        "bulk_change.started",
        lambda api: api("POST", "customers/bulk", BULK | {"ids": [api.customer()]}),
    ),
    "changeCustomers by filter": (
        "bulk_change.started",
        lambda api: api("POST", "customers/bulk", BULK | {"filter": {"query": "ana"}}),
    ),
    "deleteCustomer": ("customer.deleted", lambda api: api("DELETE", f"customers/{api.customer()}")),
    "eraseCustomer": ("customer.erased", lambda api: api("POST", f"customers/{api.customer()}/erase")),
    "mergeCustomers": ("customers.merged", lambda api: api.merge()),
    "undoMerge": ("customers.merge_undone", lambda api: api("POST", f"{api.merge()}/undo")),
    "releaseMergedEmail": ("customers.email_released", lambda api: api("DELETE", f"{api.merge()}/email")),
}


@pytest.fixture
def api(store: Store, imports: Imports, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(bulk_jobs, "_call_function", lambda *job: None)
    key = api_keys.create(store.id, NewKey(name="office"), clock.now())
    return Api(key, imports)


def changing_operations() -> set[str]:
    return {
        operation["operationId"]
        for path in OPERATIONS.values()
        for method, operation in path.items()
        if method in {"post", "patch", "put", "delete"} and any("api_key" in each for each in operation["security"])
    }


def test_every_route_that_changes_something_is_in_the_trail_or_in_a_history() -> None:
    assert (
        changing_operations()
        == {name.partition(" ")[0] for name in ACTS} | IN_THE_HISTORY | PART_OF_ANOTHER_ACT | WITHOUT_CHANGE
    )


@pytest.mark.parametrize("name", ACTS)
def test_the_key_that_did_it_is_named(api: Api, name: str) -> None:
    action, act = ACTS[name]
    act(api)
    found = api("GET", "audit", action=action, actor=api.key.id)["items"]
    assert [(each["action"], each["actor"]) for each in found] == [(action, {"kind": "api_key", "id": api.key.id})]


def test_no_entry_tells_more_of_a_customer_than_an_id(api: Api) -> None:
    for _, act in ACTS.values():
        try:
            act(api)
        except AssertionError:  # the address or code is in use by now
            continue
    text = json.dumps(api("GET", "audit", limit=100))
    assert "ana@example.com" not in text
    assert "[hidden]" in text


def test_pages_and_times(api: Api) -> None:
    api.group()
    first = api("GET", "audit", limit=1)
    second = api("GET", "audit", limit=1, cursor=first["next_cursor"])
    assert [each["items"][0]["action"] for each in (first, second)] == ["group.created", "api_key.created"]
    assert api("GET", "audit", to="2020-01-01T00:00:00Z")["items"] == []
    assert len(api("GET", "audit", **{"from": "2020-01-01T00:00:00Z"})["items"]) == 3


@pytest.mark.parametrize("query", [{"action": "group.exploded"}, {"from": "today"}, {"since": "2020-01-01T00:00:00Z"}])
def test_an_unknown_filter_is_refused(api: Api, query: dict[str, str]) -> None:
    response = customers_api.handler(http_event("GET", "demo/audit", key=api.key.key, **query), None)
    assert response["statusCode"] == 422


def test_the_trail_needs_a_scope_of_its_own(store: Store) -> None:
    key = api_keys.create(store.id, NewKey(name="till", scopes=["settings:read", "keys:read"]), clock.now())
    response = customers_api.handler(http_event("GET", "demo/audit", key=key.key), None)
    assert (response["statusCode"], answered(response)["code"]) == (403, "scope_missing")
