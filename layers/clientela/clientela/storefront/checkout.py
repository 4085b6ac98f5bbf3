"""Data that checkout prefills: addresses, VAT ID, tax exemption, discount, CSS.

Of the active groups the primary one leads, then those of higher priority. The first group with a
discount for the store's currency gives the discount; discounts are neither added nor compared.
"""

from datetime import UTC, datetime
from typing import Literal

from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import TaxExemption, VatIdStatus
from clientela.groups import group_stylesheets, groups
from clientela.groups.groups import Discount, Group
from clientela.schema.documents import Model
from clientela.schema.fields import Line
from clientela.schema.languages import Language
from clientela.stores.stores import Store

Refusal = Literal["approval_needed"]


class CheckoutGroup(Model):
    """An active group of the customer."""

    code: str
    """The code of the group. Example: wholesale"""
    css_class: str
    """The CSS class for the page. Example: group-wholesale"""
    discount: Discount | None
    """The discount of the group; null for none."""


class Checkout(Model):
    """Data that checkout prefills.

    `tax_exempt` is true if an exemption is valid today, in UTC. `groups` has the leading group
    first. Add `css_classes` to the page and load `stylesheet`, a path of this API. If `may_order`
    is false, an order would be rejected now, and `refusal` says why.
    """

    email: str
    """The e-mail of the account. Example: ana@example.com"""
    name: Line | None
    """The full name. Example: Ana Pérez"""
    company: Line | None
    """The company. Example: Pérez e Hijos, S.L."""
    phone: str | None
    """The phone in E.164. Example: +34911222333"""
    language: Language | None
    """The language that the shopper reads."""
    billing_address: Address | None
    """The address for the invoice."""
    shipping_addresses: list[ShippingAddress]
    """The address book. Suggest the default address."""
    vat_id: str | None
    """The VAT ID. Example: ESB12345674"""
    vat_id_status: VatIdStatus
    """The result of its check with the tax authorities' register."""
    tax_exempt: bool
    """Whether the order is free of tax today."""
    tax_exemption: TaxExemption | None
    """The reason and the end of the tax exemption; null without a valid one."""
    groups: list[CheckoutGroup]
    """The active groups, the leading one first."""
    discount: Discount | None
    """The discount to apply; null for none."""
    css_classes: list[str]
    """The CSS classes to add to the page. Example: ["group-wholesale"]"""
    stylesheet: str
    """The path of the groups' CSS in this API. Example:
    /v1/stores/demo/storefront.css?groups=wholesale"""
    may_order: bool
    """Whether the shopper may order now."""
    refusal: Refusal | None
    """Why the shopper may not order now; null if allowed. Example: null"""


def prefill(store: Store, customer: Customer, now: datetime) -> Checkout:
    """Return the data that checkout prefills.

    Cost: half a read unit per 4 KB of each of the customer's groups, in one call; none without
    groups.
    """
    active = [group for group in groups.by_ids(store, customer.groups) if groups.is_active(group, now)]
    # The sort is stable: behind the primary group the order by priority stays.
    leading_first = sorted(active, key=lambda group: group.id != customer.primary_group)
    is_exempt, refusal = is_tax_exempt(customer, now), order_refusal(customer)
    return Checkout.model_construct(
        **{name: getattr(customer, name) for name in _COPIED},
        tax_exempt=is_exempt,
        tax_exemption=customer.tax_exemption if is_exempt else None,
        groups=[_checkout_group(group) for group in leading_first],
        discount=_discount(store, leading_first),
        css_classes=[group_stylesheets.css_class(group) for group in leading_first],
        stylesheet=group_stylesheets.path_for(store, leading_first),
        may_order=refusal is None,
        refusal=refusal,
    )


def is_tax_exempt(customer: Customer, now: datetime) -> bool:
    """Return whether the tax exemption is valid: until the end of its last day, in UTC."""
    last_day = customer.tax_exemption.expires_on if customer.tax_exemption else None
    return customer.tax_exempt and (last_day is None or now.astimezone(UTC).date() <= last_day)


def order_refusal(customer: Customer) -> Refusal | None:
    """Return why a signed-in customer may not order now, or None."""
    return "approval_needed" if customer.status == "pending" else None


_COPIED = (
    "email",
    "name",
    "company",
    "phone",
    "language",
    "billing_address",
    "shipping_addresses",
    "vat_id",
    "vat_id_status",
)


def _checkout_group(group: Group) -> CheckoutGroup:
    return CheckoutGroup.model_construct(
        code=group.code, css_class=group_stylesheets.css_class(group), discount=group.discount
    )


def _discount(store: Store, leading_first: list[Group]) -> Discount | None:
    discounts = (group.discount for group in leading_first if group.discount)
    return next((discount for discount in discounts if discount.currency in (None, store.currency)), None)
