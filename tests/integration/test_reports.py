"""Reports on DynamoDB: exact after any change, under crashes and workers, and what they cost."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from benchmarks.traffic import record_traffic
from tests.support import reports
from tests.support.interleaving import after_first
from tests.support.orders import holder, order
from tests.support.template_file import PROJECT

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.lifecycle import customer_removal, merges, removal_queue
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.reports import (
    report_check,
    report_generations,
    report_rebuild,
    report_sources,
    report_states,
    report_updates,
    rfm_scores,
    summary_report,
    top_customers_report,
)
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_states import CountedCustomer
from clientela.reports.summary_report import SummaryParameters
from clientela.reports.top_customers_report import TopParameters
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

NOW = clock.now()
SAMPLE = PROJECT / "tests/data/chinook/orders.jsonl"
YEARS = SummaryParameters.model_validate({"from": "2021-01-01", "to": "2027-01-01"})


@pytest.fixture(scope="module")
def with_stream() -> bool:
    return True


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal_queue, "put_message", lambda *message: None)
    reports.no_pause(monkeypatch, report_check)


@pytest.fixture
def ready(store: Store) -> Store:
    """A store whose first generation is there, as some seconds after its creation."""
    reports.build(store)
    return store


def take(store: Store, **fields: object) -> str:
    orders.record_version(store, order(**fields), NOW)
    return holder(store, str(fields.get("email", "ana@example.com"))).id


def update(store: Store, customer_id: str) -> None:
    report_updates.update(store, ReportSource("customer", customer_id))


def summary(store: Store) -> dict[str, Any]:
    return summary_report.compute(store, YEARS, NOW).current.model_dump(mode="json")


def test_the_sample_in_every_status_shuffled_moved_merged_and_erased_is_exact(
    ready: Store, dynamodb_local: str
) -> None:
    chance = random.Random(11)
    messages = [Order.model_validate(json.loads(line)["order"]) for line in SAMPLE.read_text().splitlines()][:80]
    statuses = ["paid", "refunded", "cancelled", "awaiting_payment", "partially_refunded"]
    later = [
        each.model_copy(
            update={
                "version": 2,
                "payment_status": chance.choice(statuses),
                "total": each.total / 2,
                "email": chance.choice([each.email, "somebody.else@example.com"]),
                "placed_at": chance.choice([each.placed_at, messages[0].placed_at]),
            }
        )
        for each in chance.sample(messages, 40)
    ]
    messages += [each.model_copy(update={"id": f"n{each.id}", "email": None}) for each in messages[:5]]
    for message in chance.sample(messages + later, len(messages) + len(later)):
        orders.record_version(ready, message, NOW)
    one, two, three, four = (customers.find(ready, email, NOW) for email in sorted(
        {str(each.email) for each in messages if each.email})[:4])  # fmt: skip
    assert one
    assert two
    assert three
    assert four
    merges.merge(ready, one.id, two.id, NOW, OPERATOR, lambda: False)
    customer_removal.erase(ready, three.id, NOW, OPERATOR, lambda: False)
    customer_removal.remove(ready, four.id, NOW, OPERATOR)
    customer_removal.remove_belongings(ready, four.id, lambda: False)
    assert reports.update_all(ready, dynamodb_local, chance) > 40
    assert summary(ready)["orders_without_customer"] > 0
    reports.assert_exact(ready)
    states = [item for item in everything(ready) if "REPORTS#" in item["pk"]["S"]]
    assert states
    assert not [item for item in states if three.id in json.dumps(item) or two.id in json.dumps(item)]


def everything(store: Store) -> Iterator[dynamodb.Item]:
    pages = dynamodb.scan_pages(
        FilterExpression="begins_with(pk, :store)", ExpressionAttributeValues={":store": {"S": keys.store(store.id)}}
    )
    return (item for page in pages for item in page["Items"])


def test_a_cancelled_first_order_makes_the_second_one_new(ready: Store) -> None:
    ana = take(ready, id="1", placed_at="2026-01-10T10:00:00Z", total="10.00")
    take(ready, id="2", placed_at="2026-03-10T10:00:00Z", total="30.00")
    update(ready, ana)
    assert [summary(ready)[name] for name in ("new_orders", "returning_orders", "returning_customers")] == [1, 1, 1]
    take(ready, id="1", version=2, placed_at="2026-01-10T10:00:00Z", total="10.00", payment_status="cancelled")
    update(ready, ana)
    found = summary(ready)
    assert [found[name] for name in ("new_orders", "returning_orders", "returning_customers")] == [1, 0, 0]
    [money] = found["money"]
    assert (money["amount"], money["new_amount"], money["average"]) == ("30.00", "30.00", "30.00")


def test_a_change_of_the_zone_moves_orders_to_their_new_days(ready: Store) -> None:
    ana = take(ready, id="1", placed_at="2025-12-31T23:30:00Z")
    update(ready, ana)
    year = SummaryParameters.model_validate({"from": "2026-01-01", "to": "2027-01-01"})
    assert summary_report.compute(ready, year, NOW).current.orders == 0
    store_settings.change_settings(ready.id, {"timezone": "Europe/Madrid"}, NOW)
    assert summary_report.compute(ready, year, NOW).timezone == "UTC"  # until the rebuild is over
    reports.build(ready)
    found = summary_report.compute(ready, year, NOW)
    assert (found.timezone, found.current.orders, found.current.new_customers) == ("Europe/Madrid", 1, 1)


class DiedError(BaseException):
    """The process ends, before or after a call."""


def dying(send: Callable[[str, bytes], Any], number: int) -> Callable[[str, bytes], Any]:
    """Send calls until the process dies: 1 before the first one, 2 after it, 3 before the second one."""
    calls = itertools.count(1)

    def die(operation: str, body: bytes) -> Any:
        is_last = next(calls) == (number + 1) // 2
        if is_last and number % 2:
            raise DiedError
        reply = send(operation, body)
        if is_last:
            raise DiedError
        return reply

    return die


def test_a_process_may_die_at_every_call(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, send = take(ready, id="1"), dynamodb.client.send
    for number in range(1, 40):
        take(ready, id="1", version=number + 1, total=f"{number}.00")
        with monkeypatch.context() as patch:
            patch.setattr(dynamodb.client, "send", dying(send, number))
            try:
                update(ready, ana)
                is_over = True
            except DiedError:
                is_over = False
        update(ready, ana)  # the message is received again
        assert summary(ready)["money"][0]["amount"] == f"{number}.00"
        if is_over and number > 12:
            break
    else:
        pytest.fail("it dies at every call")
    reports.assert_exact(ready)


def test_eight_workers_and_arriving_orders_end_in_the_same_counters(ready: Store) -> None:
    emails = [f"{name}@example.com" for name in ("ana", "ben", "cleo")]
    ids = [take(ready, id=f"first-{email}", email=email) for email in emails]

    def arrive(number: int) -> None:
        email = emails[number % 3]
        placed_at = f"2026-{number % 9 + 1:02}-{number % 27 + 1:02}T10:00:00Z"
        orders.record_version(ready, order(id=str(number), email=email, placed_at=placed_at, total="1.50"), NOW)
        update(ready, ids[number % 3])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(arrive, range(48)))
    for customer_id in ids:
        update(ready, customer_id)
    assert summary(ready)["orders"] == 51
    reports.assert_exact(ready)


def test_a_change_between_reading_and_counting_is_not_lost(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = take(ready, id="1", total="10.00")
    after_first(monkeypatch, report_sources, "read", lambda: take(ready, id="1", version=2, total="20.00"))
    update(ready, ana)
    assert summary(ready)["money"][0]["amount"] == "20.00"


def test_an_order_without_customer_that_leaves_and_comes_back_meanwhile_counts_once(
    ready: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(version: int, **fields: object) -> None:
        orders.record_version(ready, order(id="7", email=None, version=version, **fields), NOW)
        report_updates.update(ready, ReportSource("order", "7"))

    def comes_back() -> None:
        count(2, payment_status="cancelled")
        count(3, total="20.00")

    count(1, total="10.00")
    after_first(monkeypatch, report_updates.ReportedState, "find", comes_back)
    report_updates.update(ready, ReportSource("order", "7"))
    [money] = summary(ready)["money"]
    assert (money["orders"], money["amount"]) == (1, "20.00")
    reports.assert_exact(ready)


def test_an_order_that_comes_during_a_rebuild_is_in_the_new_generation(
    ready: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = take(ready, id="1", total="10.00")
    update(ready, ana)
    report_generations.start(ready, NOW)

    def order_comes() -> None:
        take(ready, id="2", total="5.00")
        update(ready, ana)

    after_first(monkeypatch, report_generations, "save_cursor", order_comes)
    reports.build(ready)
    assert summary(ready)["money"][0]["amount"] == "15.00"
    reports.assert_exact(ready)


def test_a_rebuild_that_began_while_a_customer_was_told_has_the_change(
    ready: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = take(ready, id="1", total="10.00")
    update(ready, ana)

    def rebuild_passes() -> None:  # it counts the customer before the next order
        report_generations.start(ready, NOW)
        report_updates.update_generation(ready, report_generations.active(ready.id)[1], ReportSource("customer", ana))
        take(ready, id="2", total="5.00")

    after_first(monkeypatch, report_generations, "active", rebuild_passes)
    update(ready, ana)
    building = report_generations.active(ready.id)[1]
    reported = report_updates.ReportedState.find(
        *report_updates.reported_keys(ready.id, building.number, ReportSource("customer", ana))
    )
    assert reported
    state = report_states.unpack(reported.state)
    assert isinstance(state, CountedCustomer)
    assert sum(total.orders for total in state.totals) == 2


def test_the_former_generation_is_deleted_after_the_flip(ready: Store) -> None:
    update(ready, take(ready))
    report_generations.start(ready, NOW)
    reports.build(ready)
    generations = {item["pk"]["S"].split("#")[3] for item in everything(ready) if "#REPORTS#" in item["pk"]["S"]}
    assert generations == {"2"}
    assert report_rebuild.is_due(stores.read(ready.id)) is False


def test_the_self_check_finds_what_was_counted_wrong_and_counts_it_right(ready: Store) -> None:
    ana, ben = take(ready), take(ready, id="2", email="ben@example.com")
    update(ready, ana)
    update(ready, ben)
    assert report_check.check(ready, NOW).differing == []
    take(ready, id="3")  # its message got lost
    found = report_check.check(ready, NOW)
    assert (found.checked, found.differing) == (2, [ana])
    assert report_check.check(ready, NOW).differing == []
    reports.assert_exact(ready)


def test_a_customer_with_the_orders_of_many_days_is_counted_in_steps(ready: Store) -> None:
    ana = ""
    for number in range(130):
        placed_at = f"{2020 + number // 24}-{number // 2 % 12 + 1:02}-{number % 2 * 9 + 1:02}T10:00:00Z"
        ana = take(ready, id=str(number), placed_at=placed_at, total="1.00")
    update(ready, ana)
    take(ready, id="0", version=2, placed_at="2019-05-05T10:00:00Z", total="1.00")
    update(ready, ana)
    found = summary_report.compute(
        ready, SummaryParameters.model_validate({"from": "2019-01-01", "to": "2027-01-01"}), NOW
    )
    assert (found.current.orders, found.current.money[0].amount) == (130, Decimal("130.00"))
    reports.assert_exact(ready)
    customer_removal.remove(ready, ana, NOW, OPERATOR)
    update(ready, ana)
    assert reports.counters(ready) == {}


def test_an_erased_customer_leaves_the_top_list_and_every_item_of_reports(ready: Store) -> None:
    ana, ben = take(ready, total="90.00"), take(ready, id="2", email="ben@example.com")
    for customer_id in (ana, ben):
        update(ready, customer_id)
    month = TopParameters.model_validate({"from": "2026-11-01", "to": "2026-12-01"})
    assert [each.customer_id for each in top_customers_report.compute(ready, month, NOW).customers] == [ana, ben]
    rfm_scores.compute(ready, NOW)
    customer_removal.erase(ready, ana, NOW, OPERATOR, lambda: False)
    assert [each.customer_id for each in top_customers_report.compute(ready, month, NOW).customers] == [ben]
    update(ready, ana)
    report_updates.update(ready, ReportSource("order", "1001"))
    mine = [item for item in everything(ready) if "REPORT" in item["pk"]["S"] + item["sk"]["S"]]
    assert not [item for item in mine if ana in json.dumps(item)]
    found = summary(ready)
    assert (found["orders"], found["orders_without_customer"], found["customers"]) == (2, 1, 1)


def written(act: Callable[[], object]) -> float:
    with record_traffic() as traffic:
        act()
    return traffic.write_units


def test_write_units_of_what_is_told(ready: Store) -> None:
    ana = customers.create(ready, NewCustomer(email="ana@example.com"), NOW).id
    assert written(lambda: update(ready, ana)) == 10
    take(ready, id="1", placed_at="2026-01-10T10:00:00Z")
    assert written(lambda: update(ready, ana)) == 12
    take(ready, id="2", placed_at="2026-02-10T10:00:00Z")
    assert written(lambda: update(ready, ana)) == 12
    customers.patch(ready, ana, {"note": "tea"}, NOW)
    assert written(lambda: update(ready, ana)) == 0
    customers.patch(ready, ana, {"accepts_marketing": True}, NOW)
    assert written(lambda: update(ready, ana)) == 6
