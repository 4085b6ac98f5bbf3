"""The consent ledger: each word of a customer on marketing is an item of its own, which is never changed.

What holds today is on the customer: `accepts_marketing` for filters, `marketing_consent` with when, where and by which
wording it was given. The two agree, whichever of them somebody sets; unknown is never yes (GDPR art. 4 no. 11 and 7).
"""

from datetime import datetime
from typing import Literal

from clientela.customers.customer_fields import Customer, MarketingConsent
from clientela.customers.customer_history import Actor
from clientela.errors import FieldError, InvalidInputError
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

type State = Literal["subscribed", "unsubscribed", "unknown"]

_WORD: dict[str, bool | None] = {"subscribed": True, "unsubscribed": False, "unknown": None}
_STATE: dict[bool | None, State] = {True: "subscribed", False: "unsubscribed", None: "unknown"}
_SOURCE = {"api_key": "merchant", "bulk": "merchant", "customer": "account"}
_UNKNOWN = MarketingConsent(state="unknown")


class Consent(MarketingConsent):
    """One word on marketing. `id` is the version of the customer that it made, under which the history says by whom."""

    id: str
    recorded_at: Timestamp


class ConsentRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `CONSENT#0000000002`."""

    consent = DocumentAttribute(Consent)


def page(store: Store, customer_id: str, limit: int = 50, cursor: str | None = None) -> Page[Consent]:
    """A customer's ledger, newest first. InvalidInputError for a cursor of another list. Half a read unit per 4 KB."""
    found = pagination.newest_first(keys.customer(store.id, customer_id), keys.CONSENT_PREFIX, limit, cursor)
    return Page([load(Consent, item["consent"]) for item in found.items], found.next_cursor)


def reconcile(before: Customer | None, after: Customer, source: str, now: datetime) -> Customer:
    """The customer with `accepts_marketing` and `marketing_consent` in agreement, if one of them changed.

    A consent by SMS is none by e-mail, and leaves `accepts_marketing` as it is. InvalidInputError where both changed and
    contradict each other.
    """
    word, consent = after.accepts_marketing, after.marketing_consent
    old_word, old_consent = (before.accepts_marketing, before.marketing_consent) if before else (None, None)
    if consent == old_consent:
        if word == old_word:
            return after
        given = MarketingConsent(state=_STATE[word], source=source, at=now)
        return after.model_copy(update={"marketing_consent": given})
    given = consent or _UNKNOWN
    given = given.model_copy(update={"source": given.source or source, "at": given.at or now})
    if given.channel == "email":
        if word not in (old_word, _WORD[given.state]):
            raise InvalidInputError(fields=[FieldError("/accepts_marketing", "contradicts marketing_consent")])
        word = _WORD[given.state]
    return after.model_copy(update={"marketing_consent": given, "accepts_marketing": word})


def source_of(by: Actor) -> str:
    """Where a word was given when nobody says more: `account`, `merchant`, `import`, `order` …"""
    return _SOURCE.get(by.kind, by.kind)


def add_change(transaction: Transaction, store: Store, before: Customer | None, after: Customer) -> None:
    """Add a changed word to the ledger, as part of the transaction that changes it. 2 write units; none without change."""
    for record in records(store, before, after):
        transaction.put_record(record, ConsentRecord.pk.does_not_exist())


def records(store: Store, before: Customer | None, after: Customer) -> list[ConsentRecord]:
    """The entry of a change of a customer that `settled` has seen: one, or none."""
    if after.marketing_consent in (None, before and before.marketing_consent):
        return []
    given = after.marketing_consent.model_dump() if after.marketing_consent else {}
    consent = Consent(**given, id=str(after.version), recorded_at=after.updated_at)
    return [ConsentRecord(keys.customer(store.id, after.id), keys.consent(after.version), consent=consent)]
