"""The one DynamoDB table: the base of its records, and writes whose conditions name the error they guard against.

PynamoDB is used for records, conditions and transactions. Hot reads go through `dynamodb`, which is leaner.
"""

import random
import time
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any, Self, cast

from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from clientela import settings
from clientela.errors import BusyError

ATTEMPTS = 8  # of a transaction that met another one on the same item; about two seconds in all
_CONFLICTS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class _TableName:
    def __get__(self, instance: object, owner: type) -> str:
        return settings.table_name()


class Record(Model):
    """Base of the table's records: its keys, and one connection for all of them.

    PynamoDB would make a connection, and with it a botocore session, for each class: about 50 ms each at a cold start.
    """

    class Meta:
        table_name = cast(str, _TableName())

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return _connection(settings.table_name())

    @classmethod
    def find(cls, pk: str, sk: str) -> Self | None:
        """The record at these keys, read consistently, or None. 1 read unit per 4 KB."""
        try:
            return cls.get(pk, sk, consistent_read=True)
        except cls.DoesNotExist:
            return None


@cache
def _connection(table_name: str) -> TableConnection:
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    schema = {"TableName": table_name, "KeySchema": keys, "AttributeDefinitions": types}
    return TableConnection(
        table_name, meta_table=MetaTable(schema), connect_timeout_seconds=2, read_timeout_seconds=5, max_retry_attempts=4
    )


def connection() -> Connection:
    """The low-level connection, for the few calls that have no record."""
    return _connection(settings.table_name()).connection


def save(record: Record, condition: Condition, otherwise: Exception) -> None:
    """Put one record if the condition holds, else raise `otherwise`. 1 write unit per KB, and as much per index touched."""
    _guarded(lambda: record.save(condition=condition), otherwise)


def update(record: Record, actions: list[Action], condition: Condition, otherwise: Exception) -> None:
    """Change attributes of one record if the condition holds, else raise `otherwise`."""
    _guarded(lambda: record.update(actions, condition=condition), otherwise)


def delete(record: Record, condition: Condition, otherwise: Exception) -> None:
    """Delete one record if the condition holds, else raise `otherwise`."""
    _guarded(lambda: record.delete(condition=condition), otherwise)


def _guarded(write: Callable[[], Any], otherwise: Exception) -> None:
    try:
        write()
    except (PutError, UpdateError, DeleteError) as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise otherwise from None
        raise


class Transaction:
    """All of it or nothing: up to 100 writes, each with the error that says why it could not be done.

    `with Transaction() as write:` collects the writes and commits them on leaving. Where a condition fails, the error
    given with it is raised (of several, the first in the order: checks, deletes, puts, updates). Another transaction on
    the same item is waited for with jitter, then BusyError is raised. A lost reply is safe: botocore repeats the call
    with the same ClientRequestToken, which DynamoDB remembers for ten minutes. 2 write units per KB.
    """

    def __init__(self) -> None:
        self._checks: list[tuple[tuple[Any, ...], Exception]] = []
        self._deletes: list[tuple[tuple[Any, ...], Exception]] = []
        self._puts: list[tuple[tuple[Any, ...], Exception]] = []
        self._updates: list[tuple[tuple[Any, ...], Exception]] = []

    def check(self, model: type[Record], pk: str, sk: str, condition: Condition, otherwise: Exception) -> None:
        """Demand a condition of a record that this transaction leaves as it is."""
        self._checks.append(((model, pk, sk, condition), otherwise))

    def delete(self, record: Record, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Delete a record."""
        self._deletes.append(((record, condition), otherwise or BusyError()))

    def save(self, record: Record, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Put a record, whole."""
        self._puts.append(((record, condition), otherwise or BusyError()))

    def update(
        self, record: Record, actions: list[Action], condition: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        """Change attributes of a record."""
        self._updates.append(((record, actions, condition), otherwise or BusyError()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._commit()

    def _commit(self) -> None:
        for attempt in range(ATTEMPTS):
            try:
                return self._try()
            except TransactWriteError as error:
                codes = [reason.code if reason else None for reason in error.cancellation_reasons]
                self._raise_failed_condition(codes)
                if not _CONFLICTS.intersection(filter(None, codes)) and not _is_conflict(error):
                    raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, nothing secret
        raise BusyError()

    def _try(self) -> None:
        with TransactWrite(connection=connection()) as write:
            for arguments, _ in self._checks:
                write.condition_check(*arguments)
            for arguments, _ in self._deletes:
                write.delete(*arguments)
            for arguments, _ in self._puts:
                write.save(*arguments)
            for arguments, _ in self._updates:
                write.update(*arguments)

    def _raise_failed_condition(self, codes: list[str | None]) -> None:
        errors = [error for part in (self._checks, self._deletes, self._puts, self._updates) for _, error in part]
        for code, error in zip(codes, errors, strict=False):
            if code == "ConditionalCheckFailed":
                raise error from None


def _is_conflict(error: PynamoDBException) -> bool:
    return error.cause_response_code in {"TransactionInProgressException", "ThrottlingException"}
