"""/reports over HTTP: figures, CSV, ETag, scope, refused periods; and the functions behind them."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support.function_contexts import FunctionContext
from tests.support.http_events import answered, http_event
from tests.support.orders import EVENT, holder, order
from tests.support.streams import record

import customers_api
import event_publisher
import report_checker
import report_updater
from clientela import clock
from clientela.customers import customers
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.orders import orders
from clientela.reports import report_check, report_queue, report_rebuild, report_updates
from clientela.reports.report_queue import ReportMessage
from clientela.reports.report_sources import ReportSource
from clientela.schema.actors import OPERATOR
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

NOW = clock.now()


@pytest.fixture
def ready(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with two customers and three orders, which its reports have counted."""
    monkeypatch.setattr(report_check, "_PAUSE_SECONDS", 0)
    build(store)
    paid = [("1", "ana@example.com", "2026-01-10", "10.00"), ("2", "ana@example.com", "2026-03-02", "20.00")]
    for id_, email, day, total in [*paid, ("3", "=ben@example.com", "2026-03-03", "5.00")]:
        placed_at = f"{day}T10:00:00Z"
        orders.record_version(store, order(id=id_, email=email, placed_at=placed_at, total=total), NOW)
        report_updates.update(store, ReportSource("customer", holder(store, email).id))
    return store


def build(store: Store) -> None:
    now = clock.now()
    while (progress := report_rebuild.advance(stores.read(store.id), now, lambda: False)).wait is not None:
        now += timedelta(seconds=progress.wait + 1)


def get(report: str, key: str, headers: dict[str, str] | None = None, **query: object) -> dict[str, Any]:
    event = http_event("GET", f"demo/reports/{report}", key=key, headers=headers, **query)
    return customers_api.handler(event, FunctionContext())


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="reports", scopes=["reports:read"]), NOW, OPERATOR).key


MARCH = "2026-03-09T10:00:00Z"
YEAR = {"from": "2026-01-01", "to": "2027-01-01"}


def test_the_summary_has_figures_definitions_and_the_period_before(ready: Store, key: str) -> None:
    body = answered(get("summary", key, **YEAR, compare="previous"))
    current = body["current"]
    assert (current["orders"], current["new_orders"], current["returning_orders"]) == (3, 2, 1)
    assert (current["active_customers"], current["returning_customers"]) == (2, 1)
    assert (current["repeat_rate"], current["period_repeat_rate"]) == ("0.5000", "0.5000")
    [money] = current["money"]
    assert (money["amount"], money["average"], money["new_amount"], money["returning_amount"]) == (
        "35.00", "11.67", "15.00", "20.00",
    )  # fmt: skip
    assert body["previous"]["orders"] == 0
    assert body["previous"]["period"] == {"start": "2025-01-01", "end": "2026-01-01"}
    assert body["today"]["by_source"] == {"order": 2}
    assert "returning_order" in body["definitions"]
    assert (body["timezone"], body["as_of"] <= clock.format_timestamp(clock.now())) == ("UTC", True)


def test_rows_that_are_to_come_have_no_figures(ready: Store, key: str) -> None:
    body = answered(get("new-vs-returning", key, **{"from": "2026-01-01", "to": "2035-01-01"}))
    january, march, last = body["rows"][0], body["rows"][2], body["rows"][-1]
    assert (january["new_orders"], january["returning_orders"], january["complete"]) == (1, 0, True)
    assert (march["new_customers"], march["returning_customers"], march["orders"]) == (1, 1, 2)
    assert (last["complete"], last["orders"], last["money"]) == (False, None, None)


def test_cohorts_are_null_in_months_to_come(ready: Store, key: str) -> None:
    body = answered(get("cohorts", key, **{"from": "2026-01-01", "to": "2030-01-01"}))
    january = body["cohorts"][0]
    assert (january["month"], january["customers"]) == ("2026-01", 1)
    assert [cell["customers"] for cell in january["cells"][:4]] == [1, 0, 1, 0]
    assert january["cells"][2]["money"] == [
        {"currency": "USD", "is_base": False, "amount": "20.00", "cumulated": "30.00",
         "cumulated_per_customer": "30.00"}
    ]  # fmt: skip
    assert january["cells"][-1] is None


def test_repeat_customers_by_orders_and_by_time(ready: Store, key: str) -> None:
    body = answered(get("repeat", key, to="2026-12-31"))
    assert [each["customers"] for each in body["orders_per_customer"][:3]] == [1, 1, 0]
    waits = {each["to_days"]: each["customers"] for each in body["time_to_second_order"]}
    assert waits[60] == 1
    assert sum(waits.values()) == 1


