"""Field types that several models share."""

from clientela.customers.customer_fields import NewCustomer


def test_a_nul_in_a_line_of_text_is_left_out() -> None:
    new = NewCustomer.model_validate(
        {"email": "ana@example.com", "name": "A\0na", "billing_address": {"city": "\0 Madrid"}}
    )
    assert new.name == "Ana"
    assert new.billing_address
    assert new.billing_address.city == "Madrid"
