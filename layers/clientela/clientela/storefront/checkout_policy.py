"""Who may order, told before anybody has signed in: by the store's rules and the country alone.

Whether an e-mail has an account is never looked up, so the answer cannot tell. A storefront offers sign-in to everybody; a
guest's order joins the account of its e-mail, and only who proves that e-mail sees it there.
"""

from typing import Literal

from clientela.schema.countries import Country
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.stores.stores import Store

Policy = Literal["guest_allowed", "sign_in_needed", "approval_needed"]


class CheckoutQuestion(Model):
    """Who is about to order, as far as known. The e-mail is checked for its form, and changes nothing else."""

    email: Email | None = None
    country: Country | None = None


class CheckoutPolicy(Model):
    """How one may order. `sign_in`: whether the store has it, and whether it comes first. `account`: whether the order of a
    guest opens an account by itself; `on_request` is by signing in with the e-mail afterwards."""

    policy: Policy
    guest_allowed: bool
    sign_in: Literal["none", "offered", "needed"]
    account: Literal["none", "automatic", "on_request"]


def answer(store: Store, country: str | None) -> CheckoutPolicy:
    """How one may order in this store from this country. No units: nothing is read but the store.

    Where new accounts are approved, nobody orders as a guest: approval would be worth nothing.
    """
    if store.login_mode == "disabled":
        return CheckoutPolicy(policy="guest_allowed", guest_allowed=True, sign_in="none", account="none")
    if store.login_mode == "required":
        return CheckoutPolicy(policy="sign_in_needed", guest_allowed=False, sign_in="needed", account="none")
    if store.approve_new_accounts:
        return CheckoutPolicy(policy="approval_needed", guest_allowed=False, sign_in="needed", account="none")
    opens = "on_request" if country in store.country_rules.no_automatic_account else "automatic"
    return CheckoutPolicy(policy="guest_allowed", guest_allowed=True, sign_in="offered", account=opens)
