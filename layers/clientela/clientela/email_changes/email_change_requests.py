"""Requests to change an account's e-mail: their records, and the reasons to refuse one.

A request belongs to its customer, and only a session of that customer can use it. So a mail scanner
that opens the link changes nothing.
"""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from clientela.customers.customer_fields import Customer
from clientela.schema import email_addresses
from clientela.sign_in import mailed_proofs
from clientela.sign_in.mailed_proofs import MailedProofRecord
from clientela.sign_in.sign_in_errors import CodeWrongError, LinkUnknownError, LinkUsedError
from clientela.stores.stores import Store
from clientela.table import keys, records

_CODE = "email-change-code"  # the purpose of the code's HMAC


class EmailChangeRecord(MailedProofRecord):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EMAIL_CHANGE#emc_01K…`."""

    email = UnicodeAttribute()  # as typed
    canonical = UnicodeAttribute()
    from_email = UnicodeAttribute()  # canonical; the request is void once the account has another e-mail
    language = UnicodeAttribute(null=True)


def find(store: Store, customer_id: str, change_id: str) -> EmailChangeRecord | None:
    """Return the request as it is now, or None. 1 read unit."""
    return EmailChangeRecord.find(keys.customer(store.id, customer_id), keys.email_change(change_id))


def store_hashes(request: EmailChangeRecord, change_id: str, secret: str, code: str, now: datetime) -> None:
    """Store the hashes of the link and the code that the next mail holds.

    Raises:
        LinkUsedError: the request was used or has expired.

    Cost: 1 write unit.
    """
    changes = mailed_proofs.set_hashes(_CODE, change_id, secret, code)
    records.update(request, changes, mailed_proofs.is_open(now), LinkUsedError())


def require_proven(request: EmailChangeRecord, change_id: str, secret: str | None, code: str | None) -> None:
    """Raise LinkUnknownError, CodeWrongError or CodeLockedError unless secret or code is right.

    Cost: 1 write unit for a code, whose try is counted first.
    """
    if secret is not None:
        if not mailed_proofs.is_right_secret(request, secret):
            raise LinkUnknownError
        return
    # A used request as well: its response may have been lost.
    mailed_proofs.count_try(request, EmailChangeRecord.pk.exists())
    if not mailed_proofs.is_right_code(_CODE, request, change_id, code or ""):
        raise CodeWrongError


def require_open(request: EmailChangeRecord, customer: Customer, now: datetime) -> None:
    """Raise LinkUsedError or LinkExpiredError unless the request can still be used."""
    if request.from_email != email_addresses.canonical(customer.email):
        raise LinkUsedError
    mailed_proofs.require_open(request, now)
