"""Whether mail may go to a customer, and why not."""

from clientela.customers.customer_fields import Customer
from clientela.schema import email_addresses


def reachable(customer: Customer) -> bool:
    """Whether mail may go to a customer: not to a disabled account, not where mail bounced or was complained about."""
    return obstacle(customer) is None


def obstacle(customer: Customer) -> str | None:
    """Why no mail may go to a customer, or None."""
    if customer.status == "disabled":
        return "account_disabled"
    if customer.email_status in {"bounced", "complained"}:
        return f"address_{customer.email_status}"
    mailable = email_addresses.is_mailable(email_addresses.canonical(customer.email))
    return None if mailable else "address_unmailable"
