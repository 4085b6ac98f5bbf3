"""Idempotency-Key: a repeated POST runs once and gets the answer of the first time.

As in the IETF draft httpapi-idempotency-key-header, two requests are refused: a different one under
a used key, and a repetition while the first is still running. Answers are stored for a day. Each
caller has keys of its own: two API keys may use the same one.

All requests of a store are in one collection, so that an erasure also finds the answers of revoked
keys. A request looks for erasures before it stores its answer, and an erasure flags the requests
that are running, which then look again. So one of the two finds the other.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError, CustomerNotFoundError, RequestInFlightError, RequestKeyReusedError
from clientela.signing import permanent_hash
from clientela.table import dynamodb, keys, records
from clientela.table.attributes import CompressedTextAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=1)
LOCK_TIME = timedelta(seconds=60)  # longer than a request can run: one without an answer by then has died
MAX_PLAIN = 50_000  # characters of a body; a longer one is compressed, because an item has 400 KB at most


class _EndedError(Exception):
    """The request has its answer."""


class RequestKey(NamedTuple):
    """An Idempotency-Key, which is the caller's own; the caller is an API key."""

    store_id: str
    caller: str
    key: str


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: str


class RequestRecord(Record):
    """`STORE#demo#IDEMPOTENCY` / `key_01K…#` and the hash of a request's key.

    Without an answer the request is running.
    """

    fingerprint = UnicodeAttribute()
    locked_until = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    answer = JSONAttribute(null=True)  # if the body is compressed, with the customers' ids in its place
    compressed_body = CompressedTextAttribute(null=True)
    is_gone = BooleanAttribute(null=True)  # the answer was deleted, because it held data of an erased customer
    erasures = NumberAttribute(default=0)  # that looked for answers while the request was running
    ttl = NumberAttribute()


def begin(key: RequestKey, request: str, now: datetime) -> Answer | None:
    """Lock the key for a request, or return the answer that the same request got before.

    After None the caller runs the request, then calls `finish` or `release`.

    Raises:
        RequestInFlightError: the same request is still running.
        RequestKeyReusedError: a different request used the key.
        CustomerNotFoundError: the answer held data of a customer who has been erased since.

    Cost: 1 write unit, and 1 read unit for a repetition.
    """
    try:
        records.put(_record(key, request, now), _is_free(now), RequestInFlightError())
    except RequestInFlightError:
        stored = RequestRecord.find(*_keys(key))
        if stored and stored.fingerprint != _hash(request):
            raise RequestKeyReusedError("Use another Idempotency-Key for another request.") from None
        if stored and stored.is_gone:
            raise CustomerNotFoundError("The answer was about a customer who has been erased.") from None
        if stored and stored.answer:
            return _stored_answer(stored)
        raise
    return None


def finish(
    key: RequestKey,
    request: str,
    answer: Answer,
    now: datetime,
    tombstones: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Store the answer of a request for its repetitions, unless a customer in it was erased.

    `tombstones` are the keys of those that an erasure puts for the customers in the answer, by the
    customers' ids.

    Cost: 1 write unit per KB; 1 read unit for each tombstone.
    """
    record, tombstones = _record(key, request, now), tombstones or {}

    def attempt() -> None:
        if dynamodb.get_many(list(tombstones.values()), "pk", consistent=True):
            record.answer, record.compressed_body, record.is_gone = None, None, True
        else:
            _put_answer(record, answer, tombstones)
        try:
            records.put(record, RequestRecord.erasures == record.erasures, BusyError())
        except BusyError:
            stored = RequestRecord.find(*_keys(key))
            if stored is None:  # the store was deleted
                return
            record.erasures = stored.erasures
            raise

    retry_on_conflict(attempt)


def flag_running(store_id: str) -> None:
    """Let the store's running requests look for an erasure, whose tombstones exist.

    Call it before `answers_mentioning`.

    Cost: 1 read unit per 4 KB of the store's requests within a day; 1 write unit for each one that
    is running.
    """
    is_running = RequestRecord.answer.does_not_exist() & RequestRecord.pk.exists()
    for record in _query(store_id, "attribute_not_exists(answer) AND attribute_not_exists(is_gone)"):
        with suppress(_EndedError):
            records.update(record, [RequestRecord.erasures.add(1)], is_running, _EndedError())


def answers_mentioning(store_id: str, text: str) -> Iterator[RequestRecord]:
    """Yield the store's requests whose stored answers contain a text, such as an id.

    Cost: 1 read unit per 4 KB of the store's requests within a day.
    """
    return _query(store_id, "contains(answer, :text)", {":text": {"S": text}})


def delete_answer(write: Transaction, record: RequestRecord) -> None:
    """Delete a stored answer as part of a transaction.

    The key stays used, so the request never runs again.
    """
    actions: list[Action] = [
        RequestRecord.answer.remove(),
        RequestRecord.compressed_body.remove(),
        RequestRecord.is_gone.set(True),
    ]
    write.update(record, actions, RequestRecord.pk.exists())


def release(key: RequestKey) -> None:
    """Unlock the key of a request that failed and may be tried again. Cost: 1 write unit."""
    records.delete(RequestRecord(*_keys(key)))


def _query(store_id: str, wanted: str, values: dict[str, dict[str, str]] | None = None) -> Iterator[RequestRecord]:
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        FilterExpression=wanted,
        ExpressionAttributeValues={":pk": {"S": keys.idempotency(store_id)}} | (values or {}),
        ConsistentRead=True,
    )
    return (RequestRecord.from_raw_data(item) for page in pages for item in page["Items"])


def _put_answer(record: RequestRecord, answer: Answer, customer_ids: Iterable[str]) -> None:
    if len(answer.body) > MAX_PLAIN:
        record.compressed_body = answer.body
        answer = answer._replace(body=" ".join(customer_ids))  # an erasure looks for them
    record.answer = list(answer)


def _stored_answer(record: RequestRecord) -> Answer:
    answer = Answer(*record.answer)
    return answer if record.compressed_body is None else answer._replace(body=record.compressed_body)


def _record(key: RequestKey, request: str, now: datetime) -> RequestRecord:
    expires_at = now + RETENTION
    return RequestRecord(
        *_keys(key),
        fingerprint=_hash(request),
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


def _keys(key: RequestKey) -> tuple[str, str]:
    return keys.idempotency(key.store_id), keys.request(key.caller, _hash(key.key))


def _hash(text: str) -> str:
    """Return the keyed hash of an idempotency key or a request.

    They outlive an erasure by a day, and a plain hash of an e-mail could be guessed.
    """
    return permanent_hash("idempotency", text)
