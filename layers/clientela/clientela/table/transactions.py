"""Transactions: several writes, all of them or none, each with the error that its condition names."""

from types import TracebackType
from typing import Any, Self

import orjson
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import settings
from clientela.concurrency import back_off
from clientela.errors import BusyError
from clientela.table import dynamodb
from clientela.table.records import Record

ATTEMPTS = 8  # of a transaction that meets another one on the same item; about two seconds in all
MAX_WRITES = 100  # of a transaction: DynamoDB's limit
MAX_BYTES = 2_000_000  # of a transaction, as JSON: DynamoDB takes 4 MB, and may count what is replaced as well
_CONFLICTS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}

type _Write = tuple[str, dict[str, Any], Exception]


class Transaction:
    """All of it or nothing: up to 100 writes, each with the error that says why it could not be done.

    `with Transaction() as write:` collects the writes and commits them on leaving. Where conditions fail, the error
    given with the first of them is raised. Another transaction on the same item is waited for with jitter, then
    BusyError is raised. A lost reply is safe: the call is repeated with the same ClientRequestToken, which DynamoDB
    remembers for ten minutes. 2 write units per KB.
    """

    def __init__(self) -> None:
        self._writes: list[_Write] = []
        self._checks: dict[tuple[str, str], _Write] = {}  # by key: DynamoDB takes one operation an item
        self._size = 0

    def __len__(self) -> int:
        """How many of the 100 writes it holds; a check counts as one."""
        return len(self._writes) + len(self._checks)

    def check(self, model: type[Record], pk: str, sk: str, condition: Condition, otherwise: Exception) -> None:
        """Demand a condition of a record that this transaction leaves as it is; once, however often it is demanded."""
        if (pk, sk) not in self._checks:
            arguments = model.get_operation_kwargs_from_class(pk, range_key=sk, condition=condition)
            self._checks[pk, sk] = self._sized("ConditionCheck", arguments, otherwise)

    def put_record(
        self, record: Record, condition: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        """Put a record, whole."""
        arguments = record.get_save_kwargs_from_instance(condition=condition)
        self._writes.append(self._sized("Put", arguments, otherwise))

    def put_item(self, item: dynamodb.Item) -> None:
        """Put what is an item already, whatever is there."""
        arguments = {"TableName": settings.table_name(), "Item": item}
        self._writes.append(self._sized("Put", arguments, None))

    def update(
        self,
        record: Record,
        actions: list[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Change attributes of a record."""
        arguments = record.get_update_kwargs_from_instance(actions=actions, condition=condition)
        self._writes.append(self._sized("Update", arguments, otherwise))

    def delete(self, record: Record, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Delete a record."""
        arguments = record.get_delete_kwargs_from_instance(condition=condition)
        self._writes.append(self._sized("Delete", arguments, otherwise))

    def try_merge(self, other: Self) -> bool:
        """Take over another one's writes, if both together are no more than DynamoDB takes; whether it did."""
        checks = self._checks | other._checks
        writes = len(self._writes) + len(other._writes) + len(checks)
        if len(self) and (writes > MAX_WRITES or self._size + other._size > MAX_BYTES):
            return False
        self._writes += other._writes
        self._checks, self._size = checks, self._size + other._size
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()

    def commit(self) -> None:
        """Write it all, or raise the error of the first write whose condition fails; BusyError."""
        writes = [*self._writes, *self._checks.values()]
        if not writes:  # DynamoDB refuses a transaction of nothing
            return
        for attempt in range(ATTEMPTS):
            reasons = dynamodb.transact([{kind: arguments} for kind, arguments, _ in writes])
            if reasons is None:
                return
            _raise_failed_condition(reasons, writes)
            if not _CONFLICTS.intersection(reasons):
                raise dynamodb.DynamoDBError(f"TransactWriteItems was cancelled: {reasons}")
            back_off(attempt)
        raise BusyError

    def _sized(self, kind: str, arguments: dict[str, Any], otherwise: Exception | None) -> _Write:
        self._size += len(orjson.dumps(arguments))
        return kind, arguments, otherwise or BusyError()


def _raise_failed_condition(reasons: list[str], writes: list[_Write]) -> None:
    for reason, (_, _, error) in zip(reasons, writes, strict=True):
        if reason == "ConditionalCheckFailed":
            raise error from None
