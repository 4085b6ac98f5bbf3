"""Reports of the sample orders, from the queue to the API: the figures are those of SQL on the same file."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import Any

import httpx
import pytest
from local.outputs import Outputs
from tests.e2e.conftest import MakeClient, clientela, eventually

ORDERS = (Path(__file__).parents[1] / "data/chinook/orders.jsonl").read_text().splitlines()
STORE = "counted"
QUARTER = {"from": "2023-04-01", "to": "2023-07-01"}


@pytest.fixture(scope="module")
def sql() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE orders (id TEXT, day TEXT, email TEXT, cents INTEGER)")
        orders = [json.loads(line)["order"] for line in ORDERS]
        rows = [(o["id"], o["placed_at"][:10], o["email"], int(Decimal(o["total"]) * 100)) for o in orders]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        yield database


@pytest.fixture(scope="module")
def merchant(cloud: Outputs, cloud_client: MakeClient) -> Iterator[httpx.Client]:
    """The API of a store whose orders are counted."""
    clientela("stores", "create", STORE, "--name", "Counted", "--currency", "USD")
    key = clientela("keys", "create", STORE, "--name", "e2e")["key"]
    sqs = cloud_client("sqs")
    for batch in batched(ORDERS, 10, strict=False):
        bodies = [json.dumps(json.loads(line) | {"store_id": STORE}) for line in batch]
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        assert not sqs.send_message_batch(QueueUrl=cloud.orders_queue_url, Entries=entries).get("Failed")
    with httpx.Client(
        base_url=f"{cloud.api_url}/v1/stores/{STORE}",
        timeout=60,
        trust_env=False,
        headers={"Authorization": f"Bearer {key}"},
    ) as client:

        def all_counted() -> bool | None:
            answer = client.get("/reports/summary", params={"from": "2021-01-01", "to": "2026-01-01"})
            assert answer.status_code in (200, 503), answer.text
            return (answer.status_code == 200 and answer.json()["current"]["orders"] == len(ORDERS)) or None

        eventually(all_counted)
        yield client


def report(merchant: httpx.Client, name: str, **parameters: object) -> Any:
    answer = merchant.get(f"/reports/{name}", params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_quarter_is_as_by_sql(merchant: httpx.Client, sql: sqlite3.Connection) -> None:
    found = report(merchant, "summary", **QUARTER)["current"]
    [(orders, cents, active)] = sql.execute(
        "SELECT count(*), sum(cents), count(DISTINCT email) FROM orders WHERE day >= :from AND day < :to", QUARTER
    )
    [(new,)] = sql.execute(
        "SELECT count(*) FROM (SELECT min(day) AS first FROM orders GROUP BY email) WHERE first >= :from AND first < :to",
        QUARTER,
    )
    [money] = found["money"]
    assert (found["orders"], found["active_customers"], found["new_customers"]) == (orders, active, new)
    assert (money["currency"], Decimal(money["amount"])) == ("USD", Decimal(cents) / 100)


def test_cohorts_are_as_by_sql(merchant: httpx.Client, sql: sqlite3.Connection) -> None:
    expected = sql.execute(
        """
        WITH firsts AS (SELECT email, substr(min(day), 1, 7) AS cohort FROM orders GROUP BY email)
        SELECT cohort, substr(day, 1, 7), count(DISTINCT email), sum(cents) FROM orders JOIN firsts USING (email)
        WHERE day < '2026-01-01' GROUP BY 1, 2 ORDER BY 1, 2
        """
    ).fetchall()
    found = [
        (cohort["month"], cell["month"], cell["customers"], _growth(cohort["cells"], cell["k"]))
        for cohort in report(merchant, "cohorts", **{"from": "2021-01-01", "to": "2026-01-01"})["cohorts"]
        for cell in cohort["cells"]
        if cell["customers"]
    ]
    assert found == expected


def _growth(cells: list[Any], k: int) -> int:
    """The cents that a cohort spent in one month."""
    now, before = (cells[place]["money"] if place >= 0 else [] for place in (k, k - 1))
    cents = [int(Decimal(money[0]["cumulated"]) * 100) if money else 0 for money in (now, before)]
    assert int(Decimal(now[0]["amount"]) * 100) == cents[0] - cents[1]
    return cents[0] - cents[1]


def test_repeat_and_best_customers_are_as_by_sql(merchant: httpx.Client, sql: sqlite3.Connection) -> None:
    classes = report(merchant, "repeat")["orders_per_customer"]
    by_number = sql.execute(
        "SELECT n, count(*) FROM (SELECT count(*) AS n FROM orders GROUP BY email) GROUP BY n ORDER BY n"
    ).fetchall()
    assert [(each["orders"], each["customers"]) for each in classes if each["customers"]] == by_number
    best = report(merchant, "top-customers", limit=5)["customers"]
    spent = sql.execute("SELECT sum(cents) FROM orders GROUP BY email ORDER BY 1 DESC LIMIT 5").fetchall()
    assert [int(Decimal(each["amount"]) * 100) for each in best] == [cents for (cents,) in spent]
    in_quarter = report(merchant, "top-customers", **QUARTER, limit=5)["customers"]
    spent = sql.execute(
        "SELECT sum(cents) FROM orders WHERE day >= :from AND day < :to GROUP BY email ORDER BY 1 DESC LIMIT 5", QUARTER
    ).fetchall()
    assert [int(Decimal(each["amount"]) * 100) for each in in_quarter] == [cents for (cents,) in spent]


def test_the_night_finds_no_difference_and_scores_everybody(
    merchant: httpx.Client, cloud_client: MakeClient, sql: sqlite3.Connection
) -> None:
    answer = cloud_client("lambda").invoke(FunctionName="clientela-local-report-checker", Payload=b"{}")
    outcome = answer["Payload"].read()
    assert "FunctionError" not in answer, outcome
    checked = clientela("reports", "check", STORE)
    assert (checked["checked"], checked["differing"]) == (59, [])
    rfm = report(merchant, "rfm", window="ever")
    assert (rfm["customers"], sum(rfm["segments"].values())) == (59, 59)
    people = merchant.get("/reports/rfm/customers", params={"window": "ever", "limit": 100}).json()["items"]
    orders = dict(sql.execute("SELECT email, count(*) FROM orders GROUP BY email").fetchall())
    assert {each["email"]: int(each["frequency"]["value"]) for each in people} == orders


def test_csv_has_the_same_figures(merchant: httpx.Client) -> None:
    answer = merchant.get("/reports/summary", params=QUARTER, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    header, current = answer.text.splitlines()[:2]
    cells = dict(zip(header.split(","), current.split(","), strict=True))
    assert int(cells["orders"]) == report(merchant, "summary", **QUARTER)["current"]["orders"]
