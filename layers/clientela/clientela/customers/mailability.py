"""Whether a customer may receive mail, and the reason if not."""

from clientela.customers.customer_fields import Customer
from clientela.schema import email_addresses


def reachable(customer: Customer) -> bool:
    """Return whether a customer may receive mail: not if disabled, bounced or complained."""
    return obstacle(customer) is None


def obstacle(customer: Customer) -> str | None:
    """Return the reason why a customer may not receive mail, or None."""
    if customer.status == "disabled":
        return "account_disabled"
    if customer.email_status in {"bounced", "complained"}:
        return f"address_{customer.email_status}"
    mailable = email_addresses.is_mailable(email_addresses.canonical(customer.email))
    return None if mailable else "address_unmailable"
