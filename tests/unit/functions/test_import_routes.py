"""/imports through the merchant API's handler."""

from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.import_runs import StateMachines, downloaded, dropped, imported

import csv_import
import customers_api
from clientela import clock
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

FILE = b"email,vat id,password\nana@example.com,ESB12345670,hunter2\nnobody,,hunter3\n"


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), clock.now()).key


def get(path: str, key: str, **query: object) -> tuple[int, Any, dict[str, str]]:
    response = customers_api.handler(http_event("GET", f"demo/imports{path}", key=key, **query), None)
    return response["statusCode"], answered(response), response["headers"]


def test_imports_are_listed_and_read(store: Store, machines: StateMachines, key: str) -> None:
    jobs = [imported(store, machines, FILE, f"{number}.csv") for number in range(2)]
    status, page, _ = get("", key, limit=1)
    assert (status, [job["id"] for job in page["items"]]) == (200, [max(job.id for job in jobs)])
    status, job, _ = get(f"/{jobs[0].id}", key)
    assert (status, job["status"], job["file"], job["rows_done"], job["warnings"]) == (200, "succeeded", "0.csv", 2, 1)


@pytest.mark.parametrize(
    ("report", "row"),
    [
        ("rejects", {"email": "nobody", "vat id": "", "line": "3", "column": "email", "code": "email_invalid"}),
        ("warnings", {"line": "2", "column": "vat id", "code": "vat_id_invalid"}),
    ],
)
def test_a_report_is_a_redirect_to_its_file(
    store: Store, machines: StateMachines, key: str, report: str, row: dict[str, str]
) -> None:
    job = imported(store, machines, FILE)
    status, body, headers = get(f"/{job.id}/{report}", key)
    assert (status, body) == (303, None)
    (found,) = downloaded(headers["Location"])
    assert found.pop("message")
    assert found == row


@pytest.mark.parametrize("report", ["rejects", "warnings"])
def test_a_report_is_not_found_before_the_import_has_ended_nor_without_one(
    store: Store, machines: StateMachines, key: str, report: str
) -> None:
    csv_import.receive(dropped(store, FILE, "customers.csv"), None)
    (job_id,) = machines.started
    for path in (f"/{job_id}/{report}", f"/imp_01K/{report}"):
        status, problem, _ = get(path, key)
        assert (status, problem["code"]) == (404, "import_not_found")


@pytest.mark.parametrize("path", ["", "/imp_01K", "/imp_01K/rejects", "/imp_01K/warnings"])
def test_imports_are_read_with_their_scope_only(store: Store, path: str) -> None:
    other = api_keys.create(store.id, NewKey(name="other", scopes=["customers:read"]), clock.now()).key
    assert get(path, other)[0] == 403
    assert get(path, "nonsense")[0] == 401
