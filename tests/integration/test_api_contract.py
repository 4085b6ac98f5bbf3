"""The running functions against their own OpenAPI document, on DynamoDB Local: thousands of generated requests.

Half of them are as the document says, half break it somewhere; four of five name what is really there. Whatever comes,
the answer is one that the document promises: its status, content type, headers and body.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from tests.support import reports
from tests.support.wsgi import application

from clientela import clock, ids
from clientela.aws import clients
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.exports import export_jobs, export_schedules
from clientela.exports.export_schedules import NewSchedule
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.sign_in import sessions
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

CASES = 60  # of each operation
SEED = 20261121
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

type Headers = Callable[[], dict[str, str]]


class Functions:
    """Stands where Lambda is: a call is taken and nothing comes of it."""

    def invoke(self, **call: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def around(deployed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services behind the API, without a rate limit."""
    monkeypatch.setattr(clients, "lambda_", Functions)
    monkeypatch.setenv("BULK_FUNCTION_NAME", "bulk-changes")
    monkeypatch.setenv("REQUESTS_PER_SECOND", "1000000")


def operations(scheme: str | None) -> list[Any]:
    """The operations that take one kind of credentials, those that delete last."""
    document = schemathesis.openapi.from_wsgi("/v1/openapi.json", application)
    found = [each.ok() for each in document.get_all_operations()]
    return sorted((each for each in found if scheme in _schemes(each)), key=lambda each: each.method == "delete")


def _schemes(operation: Any) -> set[str | None]:
    return {name for way in operation.definition.raw.get("security", []) for name in way} or {None}


def answers(wanted: list[Any], headers: Headers, known: dict[str, list[str]]) -> Counter[int]:
    """Send CASES requests to each operation; how many answers had each status."""
    found: Counter[int] = Counter()
    for operation in wanted:
        found += _answers(operation, headers, known)
    return found


def _answers(operation: Any, headers: Headers, known: dict[str, list[str]]) -> Counter[int]:
    found: Counter[int] = Counter()
    numbers = itertools.count()
    cases = st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @seed(SEED)
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, number=st.integers(0, 9))
    def send(case: Any, number: int) -> None:
        for name in set(case.path_parameters) & (set(known) if number < 8 else {"store_id"}):
            case.path_parameters[name] = known[name][number % len(known[name])]
        if number < 8 and isinstance(case.body, dict) and "email" in case.body:
            case.body["email"] = f"{next(numbers)}@example.com"
        response = case.call_and_validate(headers=headers(), checks=CHECKS)
        found[response.status_code] += 1

    send()
    return found


def test_merchant_api_keeps_its_promises(store: Store) -> None:
    now = clock.now()
    people = [customers.create(store, NewCustomer(email=f"p{i}@example.org", name=f"P {i}"), now).id for i in range(5)]
    known = {
        "store_id": [store.id],
        "customer_id": people,
        "group_id": [groups.create(store, NewGroup(name=f"G {i}", code=f"g{i}"), now).id for i in range(3)],
        "key_id": [api_keys.create(store.id, NewKey(name=f"k{i}"), now).id for i in range(2)],
        "export_id": [export_jobs.start(store, now).id],
        "schedule_id": [
            export_schedules.create(store, NewSchedule(name=f"S {i}", cron="0 3 * * *"), now).id for i in range(3)
        ],
    }
    reports.build(store)
    key = api_keys.create(store.id, NewKey(name="contract"), now).key
    found = answers(operations("api_key"), lambda: {"Authorization": f"Bearer {key}"}, known)
    assert found.total() >= 1800
    assert {200, 201, 202, 204, 401, 404, 409, 412, 422} <= set(found)


def test_storefront_api_keeps_its_promises(store: Store) -> None:
    customer = customers.create(store, NewCustomer(email="ana@example.org", name="Ana"), clock.now())

    def opened() -> str:
        with Transaction() as write:
            return sessions.start(write, store, customer, "Firefox", clock.now())[0]

    known = {"store_id": [store.id], "session_id": [ids.new("ses", clock.now())]}
    found = answers(operations("session"), lambda: {"Authorization": f"Bearer {opened()}"}, known)
    found += answers(operations(None), dict, known)
    assert found.total() >= 500
    assert {200, 202, 204, 404, 412, 422} <= set(found)
