"""Records: the items of the table as classes, written under conditions that name their error.

A reply may be lost, and the call is repeated. So that the repeat does not take its own write for
somebody else's, each guarded write stores a mark, and a failed condition looks for it.

PynamoDB describes the attributes and builds the expressions; `dynamodb` sends every request. So no
request goes through PynamoDB's own connection, which costs several times the CPU.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Self, cast

from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import NUMBER
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from clientela import ids, settings
from clientela.errors import BusyError
from clientela.table import dynamodb


class _TableName:
    def __get__(self, instance: object, owner: type) -> str:
        return settings.table_name()


class Record(Model):
    """Base of the table's records: the two keys, and the mark of the last guarded write.

    Use the functions of this module to read and write.
    """

    class Meta:
        table_name = cast("str", _TableName())

    # Records of an AUDITED class are written with an entry of the audit trail, in one transaction.
    AUDITED: ClassVar[bool] = False
    AUDIT_ENTRY: ClassVar[bool] = False

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    mark = UnicodeAttribute(null=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        # PynamoDB would otherwise make a botocore session for each class: 50 ms each at a cold
        # start.
        return _connection(settings.table_name())

    @classmethod
    def build_item(cls, **values: Any) -> dynamodb.Item:
        """Return the item that a record with these attributes would have, ten times as fast.

        It is for writes of many records; a test compares the items of each class that uses it.
        """
        return {
            name: {kind: serialize(value)}
            for (name, kind, serialize), value in zip(_serializers(cls, tuple(values)), values.values(), strict=True)
            if value is not None
        }

    def item(self) -> dynamodb.Item:
        """Return the record as a DynamoDB item."""
        item: dynamodb.Item = self.get_save_kwargs_from_instance()["Item"]
        return item

    @classmethod
    def find(cls, pk: str, sk: str) -> Self | None:
        """Return the record at these keys, or None; read consistently.

        Cost: 1 read unit per 4 KB.
        """
        item = dynamodb.get(pk, sk)
        return cls.from_raw_data(item) if item else None

    @classmethod
    def list_by_prefix(cls, pk: str, prefix: str) -> list[Self]:
        """Return a collection's records whose sort keys start with `prefix`, in order of the keys.

        Read consistently. Cost: 1 read unit per 4 KB.
        """
        return cls._list(pk, " AND begins_with(sk, :first)", {":first": prefix})

    @classmethod
    def list_all(cls, pk: str) -> list[Self]:
        """Return all records of a collection that has one kind. Cost: 1 read unit per 4 KB."""
        return cls._list(pk, "", {})

    @classmethod
    def list_between(cls, pk: str, first: str, last: str) -> list[Self]:
        """Return a collection's records with sort keys from `first` to `last`, both included.

        Read consistently. Cost: 1 read unit per 4 KB.
        """
        return cls._list(pk, " AND sk BETWEEN :first AND :last", {":first": first, ":last": last})

    @classmethod
    def _list(cls, pk: str, condition: str, bounds: dict[str, str]) -> list[Self]:
        pages = dynamodb.query_pages(
            KeyConditionExpression=f"pk = :pk{condition}",
            ExpressionAttributeValues={name: {"S": value} for name, value in ({":pk": pk} | bounds).items()},
            ConsistentRead=True,
        )
        return [cls.from_raw_data(item) for page in pages for item in page["Items"]]


class AuditEntryMissingError(RuntimeError):
    """A record of an audited class is written without an entry of the audit trail: a bug.

    Writes that are no act of a person or key, such as a job's progress, say `is_bookkeeping`.
    """


@cache
def _serializers(cls: type[Record], names: tuple[str, ...]) -> list[tuple[str, str, Callable[[Any], Any]]]:
    """Return the name, the type and the serializer of each attribute."""
    attributes = cls.get_attributes()
    return [
        (str(each.attr_name), each.attr_type, _number(each.serialize) if each.attr_type == NUMBER else each.serialize)
        for each in map(attributes.__getitem__, names)
    ]


def _number(serialize: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a serializer of numbers that does not make a JSON encoder for each whole one."""
    return lambda value: str(value) if type(value) is int else serialize(value)


@cache
def _connection(table_name: str) -> TableConnection:
    """Return a connection that only builds requests: it has the table's schema and no client."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    schema = {"TableName": table_name, "KeySchema": keys, "AttributeDefinitions": types}
    return TableConnection(table_name, meta_table=MetaTable(schema))


def put(
    record: Record,
    condition: Condition | None = None,
    otherwise: Exception | None = None,
    *,
    is_bookkeeping: bool = False,
) -> None:
    """Put one record if `condition` holds, else raise `otherwise`.

    Cost: 1 write unit per KB, and as much per index entry that changes.
    """
    _require_unaudited(record, is_bookkeeping=is_bookkeeping)
    if condition is None:
        dynamodb.write("PutItem", **record.get_save_kwargs_from_instance())
        return
    record.mark = ids.mark()
    written = _write("PutItem", record.get_save_kwargs_from_instance(condition=condition))
    if not (written.done or _is_own(written, record.mark)):
        raise otherwise or BusyError()


def update(
    record: Record,
    actions: list[Action],
    condition: Condition | None = None,
    otherwise: Exception | None = None,
    *,
    is_bookkeeping: bool = False,
) -> None:
    """Change attributes of one record if `condition` holds, else raise `otherwise`.

    The record in memory stays as it is. Also without a condition a repeated call changes nothing
    twice, so counters are exact. Cost: as `put`.
    """
    _require_unaudited(record, is_bookkeeping=is_bookkeeping)
    mark, model = ids.mark(), type(record)
    is_first = model.mark != mark  # holds if there is no item
    arguments = record.get_update_kwargs_from_instance(
        actions=[*actions, model.mark.set(mark)], condition=is_first if condition is None else condition & is_first
    )
    written = _write("UpdateItem", arguments)
    if not (written.done or _is_own(written, mark)):
        raise otherwise or BusyError()


def delete(record: Record, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
    """Delete one record if `condition` holds, else raise `otherwise`.

    If the reply was lost and the record is gone, it is taken for this call's work: the record of a
    deletion cannot be marked. So use it only if it does not matter who deleted the record. Cost: as
    `put`.
    """
    _require_unaudited(record)
    written = _write("DeleteItem", record.get_delete_kwargs_from_instance(condition=condition))
    if not (written.done or (written.is_repeated and written.item is None)):
        raise otherwise or BusyError()


def _require_unaudited(record: Record, *, is_bookkeeping: bool = False) -> None:
    if record.AUDITED and not is_bookkeeping:
        raise AuditEntryMissingError(type(record).__name__)


def _write(operation: dynamodb.Write, arguments: dict[str, Any]) -> dynamodb.Written:
    is_guarded = "ConditionExpression" in arguments
    stored = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if is_guarded else {}
    return dynamodb.write(operation, **arguments, **stored)


def _is_own(written: dynamodb.Written, mark: str) -> bool:
    """Return whether the stored item is this call's own, whose reply was lost."""
    return written.item is not None and written.item.get("mark") == {"S": mark}
