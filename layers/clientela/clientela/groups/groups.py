"""Customer groups: what a store's customers are sorted into, each with a discount, a CSS snippet and a time in which it holds."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, create_model, model_validator
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import ids
from clientela.errors import BusyError, GroupCodeTakenError, GroupNotFoundError, VersionConflictError
from clientela.groups import group_css
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.schema.fields import Amount, Line, Timestamp
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.records import Record
from clientela.table.transactions import Transaction

ATTEMPTS = 10  # of a deletion that meets changes

CODE = r"^[a-z0-9][a-z0-9_-]{0,39}$"
Code = Annotated[str, StringConstraints(pattern=CODE), Field(examples=["wholesale"])]


class Discount(Model):
    """What members pay less: a percentage of the order, or a fixed amount of a currency."""

    kind: Literal["percent", "fixed"]
    value: Annotated[Amount, Field(gt=0)]
    currency: Currency | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.kind == "percent" and (self.value > Decimal(100) or self.currency):
            raise ValueError("a percentage is at most 100 and has no currency")
        if self.kind == "fixed" and not self.currency:
            raise ValueError("a fixed discount needs a currency")
        return self


class NewGroup(Model):
    """A group to create. `css` is what `GET /storefront.css` serves; of several groups the one of highest priority leads."""

    name: Annotated[Line, Field(min_length=1)]
    code: Code
    discount: Discount | None = None
    css: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until must be later than valid_from")
        return self


# RFC 7396: what is absent stays, null empties. Merged into the stored fields, the whole is checked as a NewGroup.
GroupChanges = create_model(
    "GroupChanges",
    __base__=Model,
    __doc__="Changes to a group, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewGroup),
)


class Group(NewGroup):
    """A group of a store's customers."""

    id: str
    created_at: Timestamp
    updated_at: Timestamp
    version: int = 1


class GroupRecord(Record):
    """`STORE#demo` / `GROUP#grp_01K…`."""

    version = NumberAttribute()
    group = DocumentAttribute(Group)


class CodeClaim(Record):
    """`STORE#demo` / `GROUP_CODE#wholesale`: what makes a code unique in its store, and leads to its group."""

    group_id = UnicodeAttribute()


def create(store: Store, new: NewGroup, now: datetime) -> Group:
    """Create a group. InvalidInputError for CSS that is not harmless, GroupCodeTakenError. 4 write units."""
    group_css.require_safe(store, new.css)
    group = Group(**new.model_dump(), id=ids.new("grp", now), created_at=now, updated_at=now)
    with Transaction() as write:
        write.put_record(_claim(store, group), CodeClaim.pk.does_not_exist(), _taken(group))
        write.put_record(_record(store, group), GroupRecord.pk.does_not_exist(), VersionConflictError())
    return group


def get(store: Store, group_id: str) -> Group:
    """The group. GroupNotFoundError. 1 read unit."""
    record = GroupRecord.find(keys.store(store.id), keys.group(group_id))
    if record is None:
        raise GroupNotFoundError(f"There is no group {group_id!r}.")
    return record.group


def list_all(store: Store) -> list[Group]:
    """All groups of a store, the one of highest priority first. 1 read unit per 4 KB."""
    records = GroupRecord.list_by_prefix(keys.store(store.id), keys.GROUP_PREFIX)
    return sorted((record.group for record in records), key=_by_priority)


def by_ids(store: Store, group_ids: Collection[str]) -> list[Group]:
    """Those of these groups that are there, the one of highest priority first. Half a read unit per 4 KB of each."""
    wanted = [(keys.store(store.id), keys.group(group_id)) for group_id in group_ids]
    found = [load(Group, item["group"]) for item in dynamodb.get_many(wanted)]
    return sorted(found, key=_by_priority)


def by_codes(store: Store, codes: Collection[str]) -> list[Group]:
    """Those of the groups with these codes that are there. Half a read unit for each, and half of one per 4 KB."""
    wanted = [(keys.store(store.id), keys.group_code(code)) for code in codes]
    claims = dynamodb.get_many(wanted, "group_id")
    return by_ids(store, [claim["group_id"]["S"] for claim in claims])


def is_active(group: Group, now: datetime) -> bool:
    """Whether membership means something now: from `valid_from` on, until before `valid_until`."""
    return (group.valid_from is None or group.valid_from <= now) and (
        group.valid_until is None or now < group.valid_until
    )


def patch(store: Store, group_id: str, changes: Any, now: datetime, version: int | None = None) -> Group:
    """Apply a JSON Merge Patch (RFC 7396). InvalidInputError, GroupCodeTakenError, GroupNotFoundError; VersionConflictError
    where `version` is not the stored one, or somebody else changed the group at the same moment. 2 to 6 write units."""
    before = get(store, group_id)
    stale = VersionConflictError(f"The group is at version {before.version}.")
    if version not in (None, before.version):
        raise stale
    fields = apply_patch(NewGroup, before, changes)
    if fields.css != before.css:
        group_css.require_safe(store, fields.css)
    after = before.model_copy(update={**dict(fields), "updated_at": now, "version": before.version + 1})
    with Transaction() as write:
        write.put_record(_record(store, after), GroupRecord.version == before.version, stale)
        if after.code != before.code:
            write.delete(_claim(store, before))
            write.put_record(_claim(store, after), CodeClaim.pk.does_not_exist(), _taken(after))
    return after


def delete(store: Store, group_id: str) -> None:
    """Delete a group: from now on nobody can be put into it. GroupNotFoundError. 4 write units.

    Its members name it until they are swept: see group_removal.
    """
    for _ in range(ATTEMPTS):
        group = get(store, group_id)
        try:
            with Transaction() as write:
                write.delete(_record(store, group), GroupRecord.version == group.version, BusyError())
                write.delete(_claim(store, group))
        except BusyError:  # changed meanwhile, perhaps its code
            continue
        return
    raise BusyError


def require_exists(write: Transaction, store: Store, group_id: str, otherwise: Exception) -> None:
    """Make a transaction depend on a group: `otherwise` is raised where it is not there any more."""
    write.check(GroupRecord, keys.store(store.id), keys.group(group_id), GroupRecord.pk.exists(), otherwise)


def _by_priority(group: Group) -> tuple[int, str, str]:
    return (-group.priority, group.name, group.id)


def _taken(group: Group) -> GroupCodeTakenError:
    return GroupCodeTakenError(f"Another group has the code {group.code!r}.")


def _record(store: Store, group: Group) -> GroupRecord:
    return GroupRecord(keys.store(store.id), keys.group(group.id), version=group.version, group=group)


def _claim(store: Store, group: Group) -> CodeClaim:
    return CodeClaim(keys.store(store.id), keys.group_code(group.code), group_id=group.id)
