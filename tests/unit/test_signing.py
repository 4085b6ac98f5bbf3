"""Rotation of the secret: values before it stay valid, until the next rotation."""

import json
import os
from typing import Any

import boto3
import pytest
from tests.support import sign_ins
from tests.support.sign_ins import by_code, by_link, wrong

from clientela import signing
from clientela.errors import InvalidInputError
from clientela.sign_in.sign_in_errors import CodeWrongError
from clientela.stores.stores import Store
from clientela.table import pagination


@pytest.fixture
def clock_hand(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the process, set by the test."""
    hand = [1000.0]
    monkeypatch.setattr(signing.time, "monotonic", lambda: hand[0])
    return hand


def rotate(value: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=os.environ["SIGNING_SECRET_ARN"], SecretString=value)


def test_what_was_made_before_a_rotation_holds_until_the_next(store: Store, clock_hand: list[float]) -> None:
    kept, signed, cursor = signing.keyed_hash("p", "v"), signing.sign("p", 1), pagination.encode_cursor("list", "here")
    for generation, holds in (("a" * 64, True), ("b" * 64, False)):
        rotate(generation)
        clock_hand[0] += signing.CACHE_SECONDS
        assert signing.keyed_hash("p", "v") != kept
        assert signing.is_keyed_hash("p", "v", kept) is holds
        assert signing.unsign("p", signed) == (1 if holds else None)
    with pytest.raises(InvalidInputError):
        pagination.decode_cursor("list", cursor)


def test_a_process_that_has_not_seen_the_rotation_takes_what_others_make(store: Store, clock_hand: list[float]) -> None:
    signing.keyed_hash("p", "v")
    rotate("n" * 64)
    others = signing._Keys((b"n" * 64, b"s" * 64), clock_hand[0])
    made, signed = signing._hmac(b"n" * 64, "p", "v"), signing._serializer("p", others.accepted).dumps(1)
    clock_hand[0] += signing.MISS_SECONDS
    assert signing.is_keyed_hash("p", "v", made)
    assert signing.unsign("p", signed) == 1


def test_values_that_do_not_fit_make_a_process_look_at_most_every_ten_seconds(
    store: Store, clock_hand: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.keyed_hash("p", "v")
    read, reads = signing._read, [0]

    def counted(arn: str) -> Any:
        reads[0] += 1
        return read(arn)

    monkeypatch.setattr(signing, "_read", counted)
    for _ in range(50):
        signing.is_keyed_hash("p", "v", "another")
        signing.unsign("p", "nonsense")
    assert reads == [0]
    clock_hand[0] += signing.MISS_SECONDS
    for _ in range(50):
        signing.is_keyed_hash("p", "v", "another")
    assert reads == [1]


def test_keys_at_hand_do_while_they_cannot_be_read(
    store: Store, clock_hand: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = signing.keyed_hash("p", "v")
    boto3.client("secretsmanager").delete_secret(
        SecretId=os.environ["SIGNING_SECRET_ARN"], ForceDeleteWithoutRecovery=True
    )
    clock_hand[0] += signing.CACHE_SECONDS
    assert signing.keyed_hash("p", "v") == kept


def test_a_code_and_a_lost_answer_survive_a_rotation(
    store: Store, clock_hand: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = sign_ins.mailbox(monkeypatch)
    sent, other = box.link(store), box.link(store, "other@example.com")
    opened = by_link(store, other, idempotency_key="a-key-of-the-client")
    rotate("n" * 64)
    clock_hand[0] += signing.CACHE_SECONDS
    assert by_link(store, other, idempotency_key="a-key-of-the-client").token == opened.token
    with pytest.raises(CodeWrongError):
        by_code(store, sent, wrong(sent.code))
    assert by_code(store, sent, sent.code)


def test_a_value_of_one_purpose_is_none_of_another(store: Store) -> None:
    assert signing.unsign("a", signing.sign("b", 1)) is None
    assert not signing.is_keyed_hash("a", "v", signing.keyed_hash("b", "v"))
    assert json.dumps(signing.unsign("b", signing.sign("b", {"x": [1]}))) == '{"x": [1]}'
