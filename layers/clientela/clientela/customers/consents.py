"""The consent ledger: each marketing consent of a customer is an item that never changes.

The current consent is on the customer: `accepts_marketing` for filters, `marketing_consent` with
time, source and wording. A change of one changes the other, so they agree. Unknown is never yes
(GDPR art. 4 no. 11 and art. 7).
"""

from datetime import datetime
from typing import Literal

from clientela.customers.customer_fields import Customer, MarketingConsent
from clientela.errors import FieldError, InvalidInputError
from clientela.schema.actors import Actor
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

type State = Literal["subscribed", "unsubscribed", "unknown"]

_ACCEPTS: dict[str, bool | None] = {"subscribed": True, "unsubscribed": False, "unknown": None}
_STATE: dict[bool | None, State] = {True: "subscribed", False: "unsubscribed", None: "unknown"}
_SOURCE = {"api_key": "merchant", "bulk": "merchant", "customer": "account"}
_UNKNOWN = MarketingConsent(state="unknown")


class Consent(MarketingConsent):
    """One consent in the ledger.

    `id` is the version of the customer that set it; the history of that version names the actor.
    """

    id: str
    """The version of the customer that set this consent. Example: 0000000002"""
    recorded_at: Timestamp
    """When the consent was stored."""


class ConsentRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `CONSENT#0000000002`."""

    consent = DocumentAttribute(Consent)


def page(store: Store, customer_id: str, limit: int = 50, cursor: str | None = None) -> Page[Consent]:
    """Return a page of a customer's ledger, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB.
    """
    stored = pagination.newest_first(keys.customer(store.id, customer_id), keys.CONSENT_PREFIX, limit, cursor)
    return Page([load(Consent, item["consent"]) for item in stored.items], stored.next_cursor)


def reconcile(before: Customer | None, after: Customer, source: str, now: datetime) -> Customer:
    """Return the customer with `accepts_marketing` and `marketing_consent` in agreement.

    The one that changed sets the other. A consent to SMS leaves `accepts_marketing`, which is about
    e-mail.

    Raises:
        InvalidInputError: both changed and contradict each other.
    """
    accepts, consent = after.accepts_marketing, after.marketing_consent
    old_accepts, old_consent = (before.accepts_marketing, before.marketing_consent) if before else (None, None)
    if consent == old_consent:
        if accepts == old_accepts:
            return after
        derived = MarketingConsent(state=_STATE[accepts], source=source, at=now)
        return after.model_copy(update={"marketing_consent": derived})
    consent = consent or _UNKNOWN
    consent = consent.model_copy(update={"source": consent.source or source, "at": consent.at or now})
    if consent.channel == "email":
        if accepts not in (old_accepts, _ACCEPTS[consent.state]):
            raise InvalidInputError(fields=[FieldError("/accepts_marketing", "This contradicts marketing_consent.")])
        accepts = _ACCEPTS[consent.state]
    return after.model_copy(update={"marketing_consent": consent, "accepts_marketing": accepts})


def source_of(by: Actor) -> str:
    """Return the default source of an actor's consents: `account`, `merchant`, `import` …"""
    return _SOURCE.get(by.kind, by.kind)


def add_change(transaction: Transaction, store: Store, before: Customer | None, after: Customer) -> None:
    """Add a changed consent to the ledger, in the transaction that changes the customer.

    Cost: 2 write units, 0 if the consent did not change.
    """
    for record in records(store, before, after):
        transaction.put_record(record, ConsentRecord.pk.does_not_exist())


def records(store: Store, before: Customer | None, after: Customer) -> list[ConsentRecord]:
    """Return the ledger's record of a change that `reconcile` has processed: one, or none."""
    if after.marketing_consent is None or after.marketing_consent == (before and before.marketing_consent):
        return []
    consent = Consent(**after.marketing_consent.model_dump(), id=str(after.version), recorded_at=after.updated_at)
    return [ConsentRecord(keys.customer(store.id, after.id), keys.consent(after.version), consent=consent)]
