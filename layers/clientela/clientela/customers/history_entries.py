"""Entries of a customer's history, and those of its newest change, which the customer itself has.

A change with a stored entry is two items in a transaction, and every unit of it counts twice. So
the entries of the newest change are part of the customer, and are stored as items by the next
change that has some (docs/decisions/0002-the-layout-of-the-directory.md).
"""

from typing import Literal

from pydantic import ConfigDict

from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp

EntryType = Literal[
    "registered", "verified", "detail_updated", "note_updated", "email_updated", "email_status_updated",
    "added_to_group", "removed_from_group",
    "address_created", "address_updated", "address_deleted", "password_updated", "password_removed",
    "merged", "merge_undone",
]  # fmt: skip


class HistoryEntry(Model):
    """One entry of a customer's history."""

    id: str
    """The id of the entry, unique for the customer. Example: 0000000002#0"""
    type: EntryType
    """What happened."""
    at: Timestamp
    """When it happened."""
    actor: Actor
    """Who or what made the change."""
    changes: list[FieldChange] = []
    """The changed fields."""


class NewestHistory(Model):
    """The entries of a customer's newest change that has some, if they are small."""

    model_config = ConfigDict(frozen=True)

    entries: tuple[HistoryEntry, ...] = ()
    """The entries, in their order."""


NO_HISTORY = NewestHistory()
