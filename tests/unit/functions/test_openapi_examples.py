"""The examples of the document work: each is sent to the functions, and each answer is as the document says.

Ids and secrets of the examples stand for those of a small store that has all of it.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from openapi_schema_validator import OAS31Validator
from tests.support import email_changes, reports, sign_ins
from tests.support.http_events import http_event
from tests.support.import_runs import StateMachines
from tests.support.openapi import DocumentedOperation, document_file, operations
from tests.support.orders import take
from tests.support.planned_imports import Functions, Imports

import customers_api
import storefront_api
from clientela import clock, ids
from clientela.aws import clients
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_jobs, export_runs, export_schedules
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import NewSchedule
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.imports import import_writes
from clientela.lifecycle import customer_removal, merges
from clientela.schema.actors import OPERATOR
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import rate_limits

DOCUMENT = document_file()
OPERATIONS = {operation.id: operation for operation in operations(DOCUMENT)}
ULID = "01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"
MARIA = "maria@example.com"  # not who the examples create
FILE = b"E-mail,vat id,Colour\npaul@example.com,ESB12345670,red\nnobody,,\n"
# Each of these takes away what the others need.
ENDING = {
    "deleteAccount", "endOwnSessions", "endOwnSession", "endSession", "endSessions", "deleteCustomer",
    "eraseCustomer", "deleteGroup", "revokeApiKey", "rotateApiKey", "removePassword", "undoMerge",
    "releaseMergedEmail", "confirmEmailChange", "revertEmailChange", "createSession", "setPassword",
    "changeAccount", "changeCustomer", "changeApiKey", "changeGroup", "deleteExportSchedule", "changeImport",
    "startImport", "cancelImport", "undoImport", "getKeptCustomers", "retryImport",
    "getImportFile",
}  # fmt: skip
# An ETag and a cursor of the example belong to no state of this store.
NOT_SENT = {"If-Match", "If-None-Match", "cursor"}


class World(NamedTuple):
    """A store with one of everything: its credentials, and its ids and secrets by those of the examples."""

    key: str
    session: str
    known: dict[str, str]
    imports: Imports


class AnyFunctions(Functions):
    """Stands where Lambda is: a call is taken and nothing comes of it."""

    def invoke(self, **call: Any) -> None:
        pass


@pytest.fixture
def world(aws: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    machines, box, now = StateMachines(), sign_ins.mailbox(monkeypatch), clock.now()
    monkeypatch.setattr(clients, "lambda_", AnyFunctions)
    monkeypatch.setattr(clients, "step_functions", lambda: machines)
    monkeypatch.setattr(import_writes, "WRITERS", 1)
    monkeypatch.setenv("BULK_FUNCTION_NAME", "bulk-changes")
    monkeypatch.setenv("REQUESTS_PER_SECOND", "10000")
    monkeypatch.setattr(rate_limits, "_require_room", lambda rules, times, moment: None)
    settings = {"name": "Demo", "login_mode": "optional", "password_sign_in": True, "currency": "EUR", "country": "ES"}
    settings |= {"notification_email": "merchant@example.com"}  # tests of mails go there
    store = stores.create(
        "demo", StoreSettings.model_validate(settings | {"storefront_url": "https://shop.example.com"}), now
    )
    group = groups.create(store, NewGroup(name="Retail", code="retail"), now)
    opened = sign_ins.by_link(store, box.link(store, MARIA, now), now)
    ana, other, gone, merged = opened.customer.id, _add(store, "old"), _add(store, "gone"), _add(store, "merged")
    take(store, email=MARIA, currency="EUR")
    merges.merge(store, ana, merged, now, OPERATOR, lambda: False)
    job = bulk_jobs.start(store, CustomerFilter(), BulkChange(tax_exempt=True), now, OPERATOR)
    bulk_jobs.run(store, job.id, clock.now, lambda: False)
    window = ChangeWindow(since=now - timedelta(days=1), until=now)  # so there is a list of removed customers
    export = export_jobs.create(store, ExportJob(id=ids.new("exp", now), changes=window, created_at=now), OPERATOR)
    export_runs.run(store, export.id, now)
    key = api_keys.create(store.id, NewKey(name="test"), now)
    reports.build(store)
    imports = Imports(store, machines, Functions())
    known = {
        f"cus_{ULID}": ana,
        f"cus_{ULID[:-1]}7": other,
        f"grp_{ULID}": group.id,
        f"blk_{ULID}": job.id,
        f"exp_{ULID}": export.id,
        f"exs_{ULID}": export_schedules.create(store, NewSchedule(name="Night", cron="0 3 * * *"), now).id,
        f"imp_{ULID}": imports.planned(FILE).id,
        f"ers_{ULID}": customer_removal.erase(store, gone, now, OPERATOR, lambda: False).id,
        f"key_{ULID}": key.id,
        f"ses_{ULID}": opened.session.id,
        "merged": merged,
    }
    return World(key.key, opened.token, known, imports)


def _add(store: Store, name: str) -> str:
    return customers.create(store, NewCustomer(email=f"{name}@example.com", name=name), clock.now()).id


def real(world: World, value: Any) -> Any:
    """The value with the ids and secrets of the store."""
    text = json.dumps(value)
    for example, actual in world.known.items():
        text = text.replace(json.dumps(example)[1:-1], actual)
    return json.loads(text)


def requests(operation: DocumentedOperation) -> Iterator[dict[str, Any]]:
    """A request with all examples; for GET one for each example of a parameter, since filters exclude each other."""
    parameters = [each for each in operation.described.get("parameters", []) if each["name"] not in NOT_SENT]
    path = {each["name"]: each["example"] for each in parameters if each["in"] == "path"}
    content = list(operation.described.get("requestBody", {}).get("content", {}).values())
    plain = {"path": path, "body": content[0]["example"] if content else None, "query": {}, "headers": {}}
    if operation.method != "GET":
        yield plain | {"headers": {each["name"]: each["example"] for each in parameters if each["in"] == "header"}}
        return
    yield plain
    for each in parameters:
        if each["in"] != "path":
            place = "query" if each["in"] == "query" else "headers"
            yield plain | {place: {each["name"]: each["example"]}}


def send(world: World, operation: DocumentedOperation, request: dict[str, Any]) -> dict[str, Any]:
    request = real(world, request)
    if operation.id in {"undoMerge", "releaseMergedEmail"}:
        request["path"]["from_id"] = world.known["merged"]
    path = operation.path.removeprefix("/v1/stores/").format(store_id="demo", **request["path"])
    query = {
        name: ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')
        for name, value in request["query"].items()
    }
    schemes = {name for way in operation.described["security"] for name in way}
    secret = world.key if "api_key" in schemes else world.session if schemes else None
    headers = {name.lower(): value for name, value in request["headers"].items()}
    if "idempotency-key" in headers:  # each operation has one of its own
        headers["idempotency-key"] += operation.id
    event = http_event(operation.method, path, request["body"], key=secret, headers=headers, **query)
    event["rawQueryString"] = urlencode(query)
    api = customers_api if "api_key" in schemes else storefront_api
    return api.handler(event, None)


def check(operation: DocumentedOperation, answer: dict[str, Any], request: dict[str, Any]) -> None:
    assert answer["statusCode"] < 400, (operation.id, request, answer["body"])
    described = operation.described["responses"][str(answer["statusCode"])]
    media_type = answer["headers"].get("Content-Type", "").split(";")[0]
    if "content" not in described or media_type != "application/json":
        return
    schema = described["content"]["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    errors = OAS31Validator(schema).iter_errors(json.loads(answer["body"]))
    assert [f"{operation.id} {list(error.absolute_path)}: {error.message}" for error in errors] == []


def run(world: World, operation: DocumentedOperation) -> None:
    for request in requests(operation):
        check(operation, send(world, operation, request), request)


def test_reading(world: World) -> None:
    for operation in OPERATIONS.values():
        if operation.method == "GET" and operation.id not in ENDING and operation.id != "getOpenApi":
            run(world, operation)


def test_writing(world: World) -> None:
    for operation in OPERATIONS.values():
        if operation.method != "GET" and operation.id not in ENDING:
            run(world, operation)


@pytest.mark.parametrize("operation_id", sorted(ENDING))
def test_ending(world: World, monkeypatch: pytest.MonkeyPatch, operation_id: str) -> None:
    operation, store, box = OPERATIONS[operation_id], stores.get("demo"), sign_ins.mailbox(monkeypatch)
    token, later = f"{ULID}.kq2vN0", clock.now() + timedelta(seconds=1)
    if operation_id == "createSession":
        sent = box.link(store, MARIA, later)
        world.known.update({token: sent.token, "mP1wVq7yZ0": sent.request.nonce})
    if operation_id in {"confirmEmailChange", "revertEmailChange"}:
        opened = sign_ins.by_link(store, box.link(store, MARIA, later), later)
        if operation_id == "confirmEmailChange":
            world = world._replace(session=opened.token)
            world.known[token] = email_changes.asked(store, box, opened, at=later)[1]
        else:
            email_changes.moved(store, box, opened, at=later)
            world.known[token] = str(email_changes.notice(store, box, email_changes.latest_change(), later)[1])
    if operation_id in {"undoImport", "getKeptCustomers", "retryImport", "getImportFile"}:
        world.imports.start(world.known[f"imp_{ULID}"])
    if operation_id == "getKeptCustomers":
        world.imports.undo(world.known[f"imp_{ULID}"])
    if operation_id == "removePassword":
        check(
            OPERATIONS["setPassword"],
            send(world, OPERATIONS["setPassword"], next(requests(OPERATIONS["setPassword"]))),
            {},
        )
    request = next(requests(operation))
    check(operation, send(world, operation, request), request)


def test_examples_of_answers_are_as_their_schemas() -> None:
    """The examples of requests are, too, as the functions take them."""
    for operation in OPERATIONS.values():
        for answer in operation.described["responses"].values():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    schema = content["schema"] | {"components": DOCUMENT["components"]}
                    errors = OAS31Validator(schema).iter_errors(content["example"])
                    assert [f"{operation.id}: {error.message}" for error in errors] == []
