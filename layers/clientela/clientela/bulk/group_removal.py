"""Deleting a group, and removing its members from it."""

import contextlib
from collections.abc import Callable
from datetime import datetime

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange, ListChange
from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BusyError, GroupNotFoundError
from clientela.groups import groups
from clientela.lifecycle import removal_queue
from clientela.lifecycle.removal_queue import GroupRemoval
from clientela.schema.actors import Actor
from clientela.stores.stores import Store

# Seconds from a deletion to the second look for members. A change that joins a group reads it just
# before the write, and repeats both for half a minute at most: nobody joins a deleted group later.
SECOND_SWEEP_DELAY = 120


def remove(store: Store, group_id: str, now: datetime, by: Actor) -> None:
    """Delete a group and start the bulk job that removes its members from it.

    Somebody may join while the group is deleted. So the members are looked for once more, two
    minutes later. That also finishes the removal if the process dies before the job starts.

    Raises:
        GroupNotFoundError: the store has no such group, and no customer is in it.
    """
    members = CustomerFilter(group=group_id)
    try:
        groups.get(store, group_id)
        removal_queue.put_message(GroupRemoval(store_id=store.id, group_id=group_id, by=by), SECOND_SWEEP_DELAY)
        groups.delete(store, group_id, now, by)
    except GroupNotFoundError:
        if not customer_search.page(store, filter_=members, limit=1).items:
            raise
    bulk_jobs.start(store, members, _without(group_id), now, by, is_sweep=True)


def finish(store: Store, removal: GroupRemoval, now: datetime, out_of_time: Callable[[], bool]) -> bool:
    """Remove the members that a deleted group still has; return whether any may be left.

    A group that exists keeps its members: its deletion has failed.

    Raises:
        BusyError: none of the next members can be changed. The queue tries again some times.
    """
    with contextlib.suppress(GroupNotFoundError):
        groups.get(store, removal.group_id)
        return False
    members = CustomerFilter(group=removal.group_id)
    while not out_of_time():
        page = customer_search.page(store, filter_=members, limit=bulk_jobs.BATCH_SIZE)
        if not page.items:
            return False
        ids = [each["id"] for each in page.items]
        results = bulk_jobs.change(store, ids, _without(removal.group_id), now, removal.by)
        if all(result.result == "failed" for result in results):  # else the loop would never end
            raise BusyError
    return True


def _without(group_id: str) -> BulkChange:
    return BulkChange(groups=ListChange(remove=[group_id]))
