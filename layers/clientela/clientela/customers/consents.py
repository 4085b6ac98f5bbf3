"""The consent ledger: each marketing consent of a customer is an item that never changes.

The current consent is on the customer: `accepts_marketing` for filters, `marketing_consent` with
time, source and wording. A change of one changes the other, so they agree. Unknown is never yes
(GDPR art. 4 no. 11 and art. 7).
"""

from datetime import UTC, datetime
from typing import Literal

from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import MarketingConsent
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
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Consent(MarketingConsent):
    """One consent in the ledger.

    `id` is the version of the customer that set it; the history of that version names the actor.
    `merged_from` is the customer who gave it, if that one was merged into this one.
    """

    id: str
    """The version of the customer that set this consent. Example: 2"""
    merged_from: str | None = None
    """The customer who gave it and was merged into this one since. Example:
    cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    recorded_at: Timestamp
    """When the consent was stored."""


class ConsentRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `CONSENT#2026-11-21T10:00:00.000Z#0000000002`."""

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


def combine(kept: Customer, other: Customer) -> Customer:
    """Return `kept` with the consent that counts for both: the later decision.

    Who unsubscribed stays unsubscribed unless a consent is known to be later: of two decisions of
    the same or of unknown time, the one to unsubscribe counts. A consent to another channel decides
    nothing.
    """
    both = [_decision(each) for each in (kept, other)]
    decided = [each for each in both if each.state != "unknown" and each.channel == both[0].channel]
    if not decided:
        decided = [each for each in both if each.state != "unknown"]
    winner = max(decided, key=_weight, default=both[0])
    if winner == both[0]:
        return kept
    accepts = _ACCEPTS[winner.state] if winner.channel == "email" else kept.accepts_marketing
    return kept.model_copy(update={"marketing_consent": winner, "accepts_marketing": accepts})


def _weight(decision: MarketingConsent) -> tuple[datetime, bool]:
    is_no = decision.state == "unsubscribed"
    return decision.at or (_LATEST if is_no else _EARLIEST), is_no


def _decision(customer: Customer) -> MarketingConsent:
    return customer.marketing_consent or MarketingConsent(state=_STATE[customer.accepts_marketing])


def source_of(by: Actor) -> str:
    """Return the default source of an actor's consents: `account`, `merchant`, `import` …"""
    return _SOURCE.get(by.kind, by.kind)


def add_change(transaction: Transaction, store: Store, before: Customer | None, after: Customer) -> None:
    """Add a changed consent to the ledger, in the transaction that changes the customer.

    Cost: 2 write units, 0 if the consent did not change.
    """
    for record in records(store, before, after):
        transaction.put_record(record, ConsentRecord.pk.does_not_exist())


def add_undone(
    transaction: Transaction,
    store: Store,
    before: Customer,
    after: Customer,
    source: Literal["merge_undone", "import_undone", "order"] = "merge_undone",
) -> None:
    """Add to the ledger that a customer has no consent of its own again.

    A merge or an import was undone, or the order that gave the consent was another person's.

    Cost: 2 write units, 0 if the customer had none before.
    """
    if before.marketing_consent and after.marketing_consent is None:
        undone = {"state": "unknown", "source": source, "at": after.updated_at}
        consent = Consent.model_validate(undone | {"id": str(after.version), "recorded_at": after.updated_at})
        key = keys.customer(store.id, after.id), keys.consent(after.updated_at, after.version)
        transaction.put_record(ConsentRecord(*key, consent=consent), ConsentRecord.pk.does_not_exist())


def leftovers(store: Store, customer: Customer) -> list[ConsentRecord]:
    """Return the records of a customer who is not stored yet: of an attempt that ended too early.

    Cost: 1 read unit per 4 KB if the customer has a consent, else none.
    """
    if customer.marketing_consent is None:
        return []
    return ConsentRecord.list_by_prefix(keys.customer(store.id, customer.id), keys.CONSENT_PREFIX)


def records(store: Store, before: Customer | None, after: Customer) -> list[ConsentRecord]:
    """Return the ledger's record of a change that `reconcile` has processed: one, or none."""
    if after.marketing_consent is None or after.marketing_consent == (before and before.marketing_consent):
        return []
    consent = Consent(**after.marketing_consent.model_dump(), id=str(after.version), recorded_at=after.updated_at)
    return [
        ConsentRecord(keys.customer(store.id, after.id), keys.consent(after.updated_at, after.version), consent=consent)
    ]
