"""A schedule of exports in the deployed stack: it fires across changes of the clocks, and its mail has the file."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from local import mailbox
from local.ministack import CLOCK
from local.outputs import Outputs
from tests.e2e.conftest import STATE, MakeClient, api_of, eventually

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

GROUP = "clientela-local-exports"
TICKS = 4  # seconds, in which the local cloud looks at its schedules more than once


@pytest.fixture
def set_clock(inside: Outputs) -> Iterator[Callable[[str], None]]:
    """Sets the time of EventBridge Scheduler, and lets it look."""
    file = Path(STATE / CLOCK)

    def set_to(moment: str) -> None:
        file.write_text(moment, encoding="utf-8")
        time.sleep(TICKS)

    yield set_to
    file.unlink(missing_ok=True)


@pytest.fixture
def shop(inside: Outputs) -> Store:
    return stores.create(f"nights-{time.time_ns()}", StoreSettings(name="Nights", language="es"), clock.now())


@pytest.fixture
def api(inside: Outputs, shop: Store) -> Iterator[httpx.Client]:
    with api_of(inside, shop) as client:
        yield client


def slots(api: httpx.Client, number: int) -> list[str] | None:
    """The planned times of the exports, as soon as so many have succeeded."""
    jobs = api.get("/exports").json()["items"]
    done = sorted(job["slot"] for job in jobs if job["status"] == "succeeded")
    return done if len(done) == len(jobs) == number else None


def test_a_schedule_fires_across_changes_of_the_clocks_and_its_mail_has_the_file(
    inside: Outputs, shop: Store, api: httpx.Client, cloud_client: MakeClient, set_clock: Callable[[str], None]
) -> None:
    customers.create(shop, NewCustomer(email=f"ana@{shop.id}.example", name="Ana"), clock.now())
    scheduler, office = cloud_client("scheduler"), f"office@{shop.id}.example"

    def state() -> str | None:
        try:
            return str(scheduler.get_schedule(GroupName=GROUP, Name=schedule["id"])["State"])
        except scheduler.exceptions.ResourceNotFoundException:
            return None

    # Spring: on 28 March the clocks of Madrid leave out 02:30.
    set_clock("2027-03-27T12:00:00+00:00")
    body = {"name": "Noche", "cron": "30 2 * * *", "timezone": "Europe/Madrid", "notify": [office]}
    schedule = api.post("/export-schedules", json=body).raise_for_status().json()
    assert eventually(state) == "ENABLED"
    time.sleep(TICKS)
    set_clock("2027-03-28T12:00:00+00:00")
    set_clock("2027-03-29T12:00:00+00:00")
    spring = "2027-03-29T00:30:00.000Z"
    assert eventually(lambda: slots(api, 1)) == [spring]

    # The mail's link needs no key.
    (mail,) = eventually(lambda: [mail for mail in mailbox.fetch(inside.endpoint_url) if office in mail.to] or None)
    assert "Noche" in mail.subject
    link = next(link for link in mail.links() if link.startswith(f"{inside.api_url}/v1/stores/{shop.id}/exports/"))
    redirect = httpx.get(link, trust_env=False, timeout=60)
    assert redirect.status_code == 303, redirect.text
    assert f"ana@{shop.id}.example" in httpx.get(redirect.headers["location"], trust_env=False, timeout=60).text
    downloads = api.get("/audit", params={"action": "export.downloaded"}).json()["items"]
    assert [entry["actor"]["kind"] for entry in downloads] == ["export_link"]

    # Autumn: on 31 October they repeat 02:30.
    api.patch(f"/export-schedules/{schedule['id']}", json={"paused": True}).raise_for_status()
    eventually(lambda: state() == "DISABLED" or None)
    set_clock("2027-10-30T12:00:00+00:00")
    api.patch(f"/export-schedules/{schedule['id']}", json={"paused": False}).raise_for_status()
    eventually(lambda: state() == "ENABLED" or None)
    time.sleep(TICKS)
    set_clock("2027-10-31T00:45:00+00:00")
    set_clock("2027-10-31T12:00:00+00:00")
    assert eventually(lambda: slots(api, 2)) == [spring, "2027-10-31T00:30:00.000Z"]

    shown = api.get(f"/export-schedules/{schedule['id']}").json()
    assert [run["status"] for run in shown["last_runs"]] == ["succeeded", "succeeded"]
    api.delete(f"/export-schedules/{schedule['id']}").raise_for_status()
    eventually(lambda: state() is None or None)
