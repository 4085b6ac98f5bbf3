"""Taking an account back by the link in the notice of an e-mail change."""

from collections.abc import Callable
from datetime import datetime

from clientela.customers.customer_fields import Customer
from clientela.email_changes import email_reverts
from clientela.lifecycle import merges
from clientela.schema.actors import Actor
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store


def revert(store: Store, token: str, visitor: Visitor, now: datetime, out_of_time: Callable[[], bool]) -> Customer:
    """Give an account its old address back with `email_reverts.revert`.

    A guest whom an order at the old address has made meanwhile is merged into the account.

    Raises: as `email_reverts.revert`.

    Cost: as `email_reverts.revert`; if a guest is merged, in addition that of a merge.
    """

    def join(guest_id: str, into_id: str) -> object:
        return merges.merge(store, into_id, guest_id, now, Actor("customer", into_id), out_of_time)

    return email_reverts.revert(store, token, visitor, now, join)
