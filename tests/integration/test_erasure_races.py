"""An erasure between any two calls of another action: nothing of the person is left, whatever the order."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from tests.support import email_changes as changes
from tests.support import sign_ins
from tests.support.erased_people import traces
from tests.support.http_events import http_event
from tests.support.interleaving import before_first
from tests.support.orders import order
from tests.support.removals import Waiting

import customers_api
from clientela import clock, ids
from clientela.csv.csv_headers import recognise
from clientela.customers import customers, tombstones
from clientela.email_changes import email_changes
from clientela.errors import BusyError, ClientelaError
from clientela.imports import import_load, import_writes
from clientela.imports.import_customers import Rules
from clientela.imports.import_rows import parse_row
from clientela.lifecycle import customer_removal, removal_queue
from clientela.notifications import bounces, sign_in_mail
from clientela.orders import orders
from clientela.orders.order_records import OrderReference
from clientela.schema.actors import OPERATOR
from clientela.sign_in import link_sign_in, password_sign_in
from clientela.stores import api_keys, key_changes, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, idempotency, keys, records

NOW = clock.now()
BEFORE = clock.format_timestamp(NOW - timedelta(days=1))
ANA, NEW = "ana@example.com", "new@example.org"
VALUES = {ANA, NEW, "Ana Pérez", "+34911222333"}

type Action = Callable[[], object]


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    queue = Waiting()
    monkeypatch.setattr(removal_queue, "put_message", queue.put)
    return queue


def shop() -> Store:
    told = {
        "name": "Races",
        "login_mode": "optional",
        "password_sign_in": True,
        "storefront_url": "https://shop.example.com",
    }
    return stores.create(f"races-{uuid.uuid4().hex[:12]}", StoreSettings.model_validate(told), NOW)


@contextmanager
def before_call(at: int, interrupt: Action) -> Iterator[Iterator[int]]:
    """Do something else before the DynamoDB call of that number."""
    numbers, plain, running = itertools.count(), dynamodb.client.call, [False]

    def call(operation: str, request: dict[str, Any]) -> Any:
        if not running[0] and next(numbers) == at:
            running[0] = True
            interrupt()
            running[0] = False
        return plain(operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "call", call)
        yield numbers


def erase(store: Store, customer_id: str | None) -> str | None:
    """Erase the customer, or whoever has the e-mail by now."""
    found = customers.find(store, ANA, clock.now()) if customer_id is None else None
    erased_id = customer_id or (found and found.id)
    if erased_id:
        customer_removal.erase(store, erased_id, clock.now(), OPERATOR, lambda: False)
    return erased_id


def race(waiting: Waiting, prepare: Callable[[Store], tuple[Action, str | None]]) -> int:
    """Erase before each call of the action that `prepare` returns, in a store of its own; return the number of calls."""
    stores_by_call, ids_of_people = dict[str, int](), set[str]()
    for at in itertools.count():
        store, erased = shop(), list[str | None]()
        action, customer_id = prepare(store)
        with before_call(at, lambda s=store, c=customer_id, e=erased: e.append(erase(s, c))) as numbers:  # type: ignore[misc]
            with suppress(ClientelaError, BusyError):
                action()
            calls = next(numbers)
        if not any(erased):  # the person came after the erasure's moment
            erased.append(erase(store, customer_id))
        waiting.work()
        stores_by_call[store.id] = at
        ids_of_people |= {each for each in erased if each}
        if calls <= at:
            break
    left = traces(VALUES | ids_of_people)
    assert [(at, each) for each in left for store_id, at in stores_by_call.items() if store_id in each] == []
    return at


def customer(store: Store) -> str:
    orders.record_version(store, order(placed_at=BEFORE, name="Ana Pérez", phone="+34911222333"), NOW)
    found = customers.find(store, ANA, NOW)
    assert found
    return found.id


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "1002", "placed_at": BEFORE},
        {"version": 2, "placed_at": BEFORE, "payment_status": "refunded"},
        {"version": 2, "placed_at": BEFORE, "fulfillment_status": "shipped"},
    ],
)
def test_an_order_that_arrives(deployed: None, waiting: Waiting, fields: dict[str, Any]) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        arriving = order(**{"name": "Ana Pérez", "phone": "+34911222333"} | fields)

        def arrive() -> None:
            while True:  # as the queue delivers it again
                with suppress(BusyError):
                    orders.record_version(store, arriving, NOW)
                    break
            kept = OrderReference.find(keys.order_reference(store.id, arriving.id), keys.REFERENCE)
            assert kept

        return arrive, customer_id

    assert race(waiting, prepare) >= 4


def test_a_change_of_the_email_that_is_asked_for(
    deployed: None, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = sign_ins.mailbox(monkeypatch)

    def prepare(store: Store) -> tuple[Action, str | None]:
        opened = sign_ins.by_link(store, box.link(store, ANA))
        person = opened.customer
        return lambda: email_changes.request(store, person, NEW, None, sign_ins.HERE, sign_ins.NOW), person.id

    assert race(waiting, prepare) >= 4


def test_a_change_of_the_email_that_is_confirmed(
    deployed: None, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = sign_ins.mailbox(monkeypatch)

    def prepare(store: Store) -> tuple[Action, str | None]:
        opened = sign_ins.by_link(store, box.link(store, ANA))
        token = changes.asked(store, box, opened)[1]
        return lambda: changes.confirmed(store, opened, token=token), opened.customer.id

    assert race(waiting, prepare) >= 4


def test_a_link_that_is_asked_for(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        return lambda: link_sign_in.request_link(store, ANA, sign_ins.HERE, None, None, clock.now()), customer_id

    assert race(waiting, prepare) >= 4


def test_the_mail_of_a_link(deployed: None, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_ins.mailbox(monkeypatch)

    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        link = link_sign_in.request_link(store, ANA, sign_ins.HERE, None, None, clock.now())
        return lambda: sign_in_mail.deliver(store, link.request_id, clock.now()), customer_id

    assert race(waiting, prepare) >= 4


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_sign_in_by_link(deployed: None, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, is_wrong: bool) -> None:
    box = sign_ins.mailbox(monkeypatch)

    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        link = box.link(store, ANA, clock.now())
        proof = link_sign_in.parse_proof(token=link.token, nonce="wrong" if is_wrong else link.request.nonce)
        return lambda: link_sign_in.verify(store, proof, sign_ins.HERE, clock.now()), customer_id

    assert race(waiting, prepare) >= 3


def test_a_link_that_is_asked_for_too_often(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        link_sign_in.request_link(store, ANA, sign_ins.HERE, None, None, clock.now())
        return lambda: link_sign_in.request_link(store, ANA, sign_ins.HERE, None, None, clock.now()), customer_id

    assert race(waiting, prepare) >= 3


def test_a_wrong_password(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        return lambda: password_sign_in.sign_in(store, ANA, "wrong horse", sign_ins.HERE, clock.now()), customer_id

    assert race(waiting, prepare) >= 4


def test_a_mail_that_bounces(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id, sent_at = customer(store), clock.format_timestamp(clock.now())
        mail = {"timestamp": sent_at, "tags": {"store": [store.id]}}
        bounce = {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": ANA}], "feedbackId": "f1"}
        told = bounces.Feedback.model_validate({"mail": mail, "bounce": bounce | {"timestamp": sent_at}})
        return lambda: bounces.record(told, clock.now()), customer_id

    assert race(waiting, prepare) >= 2


def test_a_long_answer_that_is_stored_for_repetitions(deployed: None, waiting: Waiting) -> None:
    store = shop()
    customer_id, secret = customer(store), api_keys.create(store.id, NewKey(name="shop"), NOW).key
    named = [customer_id, *(ids.new("cus", NOW) for _ in range(120))]
    body, headers = {"ids": named, "changes": {"tags": {"add": ["vip"]}}}, {"idempotency-key": "one"}
    event = http_event("POST", f"{store.id}/customers/bulk", body, key=secret, headers=headers)
    with pytest.MonkeyPatch.context() as patch:

        def look_for_erasures() -> None:
            before_first(patch, records, "put", lambda: erase(store, customer_id))

        before_first(patch, idempotency, "finish", look_for_erasures)
        assert customers_api.handler(event, None)["statusCode"] == 200
    waiting.work()
    assert [each for each in traces(VALUES | {customer_id}) if store.id in each] == []


def test_an_answer_of_a_key_that_is_revoked(deployed: None, waiting: Waiting) -> None:
    store = shop()
    issued = api_keys.create(store.id, NewKey(name="shop"), NOW)
    body, headers = {"email": ANA, "name": "Ana Pérez"}, {"idempotency-key": "one"}
    event = http_event("POST", f"{store.id}/customers", body, key=issued.key, headers=headers)
    with pytest.MonkeyPatch.context() as patch:
        before_first(patch, idempotency, "finish", lambda: key_changes.revoke(store.id, issued.id, NOW))
        assert customers_api.handler(event, None)["statusCode"] == 201
    erased = erase(store, None)
    waiting.work()
    assert [each for each in traces(VALUES | {str(erased)}) if store.id in each] == []


def test_an_answer_that_is_stored_for_repetitions(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        secret = api_keys.create(store.id, NewKey(name="shop"), NOW).key
        event = http_event(
            "POST",
            f"{store.id}/customers",
            {"email": ANA, "name": "Ana Pérez"},
            key=secret,
            headers={"idempotency-key": "one"},
        )

        def post() -> None:
            assert customers_api.handler(event, None)["statusCode"] in (201, 404, 409)

        return post, None

    assert race(waiting, prepare) >= 4


def test_a_chunk_of_an_import(deployed: None, waiting: Waiting) -> None:
    def prepare(store: Store) -> tuple[Action, str | None]:
        customer_id = customer(store)
        return lambda: load(store), customer_id

    assert race(waiting, prepare) >= 3


def test_a_chunk_of_an_import_that_reads_a_replica_which_lags_behind(deployed: None, waiting: Waiting) -> None:
    store = shop()
    customer_id = customer(store)
    plain, stale = dynamodb.client.call, list[Any]()

    def record(operation: str, request: dict[str, Any]) -> Any:
        answer = plain(operation, request)
        stale.append((operation, str(request), answer))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "call", record)
        dynamodb.get_many([(each[0], keys.TOMBSTONE) for each in _tombstones(store)], "pk")
    erase(store, customer_id)

    def lag(operation: str, request: dict[str, Any]) -> Any:
        """Answer each eventually consistent read once as before the erasure."""
        for number, (kind, asked, answer) in enumerate(stale):
            if kind == operation == "BatchGetItem" and asked == str(request):
                del stale[number]
                return answer
        return plain(operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "call", lag)
        load(store)
    waiting.work()
    assert [each for each in traces(VALUES | {customer_id}) if store.id in each] == []


def _tombstones(store: Store) -> list[tuple[str, str]]:
    return [(tombstones._email(store, ANA), keys.TOMBSTONE)]


def load(store: Store) -> None:
    known = recognise(["email", "name"])
    rules = Rules("imp_1", "upsert", known, NOW, frozenset())
    rows = [parse_row(2, [ANA, "Ana P."], known)]
    import_writes.write(store, import_load.apply_chunk(store, rows, rules, NOW), rules, lambda: NOW)
