"""The windows of scheduled exports of what changed since the last one."""

from datetime import datetime

from clientela.customers import change_log
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store


class ChangeWindow(Model):
    """The time in whose changes an export is: from the last export of a schedule to this one."""

    since: Timestamp
    """The planned time of the last export."""
    until: Timestamp
    """The planned time of this export. Changes of its last minute or two are in the next one."""


def since_last(store: Store, last: datetime | None, slot: datetime, now: datetime) -> ChangeWindow | None:
    """Return the window of a scheduled export with `changed_since_last`; None for all customers.

    Pass the planned times: `last` is that of the schedule's last export that succeeded, `slot` that
    of this one, which must be over. A run between the two planned times has the time of its start
    as its slot. The windows of a row of exports follow each other without a gap or an overlap, and
    a change that the stream delivers late is in a later one. If `last` is after `slot`, because a
    run by hand came before a planned run that was late, the window is empty.

    All customers are due if there was no export before, or if the log does not reach back to it.
    The log is then switched on, so a schedule need not do so. Call `change_log.disable` when the
    store's last such schedule is deleted.

    Cost: 1 read unit; 1 write unit more if all customers are due.
    """
    if last is not None and change_log.covers(store.id, last, now):
        return ChangeWindow(since=min(last, slot), until=slot)
    change_log.enable(store.id, now)
    return None
