"""Stores that are being deleted: their settings are gone, and their ids cannot be used yet."""

from pynamodb.attributes import UnicodeAttribute

from clientela.errors import StoreExistsError
from clientela.sentences import Sentence
from clientela.table import keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction


class PendingDeletion(Record):
    """`PENDING_DELETIONS` / `demo`."""

    deletion_id = UnicodeAttribute()
    begun_at = UnicodeAttribute()


def find(store_id: str) -> PendingDeletion | None:
    """Return the unfinished deletion of a store, or None. 1 read unit."""
    return PendingDeletion.find(keys.PENDING_DELETIONS, store_id)


def require_none(write: Transaction, store_id: str) -> None:
    """Let a transaction raise StoreExistsError while a store with this id is being deleted.

    Cost: 2 write units.
    """
    being_deleted = StoreExistsError(Sentence("The store “{id}” is being deleted.", id=store_id))
    is_free = PendingDeletion.pk.does_not_exist()
    write.check(PendingDeletion, keys.PENDING_DELETIONS, store_id, is_free, being_deleted)
