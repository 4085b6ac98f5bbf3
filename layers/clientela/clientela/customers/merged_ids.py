"""The ids and e-mails of customers who were merged into another one, and to whom they lead."""

from clientela.customers.customer_records import Alias, EmailClaim
from clientela.stores.stores import Store
from clientela.table import keys


def current(store: Store, customer_id: str) -> str:
    """Return the customer that remains of one who may have been merged, also several times.

    Cost: 1 read unit, and 1 for each merge.
    """
    while alias := Alias.find(keys.merged(store.id, customer_id), keys.ALIAS):
        customer_id = alias.into_id
    return customer_id


def next_of(store: Store, customer_id: str) -> str:
    """Return the customer into whom one was merged, who may be merged by now, or the same id.

    Cost: 1 read unit.
    """
    alias = Alias.find(keys.merged(store.id, customer_id), keys.ALIAS)
    return alias.into_id if alias else customer_id


def owner_of(store: Store, claim: EmailClaim) -> str:
    """Return the id of the customer to whom the e-mail of a claim leads.

    Cost: none, or as `current` for the former e-mail of a merged customer.
    """
    return current(store, claim.customer_id) if claim.merged_from else claim.customer_id
