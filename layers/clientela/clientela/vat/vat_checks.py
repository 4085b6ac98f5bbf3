"""Checks of customers' VAT IDs: none → pending → valid, invalid, unavailable or not_checkable.

`valid` and `invalid` always come from a registry. `unavailable` means that there is no answer yet:
the registry is out of reach and will be asked again. `not_checkable` means that there is no
registry to ask (docs/decisions/0006-vat-checks.md).
"""

from datetime import datetime
from typing import Any, Literal

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError
from clientela.schema.actors import Actor
from clientela.stores.stores import Store
from clientela.table import circuit_breakers, keys
from clientela.table.stream import TableChange
from clientela.vat import vies
from clientela.vat.vat_check_queue import VatCheck

type Outcome = Literal["valid", "invalid", "not_checkable", "unanswered", "outdated"]

_UNRESOLVED = {"pending", "unavailable"}


def check_for(change: TableChange) -> VatCheck | None:
    """Return the check that a change of a profile needs, or None.

    Only a change that makes the VAT ID pending needs one, not the changes while it is pending.
    """
    after, before = _pending_vat_id(change.after or {}), _pending_vat_id(change.before or {})
    if after is None or after == before:
        return None
    store_id, customer_id = keys.customer_of(change.pk)
    return VatCheck(store_id=store_id, customer_id=customer_id, vat_id=after)


def _pending_vat_id(image: dict[str, Any]) -> str | None:
    """Return the pending VAT ID of a profile's image in the stream."""
    pending: str | None = image.get("vat_id_pending", {}).get("S")
    return pending


def check(store: Store, customer_id: str, vat_id: str, now: datetime) -> Outcome:
    """Check whether a customer's VAT ID is registered; store the result if the ID is unchanged.

    `unanswered`: stored as unavailable, repeat the check later. `outdated`: the ID has a result
    already, or the customer or the ID is gone. An outage never overwrites a result.

    Cost: one request to VIES; 2 read units, 3 write units for a new status.
    """
    try:
        if not _is_unresolved(customers.get(store, customer_id), vat_id):
            return "outdated"
        outcome = _ask_registry(vat_id, now)
        status = "unavailable" if outcome == "unanswered" else outcome

        def set_status(before: Customer) -> Customer:
            return before.model_copy(update={"vat_id_status": status}) if _is_unresolved(before, vat_id) else before

        after = customers.change(store, customer_id, set_status, now, Actor("vat_check"))
    except CustomerNotFoundError:
        return "outdated"
    return outcome if (after.vat_id, after.vat_id_status) == (vat_id, status) else "outdated"


def _is_unresolved(customer: Customer, vat_id: str) -> bool:
    return customer.vat_id == vat_id and customer.vat_id_status in _UNRESOLVED


def _ask_registry(vat_id: str, now: datetime) -> Outcome:
    state = vies.member_state(vat_id)
    if state is None:
        return "not_checkable"
    try:
        with circuit_breakers.guarded(keys.registry(state), now, vies.ViesUnavailableError):
            return "valid" if vies.is_registered(vat_id) else "invalid"
    except vies.ViesRefusedError:
        return "not_checkable"
    except (vies.ViesUnavailableError, circuit_breakers.CircuitOpenError):
        return "unanswered"
