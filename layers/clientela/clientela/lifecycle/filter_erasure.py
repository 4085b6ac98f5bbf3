"""Hides an erased person in the filters of bulk changes, exports and schedules of exports."""

from collections.abc import Iterator
from datetime import datetime

from clientela.bulk import bulk_jobs
from clientela.customers import past_profiles
from clientela.customers.erased_filters import Eraser, Person
from clientela.customers.stored_customers import CustomerJson, stored_json
from clientela.customers.tombstones import ErasingRecord
from clientela.exports import export_jobs, export_schedules
from clientela.lifecycle import former_identities, merge_records
from clientela.lifecycle.erasures import ErasureRecord
from clientela.stores.stores import Store
from clientela.table import keys


def run(store: Store, customer_id: str, note: ErasingRecord, now: datetime, *, has_directory: bool) -> None:
    """Replace the values of stored filters that name the person, as `erased_filters` says.

    Raises:
        DirectoryNeededError: `has_directory` is false, and there is such a filter.

    Cost: half a read unit per 4 KB of the store's jobs and of the history; 1 read unit; for each
    value that the person passes 10 read units, for each changed job 2 units.
    """
    certificate = ErasureRecord.find(keys.store(store.id), keys.erasure(note.erasure_id))
    if certificate is None:  # the store is being deleted
        return
    person = Person({customer_id, *(note.ids or ())}, list(_profiles(store, note)))
    eraser = Eraser(store, person, has_directory=has_directory)
    bulk_jobs.erase_filters(store, eraser)
    export_jobs.erase_filters(store, eraser)
    export_schedules.erase_filters(store, eraser, now, certificate.by)


def _profiles(store: Store, note: ErasingRecord) -> Iterator[CustomerJson]:
    """Yield how the person's customers were at each time, and what else had its e-mails."""
    yield from past_profiles.of(store, stored_json(note.customer))
    for customer_id in note.ids or ():
        merge = merge_records.find(store, customer_id)
        last = stored_json(merge.source) if merge else {"id": customer_id, "email": note.email}
        yield from past_profiles.of(store, last)
    for email in former_identities.latest_times(note.emails or ()):
        yield {"id": note.customer.id, "email": email}
