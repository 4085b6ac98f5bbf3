"""Functions whose DynamoDB throttles, conflicts or is silent end in time; nothing is lost, nothing doubled."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from tests.support import overload
from tests.support.http_events import answered, http_event
from tests.support.orders import batch, figures, holder, order
from tests.support.overload import Fault, World
from tests.support.storefront import EVENT
from tests.support.template_file import PROJECT, resources

import customers_api
import order_intake
import storefront_api
from clientela import clock, deadlines
from clientela.aws import clients
from clientela.aws.http_connections import Reply
from clientela.concurrency import retry_while_busy
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError
from clientela.handlers import stream_batches
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import dynamodb
from clientela.table.stream import TableChange

FUNCTIONS = resources("AWS::Serverless::Function")
FAULTS = [overload.throttled, overload.writes_throttled, overload.conflicting, overload.silent]
PATCH_SECONDS, STOREFRONT_SECONDS, ORDER_SECONDS = 8, 5, 20


def timeout(function: str) -> int:
    """What the template gives a function, in milliseconds."""
    return int(FUNCTIONS[function]["Properties"].get("Timeout", 30)) * 1000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com"), clock.now())


@pytest.fixture
def patch(store: Store, ana: Customer) -> dict[str, Any]:
    """A request to change Ana."""
    key = api_keys.create(store.id, NewKey(name="t"), clock.now()).key
    return http_event("PATCH", f"demo/customers/{ana.id}", {"note": "vip"}, key=key, headers={"if-match": '"1"'})


def orders_of(store: Store, count: int = 10) -> dict[str, Any]:
    made = [order(id=str(number), email="ana@example.com", total="10.00") for number in range(count)]
    bodies = [each.model_dump(mode="json", exclude_none=True) for each in made]
    return batch(*(json.dumps({"store_id": store.id, "order": body}) for body in bodies))


def left_over(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What SQS delivers again: the messages that the function handed back."""
    failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    return {"Records": [record for record in event["Records"] if record["messageId"] in failed]}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_patch_is_answered_before_anybody_gives_up(
    store: Store, ana: Customer, patch: dict[str, Any], world: World, fault: Fault
) -> None:
    world.fault = fault
    answer = customers_api.handler(patch, world.context(timeout("CustomersApi")))
    assert (answer["statusCode"], answered(answer)["code"]) == (503, "busy")
    assert int(answer["headers"]["Retry-After"]) >= 1
    assert world.seconds <= PATCH_SECONDS
    world.fault = lambda operation, request: None
    again = customers_api.handler(patch, world.context(timeout("CustomersApi")))
    assert (again["statusCode"], customers.get(store, ana.id).note) == (200, "vip")
    assert customers.get(store, ana.id).version == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_the_storefront_answers_within_five_seconds(store: Store, world: World, fault: Fault) -> None:
    world.fault = fault
    answer = storefront_api.handler(EVENT, world.context(timeout("StorefrontApi")))
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) >= 1
    assert world.seconds <= STOREFRONT_SECONDS
    world.fault = lambda operation, request: None
    assert storefront_api.handler(EVENT, world.context(timeout("StorefrontApi")))["statusCode"] == 202


@pytest.mark.parametrize("fault", FAULTS)
def test_one_order_leaves_the_function_time_for_its_answer(store: Store, world: World, fault: Fault) -> None:
    world.fault = fault
    event = orders_of(store, 1)
    answer = order_intake.handler(event, world.context(timeout("OrderIntake")))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    assert world.seconds <= ORDER_SECONDS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_batch_stops_early_and_hands_back_the_rest(store: Store, world: World, fault: Fault) -> None:
    world.fault = fault
    event = orders_of(store)
    answer = order_intake.handler(event, world.context(timeout("OrderIntake")))
    assert len(answer["batchItemFailures"]) == 10
    assert world.seconds < timeout("OrderIntake") / 1000 - 1
    calls = world.calls
    world.fault = lambda operation, request: None
    assert order_intake.handler(left_over(event, answer), world.context(30_000)) == {"batchItemFailures": []}
    assert figures(holder(store))[:2] == (10, {"USD": ("100.00", 10)})
    assert calls > 0


@pytest.mark.parametrize("seed", range(3))
def test_orders_of_an_overloaded_table_are_recorded_once_each(store: Store, world: World, seed: int) -> None:
    faults, done = iter(range(seed, 100_000)), {"lost": 0}
    send = dynamodb.client.send

    def mostly(operation: str, request: dict[str, Any]) -> Reply | None:
        """Two calls of three are throttled or conflict; of the others, one in five is done and its reply lost."""
        number = next(faults)
        if number % 3:
            return overload.writes_throttled(operation, request) or overload.throttled(operation, request)
        if number % 5 == 0 and operation not in overload.READS:
            world.fault = lambda *_: None
            send(operation, json.dumps(request).encode())
            world.fault, done["lost"] = mostly, done["lost"] + 1
            return overload.SILENCE
        return None

    world.fault = mostly
    event, receives = orders_of(store), 0
    while event["Records"]:
        event = left_over(event, order_intake.handler(event, world.context(timeout("OrderIntake"))))
        receives += 1
        assert receives <= 20, "dead letters"
    world.fault = lambda operation, request: None
    assert done["lost"]
    assert figures(holder(store))[:2] == (10, {"USD": ("100.00", 10)})
    assert customer_search.count(store) == 1


def test_changes_whose_turn_comes_too_late_are_delivered_again(world: World) -> None:
    def handle(change: TableChange) -> None:
        world.seconds += 9

    sample = json.loads((PROJECT / "events" / "dynamodb_stream.json").read_text())
    numbers = [each["dynamodb"]["SequenceNumber"] for each in sample["Records"]]
    answer = stream_batches.process_batch(sample, world.context(30_000), handle, Logger())
    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == numbers[3:]
    assert world.seconds == 27


def test_domain_loops_end_with_the_invocation(world: World) -> None:
    def busy() -> None:
        raise BusyError

    with pytest.raises(BusyError) as caught, deadlines.within(10, 5):
        retry_while_busy(busy, 600)
    assert world.seconds <= 5
    assert caught.value.retry_after == deadlines.RETRY_AFTER


def test_without_a_deadline_nothing_is_cut_short(world: World) -> None:
    attempts: Iterator[int] = iter(range(40))

    def busy_for_long() -> int:
        number = next(attempts)
        if number < 30:
            raise BusyError
        return number

    assert retry_while_busy(busy_for_long, 600) == 30
    assert deadlines.call_seconds(5) == 5


def test_an_inner_deadline_never_extends_the_outer_one(world: World) -> None:
    with deadlines.within(2), deadlines.within(60):
        assert deadlines.call_seconds(5) == 2
    with deadlines.within(60, 3):
        assert deadlines.call_seconds(5) == 3
        world.seconds += 4
        assert deadlines.call_seconds(5) == deadlines.LAST_CALL
        with pytest.raises(BusyError):
            deadlines.require_patience(0)


def test_botocore_sends_nothing_that_there_is_no_time_for(aws: Any, world: World) -> None:
    with pytest.raises(BusyError), deadlines.within(0.1):
        clients.s3().list_buckets()
