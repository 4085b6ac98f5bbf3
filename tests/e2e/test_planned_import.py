"""An import over the API in the deployed stack: upload, plan, other columns, start, and its files."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import api_of

from clientela import clock
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

SECONDS = 300
FILE = b"E-mail,Name,Colour\nana@example.com,Ana,red\nben@example.com,Ben,\nold@example.com,New name,\nnobody,Nobody,\n"


@pytest.fixture
def shop(inside: Outputs) -> Store:
    return stores.create(f"plan-{time.time_ns()}", StoreSettings(name="Shop", login_mode="optional"), clock.now())


@pytest.fixture
def api(inside: Outputs, shop: Store) -> Iterator[httpx.Client]:
    with api_of(inside, shop) as client:
        yield client


def done(answer: httpx.Response, status: int = 202) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def wait(api: httpx.Client, path: str, until: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not until(job := done(api.get(path), 200)):
        assert time.monotonic() < deadline, job
        time.sleep(0.3)
    return job


def uploaded(api: httpx.Client, content: bytes) -> str:
    """The path of an import whose file was sent to its signed URL."""
    requested = done(api.post("/imports", json={"file_name": "customers.csv", "size": len(content)}), 201)
    upload = requested["upload"]
    put = httpx.put(upload["url"], content=content, headers=upload["headers"], timeout=60, trust_env=False)
    assert put.status_code == 200, put.text
    return f"/imports/{requested['job']['id']}"


def people(api: httpx.Client) -> dict[str, tuple[str | None, str | None]]:
    found = done(api.get("/customers"), 200)["items"]
    return {each["email"]: (each["name"], each["company"]) for each in found}


def test_the_whole_way_of_a_planned_import(api: httpx.Client) -> None:
    done(api.post("/customers", json={"email": "old@example.com", "name": "Former name"}), 201)
    path = uploaded(api, FILE)
    wait(api, path, lambda job: job["status"] == "planned")
    plan = done(api.get(f"{path}/plan"), 200)
    assert [plan[name] for name in ("created", "updated", "unchanged", "rejected")] == [2, 1, 0, 1]
    assert people(api) == {"old@example.com": ("Former name", None)}
    done(api.patch(path, json={"mapping": {"Colour": "company"}}))
    wait(api, path, lambda job: job["status"] == "planned" and job["plan"] == 2)
    done(api.post(f"{path}/start", json={"plan": 2}))
    job = wait(api, path, lambda job: job["finished_at"] is not None)
    assert (job["status"], job["created"], job["updated"], job["rejected"]) == ("succeeded", 2, 1, 1)
    imported = {
        "ana@example.com": ("Ana", "red"),
        "ben@example.com": ("Ben", None),
        "old@example.com": ("New name", None),
    }
    assert people(api) == imported
    rejects = httpx.get(api.get(f"{path}/rejects").headers["Location"], timeout=60, trust_env=False).text
    (row,) = csv.DictReader(io.StringIO(rejects.removeprefix("\ufeff")))
    assert (row["E-mail"], row["code"]) == ("nobody", "email_invalid")
    assert httpx.get(api.get(f"{path}/file").headers["Location"], timeout=60, trust_env=False).content == FILE
    again = done(api.post(f"{path}/retry", json={"rows": [{"E-mail": "eva@example.com"}], "start": True}))
    retried = wait(api, f"/imports/{again['id']}", lambda job: job["finished_at"] is not None)
    assert (retried["status"], retried["created"], retried["retry_of"]) == ("succeeded", 1, job["id"])
    done(api.post(f"{path}/undo"))
    undone = wait(api, path, lambda job: job["undo"]["finished_at"] is not None)["undo"]
    assert [undone[name] for name in ("status", "removed", "restored", "kept")] == ["succeeded", 2, 1, 0]
    assert people(api) == {"old@example.com": ("Former name", None), "eva@example.com": (None, None)}
    kept = httpx.get(api.get(f"{path}/kept").headers["Location"], timeout=60, trust_env=False).text
    assert kept.splitlines() == ["\ufeffline,customer_id,code,message"]


def test_an_import_is_cancelled_before_and_after_its_plan(api: httpx.Client) -> None:
    waiting = done(api.post("/imports", json={"file_name": "customers.csv", "size": 10}), 201)["job"]["id"]
    assert done(api.post(f"/imports/{waiting}/cancel"))["status"] == "cancelled"
    path = uploaded(api, FILE)
    wait(api, path, lambda job: job["status"] == "planned")
    assert done(api.post(f"{path}/cancel"))["status"] == "cancelled"
    assert people(api) == {}
