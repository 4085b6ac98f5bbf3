"""How fast a key may call, with a clock of the test's own; and what the merchant API answers of it."""

from collections.abc import Iterator

import pytest
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock
from clientela.errors import TooManyRequestsError
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.web import key_throttle


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REQUESTS_PER_SECOND", "20")
    key_throttle._buckets.clear()
    yield
    key_throttle._buckets.clear()


def test_a_quiet_key_may_burst_and_is_then_refused() -> None:
    assert [key_throttle.count("k", 100.0).retry_after for _ in range(40)] == [None] * 40
    refused = key_throttle.count("k", 100.0)
    assert (refused.remaining, refused.full_in, refused.retry_after) == (0, 2, 1)
    with pytest.raises(TooManyRequestsError):
        refused.require_left()


def test_what_was_refused_costs_nothing_and_the_bucket_fills_with_time() -> None:
    for _ in range(100):
        key_throttle.count("k", 100.0)
    assert [key_throttle.count("k", 100.5).retry_after for _ in range(11)] == [None] * 10 + [1]
    assert key_throttle.count("k", 1000.0).remaining == 39


def test_keys_do_not_share_a_bucket() -> None:
    for _ in range(41):
        key_throttle.count("busy", 100.0)
    assert key_throttle.count("quiet", 100.0).remaining == 39


def test_buckets_that_are_full_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_throttle, "MAX_KEYS", 3)
    for moment, name in enumerate("abcdefgh"):
        key_throttle.count(name, moment * 10.0)
    assert len(key_throttle._buckets) <= 3


def test_every_answer_to_a_key_says_what_is_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_PER_SECOND", "1")
    key = api_keys.create(store.id, NewKey(name="test"), clock.now()).key
    event = http_event("GET", "demo/groups", key=key)
    answers = [customers_api.handler(event, None) for _ in range(3)]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 429]
    assert [answer["headers"]["RateLimit"][:11] for answer in answers] == ['"burst";r=1', '"burst";r=0', '"burst";r=0']
    assert {answer["headers"]["RateLimit-Policy"] for answer in answers} == {'"burst";q=2;w=2'}
    assert (answered(answers[2])["code"], answers[2]["headers"]["Retry-After"]) == ("too_many_requests", "1")


def test_who_has_no_key_is_told_nothing_of_limits(store: Store) -> None:
    assert "RateLimit" not in customers_api.handler(http_event("GET", "demo/groups"), None)["headers"]
