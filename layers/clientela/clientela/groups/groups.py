"""Customer groups of a store, with a discount, a CSS snippet and a period of validity, if any."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, create_model, model_validator
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import ids
from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError, GroupCodeTakenError, GroupNotFoundError, GroupUnknownError, VersionConflictError
from clientela.groups import group_css
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model, on_input
from clientela.schema.fields import Amount, Timestamp, Title, refuse_nul
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.records import Record
from clientela.table.transactions import Transaction

CODE = r"^[a-z0-9][a-z0-9_-]{0,39}$"
Code = Annotated[str, StringConstraints(pattern=CODE), Field(examples=["wholesale"])]


class Discount(Model):
    """A discount for members: a percentage of the order, or a fixed amount in a currency."""

    kind: Literal["percent", "fixed"]
    """A percentage of the order, or a fixed amount."""
    value: Annotated[Amount, Field(gt=0)]
    """The percentage, up to 100, or the amount. Example: 10"""
    currency: Currency | None = None
    """The currency of a fixed amount; null for a percentage. Example: null"""

    @model_validator(mode="after")
    def _check_currency(self) -> Self:
        if self.kind == "percent" and (self.value > Decimal(100) or self.currency):
            raise ValueError("A percentage is at most 100 and has no currency.")
        if self.kind == "fixed" and not self.currency:
            raise ValueError("A fixed discount needs a currency.")
        return self


class NewGroup(Model):
    """A group to create. `GET /storefront.css` serves `css`; the highest priority leads."""

    name: Title
    """The name, for the merchant's staff. Example: Wholesale"""
    code: Code
    """The code, for the storefront: its CSS class and stylesheet. Unique in the store."""
    discount: Discount | None = None
    """The discount of the members."""
    css: Annotated[str, StringConstraints(max_length=10_000), on_input(refuse_nul)] | None = None
    """The CSS that the storefront loads for the members. Example: .price { color: #1f4f46 }"""
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    """Of several groups of a customer the one with the highest priority leads. Example: 10"""
    valid_from: Timestamp | None = None
    """The group has no effect before this time."""
    valid_until: Timestamp | None = None
    """The group has no effect from this time on. Example: 2027-12-31T23:00:00.000Z"""

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until must be later than valid_from.")
        return self


# The patch is merged into the stored fields and the result is validated as a NewGroup.
GroupChanges = create_model(
    "GroupChanges",
    __base__=Model,
    __doc__="Changes to a group, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewGroup),
)


