"""The running functions against their own OpenAPI document, on DynamoDB Local: thousands of generated requests."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from tests.wsgi import application

from clientela import api_keys, clients, clock, customers, exports, groups, sessions, signing
from clientela.api_keys import NewKey
from clientela.customer_fields import NewCustomer
from clientela.groups import NewGroup
from clientela.stores import Store
from clientela.table import Transaction

per = {}
CASES = 60  # of each operation that has anything to vary
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ENDINGS = ("DELETE", "revoke", "rotate")


class Functions:
    """Stands where Lambda is: a call is taken and nothing comes of it."""

    def invoke(self, **call: Any) -> None:
        pass


@pytest.fixture(scope="module")
def document() -> Any:
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", application)


@pytest.fixture
def known(store: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What is there to be named in a path, by the name of the parameter."""
    monkeypatch.setattr(clients, "functions", Functions)
    monkeypatch.setenv("BULK_FUNCTION_NAME", "bulk-changes")
    monkeypatch.setenv("REQUESTS_PER_SECOND", "1000000")
    now = clock.now()
    people = [customers.create(store, NewCustomer(email=f"p{i}@example.com", name=f"P {i}"), now).id for i in range(5)]
    made = [groups.create(store, NewGroup(name=f"G {i}", code=f"g{i}"), now).id for i in range(3)]
    keys = [api_keys.create(store.id, NewKey(name=f"k{i}"), now).id for i in range(2)]
    return {
        "customer_id": people, "group_id": made, "key_id": keys, "export_id": [exports.start(store, now).id],
    }  # fmt: skip


def run(document: Any, wanted: Callable[[Any], bool], headers: Callable[[], dict[str, str]], known: dict[str, Any]) -> Counter[int]:
    """Send generated requests to every operation that is wanted; how many answers there were of each status."""
    answered: Counter[int] = Counter()
    operations = [each.ok() for each in document.get_all_operations()]
    for operation in sorted(filter(wanted, operations), key=lambda each: each.method == "delete"):
        try:
            _try(operation, headers, known, answered)
        except BaseException as e:
            import re
            print("FAILED", operation.label, re.sub(r"(?s)Stacktrace.*", "", "".join(str(x) for x in (getattr(e,"exceptions",None) or [e])))[:1800])
            for x in getattr(e, "__notes__", []): print("NOTE", x[:300])
    return answered


def _try(operation: Any, headers: Callable[[], dict[str, str]], known: dict[str, Any], answered: Counter[int]) -> None:
    numbers = itertools.count()
    cases = st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @seed(20261121)
    @settings(max_examples=CASES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=cases, number=st.integers(0, 9))
    def send(case: Any, number: int) -> None:
        for name in set(case.path_parameters) & (set(known) if number < 8 else {"store_id"}):
            case.path_parameters[name] = known[name][number % len(known[name])]
        if number < 8 and isinstance(case.body, dict) and "email" in case.body:
            case.body["email"] = f"{next(numbers)}@example.com"
        response = case.call_and_validate(headers=headers(), checks=CHECKS)
        answered[response.status_code] += 1
        import json
        per.setdefault(operation.label, Counter())[f"{response.status_code} {json.loads(response.content).get('code','') if response.content else ''}"] += 1

    send()


def test_merchant_api_keeps_its_promises(document: Any, store: Store, known: dict[str, list[str]]) -> None:
    key = api_keys.create(store.id, NewKey(name="fuzz"), clock.now()).key
    answered = run(
        document,
        lambda operation: any("api_key" in way for way in operation.definition.raw.get("security", [])),
        lambda: {"Authorization": f"Bearer {key}"},
        {**known, "store_id": [store.id]},
    )
    print(answered)
    for k,v in per.items(): print(k, dict(v))
    assert sum(answered.values()) >= 1000
