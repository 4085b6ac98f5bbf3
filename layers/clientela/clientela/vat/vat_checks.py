"""Whether customers' VAT IDs are registered: none → pending → valid, invalid or unavailable.

`valid` and `invalid` are always a registry's word. `unavailable` says that none has spoken: there is trouble, and it is
asked again, or there is no registry to ask (docs/decisions/0006-vat-checks.md).
"""

from datetime import datetime
from typing import Any, Literal

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.errors import CustomerNotFoundError
from clientela.stores.stores import Store
from clientela.table import circuit_breakers, keys
from clientela.table.stream import TableChange
from clientela.vat import vies
from clientela.vat.vat_check_queue import VatCheck

type Outcome = Literal["valid", "invalid", "unavailable", "unanswered", "outdated"]

_OPEN = {"pending", "unavailable"}


def check_for(change: TableChange) -> VatCheck | None:
    """The check that a change of a profile asks for.

    Only where it made the VAT ID pending: other changes while it waits ask for nothing.
    """
    after, before = _vat_id(change.after or {}), _vat_id(change.before or {})
    if after is None or after == before:
        return None
    store_id, customer_id = keys.customer_of(change.pk)
    return VatCheck(store_id=store_id, customer_id=customer_id, vat_id=after)


def _vat_id(image: dict[str, Any]) -> str | None:
    """The VAT ID that is pending in an image of a profile."""
    pending: str | None = image.get("vat_id_pending", {}).get("S")
    return pending


def check(store: Store, customer_id: str, vat_id: str, now: datetime) -> Outcome:
    """Ask whether a customer's VAT ID is registered, and note the answer if the customer has that very ID still.

    `unanswered`: noted as unavailable, ask again later. `outdated`: it was answered before, or the customer or the ID
    is gone. An outage never takes back an answer. One request to VIES; 2 read units, 3 write units for a new status.
    """
    try:
        if not _is_open(customers.get(store, customer_id), vat_id):
            return "outdated"
        outcome = _asked(vat_id, now)
        status = "unavailable" if outcome == "unanswered" else outcome

        def noted(before: Customer) -> Customer:
            return before.model_copy(update={"vat_id_status": status}) if _is_open(before, vat_id) else before

        after = customers.change(store, customer_id, noted, now, Actor("vat_check"))
    except CustomerNotFoundError:
        return "outdated"
    return outcome if (after.vat_id, after.vat_id_status) == (vat_id, status) else "outdated"


def _is_open(customer: Customer, vat_id: str) -> bool:
    return customer.vat_id == vat_id and customer.vat_id_status in _OPEN


def _asked(vat_id: str, now: datetime) -> Outcome:
    state = vies.member_state(vat_id)
    if state is None:
        return "unavailable"
    try:
        with circuit_breakers.guarded(keys.registry(state), now, vies.UnavailableError):
            return "valid" if vies.registered(vat_id) else "invalid"
    except vies.RefusedError:
        return "unavailable"
    except (vies.UnavailableError, circuit_breakers.CircuitOpenError):
        return "unanswered"
