"""Limits on requesting and attempting sign-ins: by e-mail address, by network and by store.

E-mail addresses are counted by their canonical spelling, networks by the shopper's IP address, each
in one store: traffic of one store exhausts no limit of another. A link in the browser that
requested it is not counted as a guess, so others cannot lock the owner out.
"""

from datetime import datetime

from clientela import settings, signing
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import limit_keys, rate_limits
from clientela.table.rate_limits import Rule

RESEND_AFTER = 60  # seconds

LINKS_OF_EMAIL = (Rule(1, RESEND_AFTER), Rule(5, 3600))
# Protects the sender's reputation with SES, and the bill. No store has 100 genuine requests a
# minute.
LINKS_OF_STORE = Rule(1000, 600)

# Owners change their e-mail once in years; a thief of a session may try for long.
EMAIL_CHANGES_OF_CUSTOMER = (Rule(5, 3600), Rule(10, 86400))

# More new devices in a day are no news.
DEVICE_NOTICES_OF_CUSTOMER = (Rule(5, 86400),)

# A day of guessing succeeds with a chance of 1 in 33,000 for one address (30 tries), 1 in 1,000 for
# a store (1,000).
GUESSES_OF_EMAIL = (Rule(10, 3600), Rule(30, 86400))
GUESSES_OF_STORE = Rule(1000, 600)


def limit_links(store: Store, canonical: str, visitor: Visitor, now: datetime) -> None:
    """Count a request for a link — TooManyRequestsError.

    5 write units, 7 if address and network requested one before.

    The network's limit comes first, so that an exhausted network does not use up another address's
    limit. Those of the store and of the deployment come last, because they count mails. Only that
    of the deployment is over all stores: it keeps their mails below the quota of SES.
    """
    network = limit_keys.links_of_network(store.id, _hash_network(visitor))
    rate_limits.window(network, links_of_network(store), now)
    rate_limits.sliding_window(limit_keys.links_of_email(store.id, hash_identity(canonical)), LINKS_OF_EMAIL, now)
    rate_limits.fixed_window(limit_keys.links_of_store(store.id), LINKS_OF_STORE, now)
    rate_limits.fixed_window(
        limit_keys.links_of_store_a_day(store.id), Rule(settings.store_links_per_day(), 86400), now
    )
    rate_limits.fixed_window(limit_keys.LINKS_A_DAY, Rule(settings.links_per_day(), 86400), now)


def limit_email_changes(store: Store, customer_id: str, canonical: str, visitor: Visitor, now: datetime) -> None:
    """Count a request to change an e-mail, and its mail as a link — TooManyRequestsError.

    2 write units more.
    """
    rate_limits.sliding_window(
        limit_keys.email_changes_of_customer(store.id, hash_identity(customer_id)), EMAIL_CHANGES_OF_CUSTOMER, now
    )
    limit_links(store, canonical, visitor, now)


def limit_device_notices(store: Store, customer_id: str, now: datetime) -> None:
    """Count a notice of a new device — TooManyRequestsError. 1 to 2 write units."""
    name = limit_keys.device_notices_of_customer(store.id, hash_identity(customer_id))
    rate_limits.sliding_window(name, DEVICE_NOTICES_OF_CUSTOMER, now)


def limit_attempts(store: Store, visitor: Visitor, now: datetime) -> None:
    """Count any attempt to sign in — TooManyRequestsError. 1 write unit."""
    rate_limits.fixed_window(
        limit_keys.tries_of_network(store.id, _hash_network(visitor)), tries_of_network(store), now
    )


def limit_guesses(store: Store, canonical: str, now: datetime) -> None:
    """Count a possible guess: a password, or a code without its link — TooManyRequestsError.

    2 to 3 write units.
    """
    rate_limits.sliding_window(limit_keys.guesses_of_email(store.id, hash_identity(canonical)), GUESSES_OF_EMAIL, now)
    rate_limits.fixed_window(limit_keys.guesses_of_store(store.id), GUESSES_OF_STORE, now)


def links_of_network(store: Store) -> Rule:
    """Return the limit of one network's requests for a link: the store's, else the deployment's."""
    return Rule(store.sign_in_limits.network_links_per_hour or settings.network_links_per_hour(), 3600)


def tries_of_network(store: Store) -> Rule:
    """Return the limit of one network's attempts: the store's, else the deployment's.

    Mistyped codes, links opened twice and mail scanners count too.
    """
    most = store.sign_in_limits.network_attempts_per_ten_minutes
    return Rule(most or settings.network_attempts_per_ten_minutes(), 600)


def hash_identity(identity: str) -> str:
    """Return the keyed hash of an address or a customer id, for the keys of limits and outcomes.

    Limits outlive an erased customer by a day, and a plain hash of an e-mail could be guessed. The
    key is the one that is never rotated: a rotation would reset the limits.
    """
    return signing.permanent_hash("identity", identity)[:32]


def _hash_network(visitor: Visitor) -> str:
    """Return the keyed hash of the caller's network: IP addresses are few enough to try all.

    A rotation of the key resets these limits.
    """
    return signing.keyed_hash("limit-network", visitor.rate_limit_key)
