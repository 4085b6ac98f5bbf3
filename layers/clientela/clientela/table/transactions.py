"""Transactions: several writes, all or none, each with the error of its condition."""

from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import orjson
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import ids, settings
from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError
from clientela.table import dynamodb
from clientela.table.records import AuditEntryMissingError, Record

ATTEMPTS = 8  # of a transaction that meets another one on the same item; about two seconds in all
MAX_WRITES = 100  # of a transaction: DynamoDB's limit
MAX_BYTES = 2_000_000  # of a transaction, as JSON: DynamoDB's limit is 4 MB, and may include replaced items
_CONFLICTS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}

type _Write = tuple[str, dict[str, Any], Exception]


class _ConflictError(Exception):
    """DynamoDB cancelled a transaction that met another one, or throttled it."""


class Transaction:
    """Up to 100 writes, all or none of them, each with the error to raise if its condition fails.

    `with Transaction() as write:` collects the writes and commits them at the end of the block. A
    write without an error of its own raises BusyError. A lost reply is safe: the call is repeated
    with the same ClientRequestToken, which DynamoDB remembers for ten minutes. A single put is sent
    on its own, with a mark by which a repeated call recognises its item.

    Cost: 2 write units per KB; 1 for a single put.
    """

    def __init__(self) -> None:
        self._writes: list[_Write] = []
        self._checks: dict[tuple[str, str], _Write] = {}  # by key: DynamoDB allows one operation per item
        self._settled: list[_Write] = []
        self._reads: dict[tuple[str, str], Exception] = {}
        self._size = 0
        self._audited: set[str] = set()  # the classes whose records need an entry of the audit trail
        self._has_audit_entry = False

    def __len__(self) -> int:
        """Return the number of writes, of the 100 allowed; a check counts as one."""
        return len(self._writes) + len(self._checks) + len(self._settled)

    def check(self, model: type[Record], pk: str, sk: str, condition: Condition, otherwise: Exception) -> None:
        """Add a condition on a record that the transaction does not change; one per record."""
        if (pk, sk) not in self._checks:
            arguments = model.get_operation_kwargs_from_class(pk, range_key=sk, condition=condition)
            self._checks[pk, sk] = self._sized("ConditionCheck", arguments, otherwise)

    def expect(self, pk: str, sk: str, otherwise: Exception) -> None:
        """Read just before the commit that an item exists; else the commit raises `otherwise`.

        This is no condition: the item may be deleted between the read and the commit. Use it for an
        item that many transactions need at once. As a condition it would make them wait for each
        other, because DynamoDB lets one transaction at a time use an item.
        """
        self._reads[pk, sk] = otherwise

    def put_record(
        self,
        record: Record,
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> None:
        """Add a record to put."""
        self._note(record)
        arguments = record.get_save_kwargs_from_instance(condition=condition)
        self._writes.append(self._sized("Put", arguments, otherwise))

    def put_settled(self, record: Record) -> None:
        """Add a record of something that was true before, which a later commit may put as well.

        If the rest is a single put, this record is put before it, on its own, because a transaction
        would double the units of both. If the item of that put turns out to be deleted, the record
        is deleted too.
        """
        self._settled.append(self._sized("Put", record.get_save_kwargs_from_instance(), None))

    def put_item(self, item: dynamodb.Item) -> None:
        """Add a DynamoDB item to put without a condition."""
        arguments = {"TableName": settings.table_name(), "Item": item}
        self._writes.append(self._sized("Put", arguments, None))

    def add_numbers(self, pk: str, sk: str, amounts: Mapping[str, Decimal]) -> None:
        """Add to numbers of an item, whose attributes need no record; the item need not exist.

        The transaction must have a condition of its own that a repeat fails.
        """
        names = {f"#{place}": name for place, name in enumerate(amounts)}
        values = {f":{place}": {"N": f"{amount:f}"} for place, amount in enumerate(amounts.values())}
        arguments = {
            "TableName": settings.table_name(),
            "Key": dynamodb.key(pk, sk),
            "UpdateExpression": "ADD " + ", ".join(f"#{place} :{place}" for place in range(len(amounts))),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._writes.append(self._sized("Update", arguments, None))

    def update(
        self,
        record: Record,
        actions: list[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
        *,
        is_bookkeeping: bool = False,
    ) -> None:
        """Add changes of a record's attributes; `is_bookkeeping` if nobody asked for them."""
        self._note(record, is_bookkeeping=is_bookkeeping)
        arguments = record.get_update_kwargs_from_instance(actions=actions, condition=condition)
        self._writes.append(self._sized("Update", arguments, otherwise))

    def delete(self, record: Record, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Add a record to delete."""
        self._note(record)
        arguments = record.get_delete_kwargs_from_instance(condition=condition)
        self._writes.append(self._sized("Delete", arguments, otherwise))

    def try_merge(self, other: Self) -> bool:
        """Add the writes of another transaction, unless DynamoDB would refuse both together.

        It refuses too many writes, and two of the same item. Returns whether they were added. An
        empty transaction accepts any other.
        """
        checks = self._checks | other._checks
        writes = len(self._writes) + len(other._writes) + len(checks) + len(self._settled) + len(other._settled)
        is_too_large = writes > MAX_WRITES or self._size + other._size > MAX_BYTES
        if len(self) and (is_too_large or not self._is_apart(other)):
            return False
        self._writes += other._writes
        self._settled += other._settled
        self._checks, self._size = checks, self._size + other._size
        self._audited |= other._audited
        self._has_audit_entry |= other._has_audit_entry
        self._reads |= other._reads
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()

    def commit(self) -> None:
        """Send all writes. A conflict with another transaction on an item is retried.

        Raises:
            Exception: the error of the first write whose condition failed.
            BusyError: every attempt met a conflict.
            AuditEntryMissingError: records of an audited class are written without an entry.
        """
        if self._audited and not self._has_audit_entry:
            raise AuditEntryMissingError(*sorted(self._audited))
        writes = [*self._writes, *self._checks.values()]
        if len(writes) == 1 and writes[0][0] == "Put":
            self._require_read()
            _put_alone(writes[0], self._settled)
        elif writes := writes + self._settled:  # DynamoDB refuses an empty transaction
            retry_on_conflict(lambda: self._attempt(writes), (_ConflictError,), ATTEMPTS)

    def _attempt(self, writes: list[_Write]) -> None:
        self._require_read()
        _send(writes)

    def _require_read(self) -> None:
        for (pk, sk), otherwise in self._reads.items():
            if dynamodb.get(pk, sk) is None:
                raise otherwise from None

    def _is_apart(self, other: Self) -> bool:
        """Return whether no item is written by one of the transactions and used by the other."""
        mine, others = ({_key(arguments) for _, arguments, _ in each._writes} for each in (self, other))
        return mine.isdisjoint(others | other._checks.keys()) and others.isdisjoint(self._checks.keys())

    def _note(self, record: Record, *, is_bookkeeping: bool = False) -> None:
        if record.AUDITED and not is_bookkeeping:
            self._audited.add(type(record).__name__)
        self._has_audit_entry |= record.AUDIT_ENTRY

    def _sized(self, kind: str, arguments: dict[str, Any], otherwise: Exception | None) -> _Write:
        self._size += len(orjson.dumps(arguments))
        return kind, arguments, otherwise or BusyError()


def _key(arguments: dict[str, Any]) -> tuple[str, str]:
    item = arguments.get("Item") or arguments["Key"]
    return item["pk"]["S"], item["sk"]["S"]


def _put_alone(write: _Write, settled: list[_Write]) -> None:
    """Send a single put on its own, at half the units, after the settled records."""
    _, arguments, otherwise = write
    mark = ids.mark()
    marked = [_marked(each["Item"], mark) for _, each, _ in settled]
    for item in marked:
        dynamodb.write("PutItem", Item=item)
    request = arguments | {"Item": _marked(arguments["Item"], mark)}
    if "ConditionExpression" in arguments:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    written = dynamodb.write("PutItem", **request)
    if written.done or (written.item and written.item.get("mark") == {"S": mark}):
        return
    if written.item is None:
        for item in marked:
            _delete_own(item)
    raise otherwise


def _delete_own(item: dynamodb.Item) -> None:
    """Delete an item unless another write has put it since."""
    dynamodb.write(
        "DeleteItem",
        Key=dynamodb.key(item["pk"]["S"], item["sk"]["S"]),
        ConditionExpression="mark = :mark",
        ExpressionAttributeValues={":mark": item["mark"]},
    )


def _marked(item: dynamodb.Item, mark: str) -> dynamodb.Item:
    return item | {"mark": {"S": mark}}


def _send(writes: list[_Write]) -> None:
    reasons = dynamodb.transact([{kind: arguments} for kind, arguments, _ in writes])
    if reasons is None:
        return
    for reason, (_, _, error) in zip(reasons, writes, strict=True):
        if reason == "ConditionalCheckFailed":
            raise error from None
    if not _CONFLICTS.intersection(reasons):
        raise dynamodb.DynamoDBError(f"TransactWriteItems was cancelled: {reasons}")
    raise _ConflictError
