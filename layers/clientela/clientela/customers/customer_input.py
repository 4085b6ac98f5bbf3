"""Checks of new customers and of changes. Nothing here reads or writes the table."""

from typing import Any

from pydantic import ValidationError

from clientela.customers import tax_exemptions
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError
from clientela.schema import email_addresses
from clientela.schema.documents import STORED, InputContext
from clientela.schema.merge_patch import merge
from clientela.schema.validation_errors import invalid_input
from clientela.sentences import Sentence
from clientela.stores.stores import Store

MAX_BYTES = 190_000  # of a customer as JSON: a history entry may hold two, within DynamoDB's 400 KB per item


def parse_new(store: Store, fields: Any) -> NewCustomer:
    """Return the new customer in a request to a store.

    Raises:
        InvalidInputError: fields are missing, unknown or invalid.
    """
    try:
        return NewCustomer.model_validate(fields, context=InputContext(store.country))
    except ValidationError as error:
        raise invalid_input(error) from None


def apply_patch(before: Customer, changes: Any, country: str | None) -> Customer:
    """Return the customer with a JSON Merge Patch applied, without writing it.

    `version` and `updated_at` stay. `country` is the store's: phones of addresses without a country
    are read with it.

    Raises:
        InvalidInputError: the changed customer is invalid.
    """
    if not isinstance(changes, dict):
        raise InvalidInputError("Send a JSON object with the fields to change.")
    stored = before.model_dump(mode="json", include=set(NewCustomer.model_fields))
    after = _validate(merge(stored | _reset_fields(changes), changes), changes, InputContext(country))
    is_checked_again = "vat_id" in changes and before.vat_id_status == "unavailable"  # even for the same ID
    keeps_vat_status = after.vat_id == before.vat_id and not is_checked_again
    vat_id_status = before.vat_id_status if keeps_vat_status else "pending" if after.vat_id else "none"
    is_new_email = email_addresses.canonical(after.email) != email_addresses.canonical(before.email)
    fields = {name: getattr(after, name) for name in NewCustomer.model_fields}
    fields |= {"vat_id_status": vat_id_status, "email_status": "unproven" if is_new_email else before.email_status}
    return before.model_copy(update=fields | _renewed_exemption(after, changes))


def _renewed_exemption(after: NewCustomer, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of an exemption that has ended: it is renewed if the patch says yes."""
    exemption = after.tax_exemption
    if not (after.tax_exempt and exemption and tax_exemptions.is_over(exemption.expires_on)):
        return {}
    names_an_end = "expires_on" in (changes.get("tax_exemption") or {})
    if changes.get("tax_exempt") is True and not names_an_end:
        return {"tax_exemption": exemption.model_copy(update={"expires_on": None})}
    return {"tax_exempt": False}


def fits(customer: Customer) -> bool:
    """Return whether a customer has at most MAX_BYTES."""
    return _size(customer) <= MAX_BYTES


def require_fits(customer: Customer) -> None:
    """Raise InvalidInputError if a customer has more than MAX_BYTES."""
    if not fits(customer):
        size = _size(customer) // 1000
        raise InvalidInputError(
            Sentence("A customer can have at most {max} KB; this one has {size}.", max=MAX_BYTES // 1000, size=size)
        )


def _size(customer: Customer) -> int:
    """Return the size in bytes without the statistics, so that every order can be counted."""
    return len(customer.model_dump_json(exclude_none=True, exclude={"total_spent"}).encode())


def _reset_fields(changes: dict[str, Any]) -> dict[str, None]:
    """Return empty values for the stored fields that a patch replaces, not merges.

    A change of first or last name builds a new full name; a new consent gets a time and source of
    its own.
    """
    renames = "name" not in changes and {"first_name", "last_name"} & changes.keys()
    consent = changes.get("marketing_consent")
    has_state = isinstance(consent, dict) and "state" in consent
    return ({"name": None} if renames else {}) | ({"marketing_consent": None} if has_state else {})


def _validate(fields: dict[str, Any], changes: dict[str, Any], context: InputContext) -> NewCustomer:
    """Return the changed customer.

    Unchanged fields that only fail a rule stricter than before are kept.
    """
    try:
        return NewCustomer.model_validate(fields, context=context)
    except ValidationError as error:
        if any(not each["loc"] or each["loc"][0] in {"email", *changes} for each in error.errors()):
            raise invalid_input(error) from None
        outdated = {str(each["loc"][0]) for each in error.errors()}
    stored = NewCustomer.model_validate(fields, context=STORED)
    valid = {name: value for name, value in fields.items() if name not in outdated}
    return NewCustomer.model_validate(valid, context=context).model_copy(
        update={name: getattr(stored, name) for name in outdated}
    )
