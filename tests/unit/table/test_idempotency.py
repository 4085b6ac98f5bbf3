import random
from datetime import timedelta
from typing import Any

import pytest
from tests.support import table_items
from tests.support.erasures import erase
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock
from clientela.customers import customer_search, customers
from clientela.errors import RequestInFlightError, RequestKeyReusedError
from clientela.signing import sha256_hex
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import idempotency
from clientela.table.idempotency import Answer, RequestKey

NOW = clock.now()
MINE, OTHERS = RequestKey("demo", "k", "a"), RequestKey("demo", "other", "a")
IDEOGRAPHS = "".join(map(chr, range(0x4E00, 0x9FA0)))  # 3 bytes each, and hard to compress
DONE = Answer(201, {"ETag": '"1"'}, '{"id":"x"}')


def test_a_repeated_request_gets_the_first_answer(store: Store) -> None:
    assert idempotency.begin(MINE, "POST x", NOW) is None
    idempotency.finish(MINE, "POST x", DONE, NOW)
    assert idempotency.begin(MINE, "POST x", NOW + timedelta(hours=23)) == DONE
    assert idempotency.begin(MINE, "POST x", NOW + timedelta(hours=25)) is None


def test_another_request_under_a_used_key_is_refused(store: Store) -> None:
    idempotency.begin(MINE, "POST x", NOW)
    idempotency.finish(MINE, "POST x", DONE, NOW)
    with pytest.raises(RequestKeyReusedError):
        idempotency.begin(MINE, "POST y", NOW)
    assert idempotency.begin(OTHERS, "POST y", NOW) is None


def test_a_request_under_way_is_not_begun_twice_unless_it_died(store: Store) -> None:
    idempotency.begin(MINE, "POST x", NOW)
    with pytest.raises(RequestInFlightError):
        idempotency.begin(MINE, "POST x", NOW + timedelta(seconds=59))
    assert idempotency.begin(MINE, "POST x", NOW + timedelta(seconds=61)) is None


@pytest.mark.usefixtures("waiting")
def test_the_answer_to_a_merge_of_the_largest_customers_is_repeated(store: Store, key: str) -> None:
    """As JSON it is larger than the 400 KB of an item, and its texts compress badly."""
    chance = random.Random(1)

    def person(name: str) -> str:
        lines = ("name", "company", "street", "street2", "city", "region")
        book = [{line: "".join(chance.choices(IDEOGRAPHS, k=190)) for line in lines} for _ in range(25)]
        body = {"email": f"{name}@example.com", "shipping_addresses": book}
        return str(answered(post(key, "demo/customers", body, name))["id"])

    into, source = person("ana"), person("bea")
    first, second = (post(key, f"demo/customers/{into}/merge", {"from_id": source}, "merge") for _ in range(2))
    assert (first["statusCode"], second["headers"]["Idempotency-Replayed"]) == (200, "true")
    assert len(first["body"].encode()) > 400_000
    assert second["body"] == first["body"]
    certificate = erase(store, customers.get(store, into))
    assert certificate.deleted.answers == 3
    assert not any("compressed_body" in item for item in table_items.everything())
    assert post(key, f"demo/customers/{into}/merge", {"from_id": source}, "merge")["statusCode"] == 404


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), NOW).key


def post(key: str, path: str, body: Any, request_key: str) -> dict[str, Any]:
    event = http_event("POST", path, body, key=key, headers={"idempotency-key": request_key})
    return customers_api.handler(event, None)


def test_a_customer_is_created_once_however_often_it_is_asked_for(store: Store, key: str) -> None:
    first, second = (post(key, "demo/customers", {"email": "ana@example.com"}, "abc") for _ in range(2))
    assert (first["statusCode"], second["statusCode"]) == (201, 201)
    assert answered(first) == answered(second)
    assert (first["headers"]["ETag"], second["headers"]["Idempotency-Replayed"]) == (second["headers"]["ETag"], "true")
    assert customer_search.count(store) == 1
    other = post(key, "demo/customers", {"email": "bea@example.com"}, "abc")
    assert (other["statusCode"], answered(other)["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_repeated_too(key: str) -> None:
    post(key, "demo/customers", {"email": "ana@example.com"}, "one")
    refusals = [post(key, "demo/customers", {"email": "ana@example.com"}, "two") for _ in range(2)]
    assert [(r["statusCode"], answered(r)["code"]) for r in refusals] == [(409, "email_taken")] * 2


def test_a_fault_gives_the_key_back(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("clientela.customers.customers.create", lambda *a, **k: 1 / 0)
        assert post(key, "demo/customers", {"email": "ana@example.com"}, "abc")["statusCode"] == 500
    assert post(key, "demo/customers", {"email": "ana@example.com"}, "abc")["statusCode"] == 201


def test_a_secret_is_not_kept_for_a_repetition(key: str) -> None:
    first, second = (answered(post(key, "demo/api-keys", {"name": "till"}, "abc"))["key"] for _ in range(2))
    assert first != second


def test_nobody_can_guess_an_e_mail_in_a_stored_key_or_request(store: Store) -> None:
    idempotency.begin(RequestKey("demo", "k", "ana@example.com"), "ana@example.com", NOW)
    assert sha256_hex("ana@example.com") not in str(table_items.everything())
