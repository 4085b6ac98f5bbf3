"""What a row may not undo: an unsubscription, a disabled account, and a text that can be read.

An old list of a newsletter says `yes` for people who have unsubscribed since. Only a row with its
own, later time of consent subscribes them again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clientela.csv.csv_headers import FileColumns
from clientela.customers.customer_fields import Customer
from clientela.imports.row_issues import RowIssue, RowRefusedError

_UNSUBSCRIBED = "The customer has unsubscribed: only a row with a later time of consent subscribes again."
_REPLACEMENT = "\ufffd"  # what a program writes for a letter that it could not read
_UNREADABLE = "The letters of this cell may be wrong, and the customer has another text: save the file as UTF-8."
_DISABLED = "The account is disabled: an import does not open it again."


def guard(
    changes: dict[str, Any],
    before: Customer | None,
    columns: FileColumns,
    consent_at: datetime | None,
    *,
    is_disabled: bool,
) -> list[RowIssue]:
    """Remove from a row's changes what it may not undo, and return a warning for each.

    A consent gets the row's own time. `is_disabled`: whether the account was disabled before the
    import, not by an earlier row of it.
    """
    issues = []
    subscribes_again = changes.get("accepts_marketing") and before and _is_unsubscription(before)
    if subscribes_again and not _is_later(consent_at, before):
        del changes["accepts_marketing"]
        issues.append(RowIssue(columns.header("accepts_marketing"), "unsubscribed", _UNSUBSCRIBED))
    accepts = changes.get("accepts_marketing")
    if consent_at and accepts is not None and (before is None or before.accepts_marketing != accepts):
        state = "subscribed" if accepts else "unsubscribed"
        changes["marketing_consent"] = {"channel": "email", "state": state, "source": "import", "at": consent_at}
    if is_disabled and changes.get("status") not in (None, "disabled"):
        del changes["status"]
        issues.append(RowIssue(columns.header("status"), "account_disabled", _DISABLED))
    return issues


def require_readable(values: Mapping[str, str], before: Customer, columns: FileColumns, *, is_guess: bool) -> None:
    """Refuse a row that would replace a stored text by letters that may be wrong.

    `is_guess`: whether the encoding of the file is a guess.

    Raises:
        RowRefusedError: `text_unreadable`.
    """
    for field, text in values.items():
        if text.isascii() or not (is_guess or _REPLACEMENT in text):
            continue
        stored = _stored(before, field)
        if stored and stored != text:
            raise RowRefusedError(RowIssue(columns.header(field), "text_unreadable", _UNREADABLE))


def _stored(before: Customer, field: str) -> str | None:
    kind, _, name = field.rpartition(".")
    holder: Any = before
    if kind == "billing_address":
        holder = before.billing_address
    elif kind:
        holder = next((address for address in before.shipping_addresses if address.is_default), None)
    value = getattr(holder, name, None)
    return value if isinstance(value, str) else None


def _is_unsubscription(before: Customer) -> bool:
    """Return whether the customer does not accept marketing, by another source than an import."""
    consent = before.marketing_consent
    if before.accepts_marketing is not False:
        return False
    if consent is None or consent.channel != "email":
        return True
    return consent.state == "unsubscribed" and consent.source != "import"


def _is_later(consent_at: datetime | None, before: Customer | None) -> bool:
    if consent_at is None or before is None:
        return False
    consent = before.marketing_consent
    return consent is None or consent.at is None or consent_at > consent.at
