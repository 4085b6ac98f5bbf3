"""Deleting a group, and removing its members from it."""

from datetime import datetime

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange, ListChange
from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import GroupNotFoundError
from clientela.groups import groups
from clientela.schema.actors import Actor
from clientela.stores.stores import Store


def remove(store: Store, group_id: str, now: datetime, by: Actor) -> None:
    """Delete a group and start the bulk job that removes its members from it — GroupNotFoundError.

    After the first write nobody can be added to the group. If the process dies before the job
    starts, the same request starts it.
    """
    members = CustomerFilter(group=group_id)
    try:
        groups.delete(store, group_id, now, by)
    except GroupNotFoundError:
        if not customer_search.page(store, filter_=members, limit=1).items:
            raise
    bulk_jobs.start(store, members, BulkChange(groups=ListChange(remove=[group_id])), now, by, is_sweep=True)
