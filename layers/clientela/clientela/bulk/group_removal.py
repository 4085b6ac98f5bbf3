"""Deleting a group, and taking its members out of it."""

from datetime import datetime

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_jobs import BulkChange, ListChange
from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_history import Actor
from clientela.errors import GroupNotFoundError
from clientela.groups import groups
from clientela.stores.stores import Store


def remove(store: Store, group_id: str, now: datetime, by: Actor) -> None:
    """Delete a group and start the bulk job that takes its members out of it. GroupNotFoundError.

    From the first write on nobody can come into the group. Where a process dies before the job is started, asking again
    starts it.
    """
    members = CustomerFilter(group=group_id)
    try:
        groups.delete(store, group_id)
    except GroupNotFoundError:
        if not customer_search.page(store, filter_=members, limit=1).items:
            raise
    bulk_jobs.start(store, members, BulkChange(groups=ListChange(remove=[group_id])), now, by, is_sweep=True)
