"""What checkout prefills for a signed-in customer: addresses, VAT ID, tax exemption, discount, CSS, and whether to order.

Of the groups that hold now the primary one leads, then those of higher priority. The first of them that has a discount for
the store's currency gives it; discounts of several groups are neither added nor compared.
"""

from datetime import UTC, datetime
from typing import Literal

from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.customer_fields import Customer, TaxExemption, VatIdStatus
from clientela.groups import group_stylesheets, groups
from clientela.groups.groups import Discount, Group
from clientela.schema.documents import Model
from clientela.schema.fields import Line
from clientela.schema.languages import Language
from clientela.stores.stores import Store

Refusal = Literal["approval_needed"]


class CheckoutGroup(Model):
    """A group whose member the customer is now."""

    code: str
    css_class: str
    discount: Discount | None


class Checkout(Model):
    """What checkout prefills. `tax_exempt` is true where an exemption is in force today, in UTC; `groups` has the leading
    one first. The page gets `css_classes` and loads `stylesheet`, a path of this API. `may_order` is whether an order would
    be accepted now, `refusal` why not."""

    email: str
    name: Line | None
    company: Line | None
    phone: str | None
    language: Language | None
    billing_address: Address | None
    shipping_addresses: list[ShippingAddress]
    vat_id: str | None
    vat_id_status: VatIdStatus
    tax_exempt: bool
    tax_exemption: TaxExemption | None
    groups: list[CheckoutGroup]
    discount: Discount | None
    css_classes: list[str]
    stylesheet: str
    may_order: bool
    refusal: Refusal | None


def prefill(store: Store, customer: Customer, now: datetime) -> Checkout:
    """What checkout prefills. Half a read unit per 4 KB of each of the customer's groups, in one call; none without groups."""
    valid = _leading_first(
        customer, [each for each in groups.by_ids(store, customer.groups) if groups.is_active(each, now)]
    )
    exempt, refusal = is_tax_exempt(customer, now), order_refusal(customer)
    return Checkout.model_construct(
        **{name: getattr(customer, name) for name in _COPIED},
        tax_exempt=exempt,
        tax_exemption=customer.tax_exemption if exempt else None,
        groups=[_shown(group) for group in valid],
        discount=_discount(store, valid),
        css_classes=[group_stylesheets.css_class(group) for group in valid],
        stylesheet=group_stylesheets.path_for(store, valid),
        may_order=refusal is None,
        refusal=refusal,
    )


def is_tax_exempt(customer: Customer, now: datetime) -> bool:
    """Whether the customer's tax exemption is in force: to the end of its last day, in UTC."""
    last_day = customer.tax_exemption.expires_on if customer.tax_exemption else None
    return customer.tax_exempt and (last_day is None or now.astimezone(UTC).date() <= last_day)


def order_refusal(customer: Customer) -> Refusal | None:
    """Why a signed-in customer may not order now, or None."""
    return "approval_needed" if customer.status == "pending" else None


_COPIED = (
    "email", "name", "company", "phone", "language", "billing_address", "shipping_addresses", "vat_id", "vat_id_status",
)  # fmt: skip


def _leading_first(customer: Customer, by_priority: list[Group]) -> list[Group]:
    return sorted(by_priority, key=lambda group: group.id != customer.primary_group)  # stable: the others stay in order


def _shown(group: Group) -> CheckoutGroup:
    return CheckoutGroup.model_construct(
        code=group.code, css_class=group_stylesheets.css_class(group), discount=group.discount
    )


def _discount(store: Store, valid: list[Group]) -> Discount | None:
    of_store = (
        group.discount for group in valid if group.discount and group.discount.currency in (None, store.currency)
    )
    return next(of_store, None)