@pytest.mark.parametrize("period", [{}, YEAR])
@pytest.mark.parametrize("rank", ["spend", "orders"])
def test_the_best_customers(ready: Store, key: str, rank: str, period: dict[str, str]) -> None:
    body = answered(get("top-customers", key, rank=rank, **period))
    found = [(each["email"], each["orders"], each["amount"]) for each in body["customers"]]
    assert found == [("ana@example.com", 2, "30.00"), ("=ben@example.com", 1, "5.00")]


def test_an_average_takes_three_orders(ready: Store, key: str) -> None:
    assert answered(get("top-customers", key, rank="average"))["customers"] == []
    orders.record_version(ready, order(id="4", placed_at="2026-03-09T10:00:00Z", total="30.00"), NOW)
    report_updates.update(ready, ReportSource("customer", holder(ready).id))
    for period in ({}, YEAR):
        [best] = answered(get("top-customers", key, rank="average", **period))["customers"]
        assert (best["email"], best["average"]) == ("ana@example.com", "20.00")


def test_the_best_customers_of_some_days_of_one_group(ready: Store, key: str) -> None:
    days = {"from": "2026-03-02", "to": "2026-03-03"}
    assert [each["amount"] for each in answered(get("top-customers", key, **days))["customers"]] == ["20.00"]
    groups.create(ready, NewGroup(code="vip", name="VIP"), NOW)
    vip = groups.find(ready, "vip")
    assert vip
    ben = holder(ready, "=ben@example.com")
    customers.patch(ready, ben.id, {"groups": [vip.id]}, NOW)
    for period in ({}, YEAR):
        found = answered(get("top-customers", key, group="vip", **period))["customers"]
        assert [each["customer_id"] for each in found] == [ben.id]
    assert get("top-customers", key, group="nobody")["statusCode"] == 422


def test_rfm_says_why(ready: Store, key: str) -> None:
    body = answered(get("rfm", key, window="ever"))
    assert (body["customers"], sum(body["segments"].values())) == (2, 2)
    assert body["cut_offs"]["frequency"] == [1, 2, 2, None]
    rows = answered(get("rfm/customers", key, window="ever"))["items"]
    assert [row["email"] for row in rows] == ["=ben@example.com", "ana@example.com"]
    assert rows[0]["recency"]["score"] == 4
    assert rows[0]["recency"]["reason"].startswith("Last order ")
    assert rows[1]["frequency"] == {"score": 4, "value": "2", "reason": "Orders 2: 4 means at least 2."}
    segment = rows[1]["segment"]
    assert [row["email"] for row in answered(get("rfm/customers", key, window="ever", segment=segment))["items"]] == [
        "ana@example.com"
    ]