class Group(NewGroup):
    """A group of a store's customers."""

    id: str
    """The id of the group. Example: grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    created_at: Timestamp
    """When the group was created."""
    updated_at: Timestamp
    """When the group was last changed."""
    version: int = 1
    """The number of the version, as in the ETag. Example: 2"""


class GroupRecord(Record):
    """`STORE#demo` / `GROUP#grp_01K…`."""

    AUDITED = True
    version = NumberAttribute()
    group = DocumentAttribute(Group)


class CodeClaim(Record):
    """`STORE#demo` / `GROUP_CODE#wholesale`: makes a code unique and names its group."""

    group_id = UnicodeAttribute()


def create(store: Store, new: NewGroup, now: datetime, by: Actor = OPERATOR) -> Group:
    """Create a group.

    Raises:
        InvalidInputError: the CSS is not allowed.
        GroupCodeTakenError: another group of the store has the code.

    Cost: 6 write units.
    """
    group_css.require_safe(store, new.css)
    group = Group(**new.model_dump(), id=ids.new("grp", now), created_at=now, updated_at=now)
    with Transaction() as write:
        write.put_record(_claim(store, group), CodeClaim.pk.does_not_exist(), _code_taken(group))
        write.put_record(_record(store, group), GroupRecord.pk.does_not_exist(), VersionConflictError())
        audit_trail.add(write, store, by, now, "group.created", group.id, audit_trail.differences(None, group))
    return group


def get(store: Store, group_id: str) -> Group:
    """Return a group — GroupNotFoundError. 1 read unit."""
    record = GroupRecord.find(keys.store(store.id), keys.group(group_id))
    if record is None:
        raise GroupNotFoundError(Sentence("Group “{id}” not found.", id=group_id))
    return record.group


def list_all(store: Store) -> list[Group]:
    """Return all groups of a store, highest priority first. 1 read unit per 4 KB."""
    records = GroupRecord.list_by_prefix(keys.store(store.id), keys.GROUP_PREFIX)
    return sorted((record.group for record in records), key=_by_priority)


def by_ids(store: Store, group_ids: Collection[str]) -> list[Group]:
    """Return the groups that exist, highest priority first. Half a read unit per 4 KB of each."""
    items = dynamodb.get_many([(keys.store(store.id), keys.group(group_id)) for group_id in group_ids])
    return sorted((load(Group, item["group"]) for item in items), key=_by_priority)


def by_codes(store: Store, codes: Collection[str]) -> list[Group]:
    """Return the groups that have these codes, highest priority first.

    Cost: half a read unit per code, and half a read unit per 4 KB of each group.
    """
    claims = dynamodb.get_many([(keys.store(store.id), keys.group_code(code)) for code in codes], "group_id")
    return by_ids(store, [claim["group_id"]["S"] for claim in claims])


def find(store: Store, id_or_code: str) -> Group | None:
    """Return the group with an id or, if there is none, with a code; else None.

    Cost: 1 read unit by id; 2.5 by code.
    """
    record = GroupRecord.find(keys.store(store.id), keys.group(id_or_code))
    return record.group if record else next(iter(by_codes(store, [id_or_code.lower()])), None)


def is_active(group: Group, now: datetime) -> bool:
    """Return whether the group is valid now: from `valid_from`, until just before `valid_until`."""
    return (group.valid_from is None or group.valid_from <= now) and (
        group.valid_until is None or now < group.valid_until
    )


def patch(
    store: Store, group_id: str, changes: Any, now: datetime, version: int | None = None, by: Actor = OPERATOR
) -> Group:
    """Apply a JSON Merge Patch (RFC 7396) to a group; nothing is written if it changes nothing.

    A repeated request, whose changes are already made, is answered as the first one.

    Raises:
        GroupNotFoundError: the store has no such group.
        InvalidInputError: the changed group is invalid.
        GroupCodeTakenError: another group of the store has the new code.
        VersionConflictError: `version` is not the stored one, or the group changed meanwhile.

    Cost: 1 read unit, 4 to 8 write units.
    """
    before = get(store, group_id)
    stale = VersionConflictError(Sentence("The group is at version {version}.", version=before.version))
    fields = apply_patch(NewGroup, before, changes)
    if all(getattr(before, name) == value for name, value in fields):
        return before
    if version not in (None, before.version):
        raise stale
    if fields.css != before.css:
        group_css.require_safe(store, fields.css)
    after = before.model_copy(update={**dict(fields), "updated_at": now, "version": before.version + 1})
    with Transaction() as write:
        write.put_record(_record(store, after), GroupRecord.version == before.version, stale)
        if after.code != before.code:
            write.delete(_claim(store, before))
            write.put_record(_claim(store, after), CodeClaim.pk.does_not_exist(), _code_taken(after))
        audit_trail.add(write, store, by, now, "group.changed", after.id, audit_trail.differences(before, after))
    return after


def delete(store: Store, group_id: str, now: datetime, by: Actor = OPERATOR) -> None:
    """Delete a group, so that no more customers can join it — GroupNotFoundError. 6 write units.

    Members keep its id until `group_removal` has removed it from them.
    """

    def attempt() -> None:
        group = get(store, group_id)  # read again each time: its code may have changed, too
        with Transaction() as write:
            write.delete(_record(store, group), GroupRecord.version == group.version, BusyError())
            write.delete(_claim(store, group))
            audit_trail.add(write, store, by, now, "group.deleted", group.id, audit_trail.differences(group, None))

    retry_on_conflict(attempt)


def require_exist(store: Store, group_ids: Collection[str]) -> None:
    """Check that groups exist, just before a customer joins them.

    The check is no condition of the write, because everybody who joins one group would wait for the
    others. A group may be deleted in between: then `group_removal` removes the member.

    Raises:
        GroupUnknownError: a group does not exist.

    Cost: 1 read unit per 4 KB of each group.
    """
    for group_id in group_ids:
        if dynamodb.get(keys.store(store.id), keys.group(group_id)) is None:
            raise _unknown(group_id)


def expect_exist(write: Transaction, store: Store, group_ids: Collection[str]) -> None:
    """Let the commit of a transaction do what `require_exist` does, once for each group."""
    for group_id in group_ids:
        write.expect(keys.store(store.id), keys.group(group_id), _unknown(group_id))


def _unknown(group_id: str) -> GroupUnknownError:
    return GroupUnknownError(Sentence("Group “{id}” not found in this store.", id=group_id))


def _by_priority(group: Group) -> tuple[int, str, str]:
    return (-group.priority, group.name, group.id)


def _code_taken(group: Group) -> GroupCodeTakenError:
    return GroupCodeTakenError(Sentence("Another group has the code “{code}”.", code=group.code))


def _record(store: Store, group: Group) -> GroupRecord:
    return GroupRecord(keys.store(store.id), keys.group(group.id), version=group.version, group=group)


def _claim(store: Store, group: Group) -> CodeClaim:
    return CodeClaim(keys.store(store.id), keys.group_code(group.code), group_id=group.id)
