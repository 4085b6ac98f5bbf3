"""The ids that customers have in other systems: in a store only one customer has each.

A claim per id enforces it. Every write of a customer's profile has the writes of its claims in the
same transaction, so that claims and profiles agree at every moment.
"""

from collections.abc import Collection

from pynamodb.attributes import UnicodeAttribute

from clientela.customers.customer_fields import Customer
from clientela.errors import ExternalIdTakenError
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction

type Change = tuple[Customer | None, Customer | None]  # a customer before and after a transaction
type ExternalId = tuple[str, str]  # the system, and the id in it


class ExternalIdClaim(Record):
    """`STORE#demo#EXTERNAL#shopify#6543` / `EXTERNAL_ID`: the customer who has an external id."""

    customer_id = UnicodeAttribute()


def add_changes(write: Transaction, store: Store, *changes: Change) -> None:
    """Add the claims that customers get and lose to the transaction that changes their profiles.

    The transaction raises ExternalIdTakenError if another customer has an id. An id that passes
    from one of the customers to another needs no condition: the versions of both profiles guard it.

    Raises:
        ExternalIdTakenError: two of the customers would have the same id.

    Cost: 2 write units for each id that is added, removed or moved.
    """
    old: dict[ExternalId, str] = {}
    new: dict[ExternalId, str] = {}
    for before, after in changes:
        old |= _owners(before)
        for id_, owner in _owners(after).items():
            if id_ in new:
                raise taken(id_)
            new[id_] = owner
    for id_ in old.keys() - new.keys():
        write.delete(_claim(store, id_, old[id_]))
    for id_, owner in new.items():
        if id_ not in old:
            write.put_record(_claim(store, id_, owner), ExternalIdClaim.pk.does_not_exist(), taken(id_))
        elif old[id_] != owner:
            write.put_record(_claim(store, id_, owner))


def find_owner(store: Store, system: str, external_id: str) -> str | None:
    """Return the id of the customer who has an external id, or None. Cost: 1 read unit."""
    claim = ExternalIdClaim.find(keys.external_id(store.id, system, external_id), keys.EXTERNAL_ID)
    return claim.customer_id if claim else None


def find_owners(store: Store, ids: Collection[ExternalId]) -> dict[ExternalId, str]:
    """Return the customers who have external ids, read eventually consistently.

    Cost: half a read unit for each id.
    """
    by_key = {keys.external_id(store.id, *each): each for each in ids}
    claims = dynamodb.get_many([(key, keys.EXTERNAL_ID) for key in by_key], "pk, customer_id")
    return {by_key[claim["pk"]["S"]]: claim["customer_id"]["S"] for claim in claims}


def taken(id_: ExternalId) -> ExternalIdTakenError:
    """Return the error that another customer has an id."""
    system, external_id = id_
    return ExternalIdTakenError(
        Sentence("Another customer of this store has the id “{id}” in “{system}”.", id=external_id, system=system)
    )


def _owners(customer: Customer | None) -> dict[ExternalId, str]:
    return dict.fromkeys(customer.external_ids.items(), customer.id) if customer else {}


def _claim(store: Store, id_: ExternalId, customer_id: str) -> ExternalIdClaim:
    return ExternalIdClaim(keys.external_id(store.id, *id_), keys.EXTERNAL_ID, customer_id=customer_id)