@pytest.mark.parametrize("report", ["summary", "new-vs-returning", "cohorts", "repeat", "top-customers", "rfm"])
def test_every_report_is_csv_too_and_safe_for_spreadsheets(ready: Store, key: str, report: str) -> None:
    response = get(report, key, {"accept": "text/csv"})
    assert response["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response["body"])))
    assert rows
    assert all(None not in row and None not in row.values() for row in rows)
    notes = [next(iter(row.values())) for row in rows if next(iter(row.values())).startswith("#")]
    assert any(note.startswith("# timezone: UTC") for note in notes)
    assert any(note.startswith("# counted_order: An order that is paid") for note in notes)
    if report == "top-customers":
        assert [row["email"] for row in rows if row["email"]] == ["ana@example.com", "'=ben@example.com"]


def test_the_cells_of_csv_have_the_amounts_by_currency(ready: Store, key: str) -> None:
    response = get("new-vs-returning", key, {"accept": "text/csv"}, **YEAR)
    rows = [row for row in csv.DictReader(io.StringIO(response["body"])) if not row["of"].startswith("#")]
    assert [row["of"] for row in rows] == ["row"] * 12 + ["total"]
    assert (rows[-1]["orders"], rows[-1]["customers"], rows[-1]["amount_USD"]) == ("3", "2", "35.00")
    march = rows[2]
    assert (march["start"], march["amount_USD"], march["returning_amount_USD"]) == ("2026-03-01", "25.00", "20.00")


def test_a_report_that_has_not_changed_is_not_sent_again(ready: Store, key: str) -> None:
    first = get("summary", key, **YEAR)
    tag = first["headers"]["ETag"]
    again = get("summary", key, {"if-none-match": tag}, **YEAR)
    assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (304, "", tag)
    orders.record_version(ready, order(id="9", placed_at="2026-03-09T10:00:00Z"), NOW)
    report_updates.update(ready, ReportSource("customer", holder(ready).id))
    assert get("summary", key, {"if-none-match": tag}, **YEAR)["statusCode"] == 200


@pytest.mark.parametrize(
    ("report", "query"),
    [("top-customers", {"rank": "average"}), ("cohorts", {"from": "2040-01-01", "to": "2040-03-01"})],
)
def test_an_empty_report_has_the_header_of_its_csv(ready: Store, key: str, report: str, query: dict[str, str]) -> None:
    lines = get(report, key, {"accept": "text/csv"}, **query)["body"].splitlines()
    assert lines[0].split(",")[0] in ("rank", "cohort")
    assert lines[1].startswith("# as_of: ")


def test_customers_with_their_scores_are_csv_too_and_have_a_tag(ready: Store, key: str) -> None:
    response = get("rfm/customers", key, {"accept": "text/csv"}, window="ever", limit=1)
    [row] = csv.DictReader(io.StringIO(response["body"]))
    assert (row["email"], row["frequency_value"]) == ("'=ben@example.com", "1")
    assert 'rel="next"' in response["headers"]["Link"]
    tag = get("rfm/customers", key)["headers"]["ETag"]
    assert get("rfm/customers", key, {"if-none-match": tag})["statusCode"] == 304
    assert get("rfm/customers", key, {"if-none-match": tag, "accept": "text/csv"})["statusCode"] == 200


def test_the_tag_is_weak_because_the_time_of_the_report_differs(ready: Store, key: str) -> None:
    as_json, as_csv = (get("summary", key, {"accept": each}, **YEAR)["headers"]["ETag"] for each in ("*/*", "text/csv"))
    assert as_json.startswith('W/"')
    assert as_csv != as_json
    again = get("summary", key, {"accept": "text/csv", "if-none-match": as_csv}, **YEAR)
    assert again["statusCode"] == 304


def test_a_period_that_is_not_over_is_marked(ready: Store, key: str) -> None:
    past, open_ = {"from": "2026-01-01", "to": "2026-04-01"}, {"from": "2026-01-01", "to": "2030-01-01"}
    for query, complete in ((past, True), (open_, False)):
        body = answered(get("summary", key, **query, compare="previous"))
        assert (body["current"]["complete"], body["previous"]["complete"]) == (complete, True)
        assert answered(get("top-customers", key, **query))["complete"] is complete
        assert answered(get("repeat", key, to=query["to"]))["complete"] is complete
    assert answered(get("top-customers", key))["complete"] is False


def test_the_list_of_the_best_customers_begins_with_the_shorter_one(ready: Store, key: str) -> None:
    for number in range(4):  # all with the same amount and number, in different currencies besides
        email = f"tie{number}@example.com"
        orders.record_version(ready, order(id=f"t{number}", email=email, total="10.00", placed_at=MARCH), NOW)
        orders.record_version(
            ready, order(id=f"e{number}", email=email, currency="EUR", total=f"{number}", placed_at=MARCH), NOW
        )
        report_updates.update(ready, ReportSource("customer", holder(ready, email).id))
    for period in ({}, YEAR):
        for rank in ("spend", "orders", "average"):
            long = answered(get("top-customers", key, rank=rank, limit=6, **period))["customers"]
            for limit in range(1, 6):
                short = answered(get("top-customers", key, rank=rank, limit=limit, **period))["customers"]
                assert short == long[:limit]


@pytest.mark.parametrize(
    ("report", "query", "pointer"),
    [
        ("summary", {"from": "2026-02-01", "to": "2026-02-01"}, "to"),
        ("summary", {"from": "2026-01-02", "to": "2026-06-01"}, "from"),
        ("summary", {"from": "2026-01-01", "to": "2026-06-02"}, "to"),
        ("summary", {"from": "2001-01-01", "to": "2026-01-01"}, "from"),
        ("new-vs-returning", {"from": "2026-01-01", "to": "2026-06-01", "interval": "week"}, "interval"),
        ("summary", {"from": "January"}, "from"),
        ("summary", {"to": "0001-01-01"}, "to"),
        ("cohorts", {"from": "9999-12-01", "to": "9999-12-31"}, "from"),
        ("repeat", {"to": "9999-12-31"}, "to"),
        ("summary", {"currency": "EURO"}, "currency"),
        ("summary", {"start": "2026-01-01"}, "start"),
        ("top-customers", {"limit": "101"}, "limit"),
    ],
)
def test_invalid_periods_are_refused(ready: Store, key: str, report: str, query: dict[str, str], pointer: str) -> None:
    response = get(report, key, **query)
    assert response["statusCode"] == 422
    assert [each["pointer"] for each in answered(response)["errors"]] == [pointer]


def test_a_key_needs_the_scope(ready: Store) -> None:
    other = api_keys.create(ready.id, NewKey(name="till", scopes=["customers:read"]), NOW, OPERATOR).key
    assert get("summary", other)["statusCode"] == 403


def test_reports_that_are_not_built_yet_say_so(store: Store, key: str) -> None:
    response = get("summary", key)
    assert (response["statusCode"], answered(response)["code"]) == (503, "reports_not_ready")


def test_changes_reach_the_reports_through_stream_and_queue(
    store: Store, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    sent: list[ReportMessage] = []
    monkeypatch.setattr(report_queue, "put", lambda messages, delay=0: sent.extend(messages))
    monkeypatch.setattr(
        event_publisher.event_bus, "publish", lambda events: event_publisher.event_bus.Unpublished([], [])
    )
    monkeypatch.setattr(report_rebuild, "SETTLED", timedelta())
    publish(None, dynamodb.get(keys.store("demo"), keys.SETTINGS))
    assert sent == [ReportMessage(store_id="demo")]
    for _ in range(2):
        receive(sent)
    orders.record_version(store, order(placed_at="2026-03-01T10:00:00Z"), NOW)
    ana = holder(store)
    collection = keys.customer("demo", ana.id)
    profile = dynamodb.get(collection, keys.PROFILE)
    first = dynamodb.get(collection, keys.order(order(placed_at="2026-03-01T10:00:00Z").placed_at, "1001"))
    publish(None, profile)
    publish(None, first)
    assert set(sent) == {ReportMessage(store_id="demo", customer_id=ana.id)}
    receive(sent)
    assert answered(get("summary", key, **YEAR))["current"]["orders"] == 1
    customers.patch(store, ana.id, {"note": "tea"}, NOW)
    orders.record_version(store, order(placed_at="2026-03-01T10:00:00Z", version=2, fulfillment_status="shipped"), NOW)
    publish(profile, dynamodb.get(collection, keys.PROFILE))
    publish(first, dynamodb.get(collection, keys.order(order(placed_at="2026-03-01T10:00:00Z").placed_at, "1001")))
    assert sent == []


def publish(before: dynamodb.Item | None, after: dynamodb.Item | None) -> None:
    result = event_publisher.handler({"Records": [record(before, after)]}, FunctionContext())
    assert result == {"batchItemFailures": []}


def receive(sent: list[ReportMessage]) -> None:
    """Deliver what was sent, twice."""
    bodies = [message.model_dump_json() for message in sent] * 2
    sent.clear()
    records = [batch_record(number, body) for number, body in enumerate(bodies)]
    assert report_updater.handler({"Records": records}, FunctionContext()) == {"batchItemFailures": []}


def batch_record(number: int, body: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(EVENT.read_text())["Records"][0]
    return sample | {"messageId": f"m{number}", "body": body}


def test_a_message_of_a_deleted_store_is_done(aws: Any) -> None:
    records = [batch_record(1, '{"store_id": "gone", "customer_id": "cus_1"}')]
    assert report_updater.handler({"Records": records}, FunctionContext()) == {"batchItemFailures": []}


def test_the_nightly_check_logs_the_line_that_the_alarm_counts(ready: Store, caplog: pytest.LogCaptureFixture) -> None:
    check = {"Records": [batch_record(1, '{"store_id": "demo"}')]}
    report_checker.handler(check, FunctionContext())
    assert "reports differ" not in caplog.messages
    orders.record_version(ready, order(id="9", placed_at="2026-03-09T10:00:00Z"), NOW)  # its message got lost
    report_checker.handler(check, FunctionContext())
    [line] = [each for each in caplog.records if each.message == "reports differ"]
    assert (line.levelname, line.__dict__["differing"]) == ("WARNING", [holder(ready).id])
    caplog.clear()
    report_checker.handler(check, FunctionContext())
    assert "reports differ" not in caplog.messages


def test_every_night_each_store_has_a_check_of_its_own(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stores.create("other", StoreSettings(name="Other"), NOW)
    sent: list[str] = []
    monkeypatch.setattr(report_queue, "put_checks", sent.extend)
    report_checker.handler({}, FunctionContext())
    assert sorted(sent) == ["demo", "other"]


def test_the_nightly_check_counts_orders_without_customer(ready: Store) -> None:
    orders.record_version(ready, order(id="7", email=None, placed_at="2026-03-09T10:00:00Z"), NOW)
    assert report_check.check(ready, NOW).differing == ["7"]
    assert report_check.check(ready, NOW).differing == []
