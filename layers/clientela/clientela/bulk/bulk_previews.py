"""What a bulk change would do: the number of customers, and the results of the first of them."""

from typing import NamedTuple

from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange, BulkResult
from clientela.customers import customer_search, customers, invitations
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ClientelaError, GroupUnknownError
from clientela.groups import groups
from clientela.sentences import Sentence
from clientela.stores.stores import Store

SAMPLE = 20  # customers


class Preview(NamedTuple):
    """The number of customers that a bulk change names, and the results for a sample of them."""

    total: int
    sample: list[BulkResult]


def of_ids(store: Store, customer_ids: list[str], changes: BulkChange) -> Preview:
    """Preview a bulk change by ids; nothing is written.

    Cost: 1 read unit per 4 KB of each customer in the sample.
    """
    unique = list(dict.fromkeys(customer_ids))
    return Preview(len(unique), _results(store, unique[:SAMPLE], changes))


def of_filter(store: Store, filter_: CustomerFilter, changes: BulkChange) -> Preview:
    """Preview a bulk change by a filter; nothing is written.

    Cost: half a read unit per 4 KB of the whole index; 1 per 4 KB of each customer in the sample.
    """
    page = customer_search.page(store, sort="created", filter_=filter_, limit=SAMPLE)
    return Preview(customer_search.count(store, filter_), _results(store, [each["id"] for each in page.items], changes))


def _results(store: Store, customer_ids: list[str], changes: BulkChange) -> list[BulkResult]:
    added = changes.groups.add if changes.groups else []
    unknown = set(added) - {group.id for group in groups.by_ids(store, added)}
    return [_result(store, each, changes, unknown) for each in customer_ids]


def _result(store: Store, customer_id: str, changes: BulkChange, unknown: set[str]) -> BulkResult:
    try:
        before = customers.get(store, customer_id)
        after = bulk_jobs.apply(store, before, changes)
        if missing := [group for group in after.groups if group in unknown and group not in before.groups]:
            raise GroupUnknownError(Sentence("Group “{id}” not found in this store.", id=missing[0]))
        if changes.invite:
            invitations.require_invitable(store, after)
    except ClientelaError as error:
        return bulk_jobs.failure(store, customer_id, error)
    return BulkResult(id=customer_id, result="unchanged" if after == before and not changes.invite else "changed")
