"""The stored customers to whom the e-mails of rows lead.

Most rows of a repeated import change nothing. A customer is read as JSON, which is enough to see
that, and becomes a model only when its row may change it.
"""

from collections.abc import Sequence
from functools import cached_property

from clientela.customers import customers, merged_ids, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import EmailClaim
from clientela.customers.stored_customers import CustomerJson
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.dynamodb import Item


class RowOwner:
    """A stored customer: its fields as JSON without those at their default, and the model."""

    def __init__(self, profile: Item) -> None:
        self._profile = profile
        self.fields: CustomerJson = stored_customers.load_raw(profile)
        self.id: str = self.fields["id"]

    @cached_property
    def customer(self) -> Customer:
        """The customer as a model."""
        return stored_customers.load(self._profile)


def find(store: Store, emails: Sequence[str]) -> dict[str, RowOwner]:
    """Return the customers to whom these canonical e-mails lead.

    The reads are eventually consistent, at half the price: if one is out of date, the condition of
    the write fails.

    Cost: half a read unit for each claim, and half a unit per 4 KB of each customer.
    """
    names = "pk, sk, customer_id, claimed_at, merged_from"
    claims = dynamodb.get_many([(keys.email(store.id, email), keys.CLAIM) for email in emails], names)
    ids = {claim["pk"]["S"]: _owner_id(store, claim) for claim in claims}
    profiles = dynamodb.get_many(
        [(keys.customer(store.id, each), keys.PROFILE) for each in dict.fromkeys(ids.values())],
        stored_customers.PROJECTION,
    )
    owners = {owner.id: owner for owner in map(RowOwner, profiles)}
    found: dict[str, RowOwner] = {}
    for claim in claims:
        key = claim["pk"]["S"]
        owner = owners.get(ids[key])
        # The e-mail may have changed since the claim was read.
        if owner and ("merged_from" in claim or customers.has_own_email(key, owner.fields["email"])):
            found[keys.email_of(key)] = owner
    return found


def _owner_id(store: Store, claim: Item) -> str:
    if "merged_from" in claim:
        return merged_ids.owner_of(store, EmailClaim.from_raw_data(claim))
    return str(claim["customer_id"]["S"])
