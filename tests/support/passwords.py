"""Passwords in tests: imported ones, and signing in with them."""

from typing import Any

import bcrypt
import pytest
from tests.support.sign_ins import HERE, NOW

from clientela.customers.customer_fields import Customer
from clientela.sign_in import password_sign_in
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.passwords import PasswordRecord
from clientela.sign_in.sign_in_errors import CredentialsWrongError
from clientela.stores.stores import Store
from clientela.table import keys

ANA, GOOD, OTHER = "ana@example.com", "correct horse battery", "another fine phrase"


def imported(store: Store, customer: Customer, text: str = "") -> None:
    """What an import leaves: a hash of another shop, proven by nobody."""
    text = text or bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4)).decode()
    key = keys.customer(store.id, customer.id), keys.PASSWORD
    PasswordRecord(*key, hash=text, changed_at="2026-01-01T00:00:00.000Z").save()


def by_password(store: Store, password: str = GOOD, email: str = ANA, at: Any = NOW) -> SignedIn:
    return password_sign_in.sign_in(store, email, password, HERE, at)


def refused(store: Store, password: str = GOOD, email: str = ANA) -> None:
    with pytest.raises(CredentialsWrongError):
        by_password(store, password, email)
