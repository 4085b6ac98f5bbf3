"""The function that takes orders from their queue."""

import json

import pytest
from tests.support.counts import counted
from tests.support.orders import batch, failures, holder, order
from tests.support.template_file import PROJECT

from clientela.customers import customer_search
from clientela.errors import StoreNotFoundError
from clientela.orders import order_lists
from clientela.stores import stores
from clientela.stores.stores import Store

EVENT = PROJECT / "events" / "sqs_order.json"


def test_the_sample_event_is_taken(store: Store) -> None:
    assert failures(json.loads(EVENT.read_text())) == []
    ana = holder(store)
    [taken] = order_lists.of_customer(store, ana.id).items
    assert (taken.number, taken.model_dump(mode="json")["items"][0]["quantity"]) == ("A-1001", 2)


def test_exactly_the_poison_messages_of_a_batch_are_handed_back(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def body(number: int, **fields: object) -> str:
        made = order(id=str(number), email=f"c{number}@example.com").model_dump(mode="json", exclude_none=True)
        return json.dumps({"store_id": store.id, "order": made | fields})

    bodies = [body(number) for number in range(10)]
    bodies[2], bodies[5], bodies[7] = "{not json", body(5, total="1.23456"), body(7).replace(store.id, "nowhere")
    assert failures(batch(*bodies)) == ["m2", "m5", "m7"]
    assert customer_search.count(store) == 7
    assert "c5@example.com" not in caplog.text


def test_orders_are_counted_and_so_are_versions_that_are_known(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [order(id=str(number)).model_dump(mode="json", exclude_none=True) for number in (1, 2, 2)]
    sent = [json.dumps({"store_id": store.id, "order": body}) for body in bodies]
    assert failures(batch(*sent, "{not json")) == ["m3"]
    assert counted(capsys) == {"OrdersTaken": 2, "OrdersRepeated": 1}


def test_a_wholly_poisonous_batch_reports_all(store: Store) -> None:
    made = order().model_dump(mode="json", exclude_none=True)
    stranger, wrong = {"store_id": "nowhere", "order": made}, {"store_id": store.id, "order": made | {"total": "-1"}}
    assert failures(batch("", json.dumps(stranger), json.dumps(wrong))) == ["m0", "m1", "m2"]
    assert customer_search.count(store) == 0
    with pytest.raises(StoreNotFoundError):
        stores.read("nowhere")
