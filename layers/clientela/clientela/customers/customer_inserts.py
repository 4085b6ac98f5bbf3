"""Insert many new customers, at the price of `customers.create` and in as few requests as possible.

As there, the e-mail's claim is inserted first and alone decides who gets the address; the profile
follows. Here both are inserts that replace nothing. So an import may repeat them at any time: a
profile never overwrites a later change of its customer. If the process dies in between, the next
attempt finds a claim of its own id and `customers.add` completes it; everybody else finds it void
a minute later (docs/decisions/0003).
"""

from collections.abc import Sequence
from typing import Literal

from clientela import clock
from clientela.concurrency import back_off
from clientela.customers import consents, customer_records
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerRecord, EmailClaim
from clientela.errors import BusyError
from clientela.groups import groups
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import inserts, keys
from clientela.table.dynamodb import Item
from clientela.table.transactions import Transaction

# From an insert of a claim on, a profile may be inserted for so long. A request that is repeated in
# vain takes 40 seconds; a claim is void after a minute.
_SECONDS = 10
FRESH_SECONDS = 5  # how old `updated_at` of the customers may be: it becomes the time of the claim

# `open`: another customer may have the e-mail, or the customer may be half or wholly stored;
# `customers.add` or a change must follow. `busy`: nothing is stored; it can be inserted again.
type Outcome = Literal["inserted", "open", "busy"]


def insert(store: Store, new: Sequence[Customer], *, welcome: bool = False) -> list[Outcome]:
    """Insert up to 25 new customers, each on its own, and return what became of each.

    Their `updated_at` must be at most FRESH_SECONDS ago, and none may have external ids: those need
    `customers.add`, because their claims and the profile are only valid together. None may be
    larger than `customer_input` allows.

    Raises:
        GroupUnknownError: a group of one of them does not exist; nothing is written.

    Cost: 6 write units each (claim, profile, four index entries), 1 more for a consent; 1 if the
    e-mail is taken. 1 read unit for each group of the customers.
    """
    is_too_late = clock.deadline(_SECONDS)
    groups.require_exist(store, {group for customer in new for group in customer.groups})
    pairs = [customer_records.items(store, customer, welcome=welcome) for customer in new]
    claimed = inserts.insert_all([claim for claim, _ in pairs])
    outcomes: list[Outcome] = ["busy" if outcome == "busy" else "open" for outcome in claimed]
    own = [index for index, outcome in enumerate(claimed) if outcome == "inserted"]
    if _insert_consents(store, [new[index] for index in own]):
        pending = own
        attempt = 0
        while pending and not is_too_late():
            pending = _insert_profiles(pairs, pending, outcomes)
            if pending:
                back_off(attempt)
                attempt += 1
    return outcomes


def clear_leftovers(write: Transaction, store: Store, new: Customer) -> None:
    """Let the transaction that adds a customer delete what an unfinished insert left of it.

    Cost: 1 read unit if the customer has a consent, and 2 write units for each leftover.
    """
    kept = {record.sk for record in consents.records(store, None, new)}
    for record in consents.leftovers(store, new):
        if record.sk not in kept:
            write.delete(record)


def release_claim(store: Store, email: str, owner: Customer) -> None:
    """Delete the claim that an insert left, if its customer is stored with another e-mail.

    That is so if an earlier attempt created the customer, whose e-mail has changed since.

    Raises:
        BusyError: the customer changes at this moment.

    Cost: 1 read unit, and 4 write units if there is such a claim.
    """
    canonical = email_addresses.canonical(email)
    claim = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    if claim is None or claim.customer_id != owner.id or email_addresses.canonical(owner.email) == canonical:
        return
    with Transaction() as write:
        write.delete(claim, EmailClaim.customer_id == owner.id, BusyError())
        is_same = CustomerRecord.version == owner.version
        write.check(CustomerRecord, keys.customer(store.id, owner.id), keys.PROFILE, is_same, BusyError())


def _insert_consents(store: Store, new: Sequence[Customer]) -> bool:
    """Insert the records of the ledger before the profiles, so that no stored consent lacks one.

    Return whether all were inserted.
    """
    records = [record.item() for customer in new for record in consents.records(store, None, customer)]
    return "busy" not in inserts.insert_all(records)


def _insert_profiles(pairs: Sequence[tuple[Item, Item]], indexes: Sequence[int], outcomes: list[Outcome]) -> list[int]:
    """Insert the profiles at these indexes, note which are inserted, and return the busy ones."""
    busy = []
    for index, outcome in zip(indexes, inserts.insert_all([pairs[index][1] for index in indexes]), strict=True):
        if outcome == "inserted":
            outcomes[index] = "inserted"
        elif outcome == "busy":
            busy.append(index)
    return busy
