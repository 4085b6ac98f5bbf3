"""Data that checkout prefills: addresses, VAT ID, tax exemption, discount, CSS.

Of the active groups the primary one leads, then those of higher priority. The first group with a
discount for the store's currency gives the discount; discounts are neither added nor compared.
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
    """An active group of the customer."""

    code: str
    css_class: str
    discount: Discount | None


class Checkout(Model):
    """Data that checkout prefills.

    `tax_exempt` is true if an exemption is valid today, in UTC. `groups` has the leading group
    first. Add `css_classes` to the page and load `stylesheet`, a path of this API. If `may_order`
    is false, an order would be rejected now, and `refusal` says why.
    """

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
