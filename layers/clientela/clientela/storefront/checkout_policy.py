"""The rules for ordering before sign-in, from the store's settings and the country alone.

No e-mail is looked up, so the response cannot reveal whether it has an account. A storefront offers
sign-in to everybody. A guest's order joins the account of its e-mail and is visible there only
after the e-mail is proven. If existing accounts must sign in, everybody confirms the e-mail: only
its owner learns whether there was an account.
"""

from datetime import datetime
from typing import Literal

from clientela.customers import customers
from clientela.schema.countries import Country
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.stores.stores import Store

Policy = Literal["guest_allowed", "confirm_email", "sign_in_needed", "approval_needed"]


class CheckoutQuestion(Model):
    """The shopper who is about to order. The e-mail does not change the answer."""

    email: Email | None = None
    """The e-mail that the shopper has typed, if any."""
    country: Country | None = None
    """The country of the billing address, else of the shipping address."""


class CheckoutPolicy(Model):
    """The rules for ordering.

    `sign_in`: not available, offered, or needed before an order. `account`: whether a guest's order
    opens an account; `on_request` means that signing in with the e-mail later opens it.
    """

    policy: Policy
    """The rule in one word."""
    guest_allowed: bool
    """Whether one may order without signing in or confirming the e-mail."""
    sign_in: Literal["none", "offered", "needed"]
    """Whether sign-in is unavailable, offered, or needed."""
    account: Literal["none", "automatic", "on_request"]
    """Whether a guest's order opens an account."""


def answer(store: Store, country: str | None) -> CheckoutPolicy:
    """Return the rules for ordering in this store from this country. No units: nothing is read.

    If the store approves new accounts, guests cannot order, because they would bypass the approval.
    `confirm_email` is the answer for every address, with and without an account.
    """
    if store.login_mode == "disabled":
        return CheckoutPolicy(policy="guest_allowed", guest_allowed=True, sign_in="none", account="none")
    if store.login_mode == "required":
        return _SIGN_IN_NEEDED
    if store.approve_new_accounts:
        return CheckoutPolicy(policy="approval_needed", guest_allowed=False, sign_in="needed", account="none")
    if store.existing_accounts_sign_in:
        return CheckoutPolicy(policy="confirm_email", guest_allowed=False, sign_in="needed", account="on_request")
    return _guest_allowed(store, country)


def answer_for(store: Store, email: str | None, country: str | None, now: datetime) -> CheckoutPolicy:
    """Return the rules for an e-mail, for a back end that may know whether it has an account.

    It does where existing accounts must sign in; everywhere else the answer is that for everybody.
    A guest, who has never signed in, has no account; a disabled customer may not order.

    Cost: 2 read units.
    """
    general = answer(store, country)
    if general.policy != "confirm_email" or email is None:
        return general
    customer = customers.find(store, email, now)
    if customer and (customer.type == "registered" or customer.status == "disabled"):
        return _SIGN_IN_NEEDED
    return _guest_allowed(store, country)


_SIGN_IN_NEEDED = CheckoutPolicy(policy="sign_in_needed", guest_allowed=False, sign_in="needed", account="none")


def _guest_allowed(store: Store, country: str | None) -> CheckoutPolicy:
    opens: Literal["automatic", "on_request"] = (
        "on_request" if country in store.country_rules.no_automatic_account else "automatic"
    )
    return CheckoutPolicy(policy="guest_allowed", guest_allowed=True, sign_in="offered", account=opens)
