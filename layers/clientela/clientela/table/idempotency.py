"""Idempotency-Key: a POST that is repeated is done once, and answered as it was the first time.

As in the IETF draft httpapi-idempotency-key-header: another request under a used key is refused, so is one while the
first is still under way. Answers are kept for a day. Keys are the caller's own: another API key's are not met.
"""

from datetime import datetime, timedelta
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
LOCK_TIME = timedelta(seconds=60)  # longer than a request can take: what has not answered by then has died


class Answer(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: str


class RequestRecord(Record):
    """`IDEMPOTENCY#demo#key_01K…` / the hash of a request's key. Without an answer it is under way."""

    fingerprint = UnicodeAttribute()
    locked_until = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    answer = JSONAttribute(null=True)
    is_gone = BooleanAttribute(null=True)  # the answer: it told of a customer who was erased
    ttl = NumberAttribute()


def begin(caller: str, key: str, request: str, now: datetime) -> Answer | None:
    """Take the key for a request. None: go on, then `finish` or `release`; else the answer that the same request got.

    RequestInFlightError while the same request is under way, RequestKeyReusedError where the key was another request's,
    CustomerNotFoundError where the answer told of somebody who was erased.
    1 write unit, or 1 read unit for a repetition.
    """
    try:
        records.put(_record(caller, key, request, now), _is_free(now), RequestInFlightError())
    except RequestInFlightError:
        known = RequestRecord.find(*_keys(caller, key))
        if known and known.fingerprint != sha256_hex(request):
            raise RequestKeyReusedError from None
        if known and known.is_gone:
            raise CustomerNotFoundError("The customer whom the answer told of was erased.") from None
        if known and known.answer:
            return Answer(*known.answer)
        raise
    return None


def finish(caller: str, key: str, request: str, answer: Answer, now: datetime) -> None:
    """Keep the answer of a request for its repetitions. 1 write unit per KB."""
    record = _record(caller, key, request, now)
    record.answer = list(answer)
    records.put(record)


def answers_mentioning(caller: str, text: str) -> list[RequestRecord]:
    """The requests whose kept answers hold a text, such as an id. Half a read unit per 4 KB of all that the caller has asked
    within a day."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        FilterExpression="contains(answer, :text)",
        ExpressionAttributeValues={":pk": {"S": keys.idempotency(caller)}, ":text": {"S": text}},
    )
    return [RequestRecord.from_raw_data(item) for page in pages for item in page["Items"]]


def delete_answer(write: Transaction, record: RequestRecord) -> None:
    """Delete a kept answer as part of a transaction. The request stays numbered: it is not to be done again."""
    actions: list[Action] = [RequestRecord.answer.remove(), RequestRecord.is_gone.set(True)]
    write.update(record, actions, RequestRecord.pk.exists())


def release(caller: str, key: str) -> None:
    """Give the key back: the request failed in a way that may be tried again. 1 write unit."""
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
    died = is_open & (RequestRecord.locked_until < moment)
    is_free: Condition = RequestRecord.pk.does_not_exist() | (RequestRecord.expires_at < moment) | died
    return is_free


def _keys(caller: str, key: str) -> tuple[str, str]:
    return keys.idempotency(caller), sha256_hex(key)
