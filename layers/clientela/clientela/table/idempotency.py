"""Idempotency-Key: a repeated POST runs once and gets the answer of the first time.

As in the IETF draft httpapi-idempotency-key-header, two requests are refused: a different one under
a used key, and a repetition while the first is still running. Answers are stored for a day. Each
caller has keys of its own: two API keys may use the same one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock
from clientela.errors import CustomerNotFoundError, RequestInFlightError, RequestKeyReusedError
from clientela.signing import sha256_hex
from clientela.table import dynamodb, keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=1)
LOCK_TIME = timedelta(seconds=60)  # longer than a request can run: one without an answer by then has died


_MAX_TOMBSTONES = 90  # of a transaction's 100 writes


class _CustomerErasedError(Exception):
    """A customer in the answer was erased meanwhile."""


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: str


class RequestRecord(Record):
    """`IDEMPOTENCY#demo#key_01K…` / the hash of a request's key.

    Without an answer the request is running.
    """

    fingerprint = UnicodeAttribute()
    locked_until = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    answer = JSONAttribute(null=True)
    is_gone = BooleanAttribute(null=True)  # the answer was deleted, because it held data of an erased customer
    ttl = NumberAttribute()


def begin(caller: str, key: str, request: str, now: datetime) -> Answer | None:
    """Lock the key for a request, or return the answer that the same request got before.

    After None the caller runs the request, then calls `finish` or `release`.

    Raises:
        RequestInFlightError: the same request is still running.
        RequestKeyReusedError: a different request used the key.
        CustomerNotFoundError: the answer held data of a customer who has been erased since.

    Cost: 1 write unit, and 1 read unit for a repetition.
    """
    try:
        records.put(_record(caller, key, request, now), _is_free(now), RequestInFlightError())
    except RequestInFlightError:
        stored = RequestRecord.find(*_keys(caller, key))
        if stored and stored.fingerprint != sha256_hex(request):
            raise RequestKeyReusedError from None
        if stored and stored.is_gone:
            raise CustomerNotFoundError("The answer was about a customer who has been erased.") from None
        if stored and stored.answer:
            return Answer(*stored.answer)
        raise
    return None


def finish(
    caller: str, key: str, request: str, answer: Answer, now: datetime, tombstones: Sequence[tuple[str, str]] = ()
) -> None:
    """Store the answer of a request for its repetitions, unless one of the tombstones exists.

    `tombstones` are the keys of those that an erasure puts for the customers in the answer. They
    are a condition of the write: the erasure may have looked for answers before this one. Of an
    answer with more customers than a transaction has room for, the sweep alone takes care.

    Cost: 1 write unit per KB; with tombstones 2 per KB, and 2 for each.
    """
    record = _record(caller, key, request, now)
    record.answer = list(answer)
    try:
        with Transaction() as write:
            write.put_record(record)
            for tombstone in tombstones[:_MAX_TOMBSTONES]:
                write.check(RequestRecord, *tombstone, RequestRecord.pk.does_not_exist(), _CustomerErasedError())
    except _CustomerErasedError:
        record.answer, record.is_gone = None, True
        records.put(record)


def answers_mentioning(caller: str, text: str) -> list[RequestRecord]:
    """Return the caller's requests whose stored answers contain a text, such as an id.

    Cost: 1 read unit per 4 KB of all requests of the caller within a day.
    """
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        FilterExpression="contains(answer, :text)",
        ExpressionAttributeValues={":pk": {"S": keys.idempotency(caller)}, ":text": {"S": text}},
        ConsistentRead=True,
    )
    return [RequestRecord.from_raw_data(item) for page in pages for item in page["Items"]]


def delete_answer(write: Transaction, record: RequestRecord) -> None:
    """Delete a stored answer as part of a transaction.

    The key stays used, so the request never runs again.
    """
    actions: list[Action] = [RequestRecord.answer.remove(), RequestRecord.is_gone.set(True)]
    write.update(record, actions, RequestRecord.pk.exists())


def delete_all(caller: str) -> None:
    """Delete a caller's requests with their answers. 1 write unit each."""
    for page in dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.idempotency(caller)}},
        ProjectionExpression="pk, sk",
    ):
        for batch in batched(page["Items"], dynamodb.BATCH_WRITE, strict=False):
            dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"]) for item in batch])


def release(caller: str, key: str) -> None:
    """Unlock the key of a request that failed and may be tried again. Cost: 1 write unit."""
    records.delete(RequestRecord(*_keys(caller, key)))


def _record(caller: str, key: str, request: str, now: datetime) -> RequestRecord:
    expires_at = now + RETENTION
    return RequestRecord(
        *_keys(caller, key),
        fingerprint=sha256_hex(request),
        locked_until=clock.format_timestamp(now + LOCK_TIME),
        expires_at=clock.format_timestamp(expires_at),
        ttl=int(expires_at.timestamp()),
    )


def _is_free(now: datetime) -> Condition:
    moment = clock.format_timestamp(now)
    is_open = RequestRecord.answer.does_not_exist() & RequestRecord.is_gone.does_not_exist()
    has_died = is_open & (RequestRecord.locked_until < moment)
    is_free: Condition = RequestRecord.pk.does_not_exist() | (RequestRecord.expires_at < moment) | has_died
    return is_free


def _keys(caller: str, key: str) -> tuple[str, str]:
    return keys.idempotency(caller), sha256_hex(key)
