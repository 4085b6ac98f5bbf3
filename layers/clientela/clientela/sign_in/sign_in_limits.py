"""How often one may ask for a sign-in, and try one: by address, by network and by store.

Addresses are counted by their one canonical spelling, networks by the address that reached the API itself. A link in
the browser that asked for it is nobody's guess: only its network counts, so no stranger's tries shut its owner out.
"""

from datetime import datetime

from clientela import signing
from clientela.sign_in.visitors import Visitor
from clientela.signing import sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, rate_limits
from clientela.table.rate_limits import Rule

RESEND_AFTER = 60  # seconds

LINKS_OF_NETWORK = (Rule(50, 3600),)
LINKS_OF_EMAIL = (Rule(1, RESEND_AFTER), Rule(5, 3600))
# What protects the sender's good name with SES, and the bill: no store is asked for 100 sign-ins a minute in earnest.
LINKS_OF_STORE = Rule(1000, 600)

# A thief of a session is in no hurry, and its owner changes the e-mail once in years.
EMAIL_CHANGES_OF_CUSTOMER = (Rule(5, 3600), Rule(10, 86400))

# Six times the sign-ins that a network may ask for: room for codes mistyped, links pressed twice and mail scanners.
TRIES_OF_NETWORK = Rule(300, 600)
# 30 a day are one chance in 33,000 for whoever guesses at one address day and night; a store's 1,000 one in 1,000.
GUESSES_OF_EMAIL = (Rule(10, 3600), Rule(30, 86400))
GUESSES_OF_STORE = Rule(1000, 600)


def limit_links(store: Store, canonical: str, visitor: Visitor, now: datetime) -> None:
    """Count a request for a link. TooManyRequestsError. 3 write units, 5 where address and network asked before.

    The caller's own limit comes first: an exhausted one must not use up the limit of somebody else's address. The
    store's comes last: it counts mails.
    """
    rate_limits.sliding_window(keys.links_of_network(_hidden(visitor)), LINKS_OF_NETWORK, now)
    rate_limits.sliding_window(keys.links_of_email(store.id, hash_identity(canonical)), LINKS_OF_EMAIL, now)
    rate_limits.fixed_window(keys.links_of_store(store.id), LINKS_OF_STORE, now)


def limit_email_changes(store: Store, customer_id: str, canonical: str, visitor: Visitor, now: datetime) -> None:
    """Count a request to change an e-mail, which sends a mail as a link does. TooManyRequestsError. 2 write units more."""
    rate_limits.sliding_window(
        keys.email_changes_of_customer(store.id, hash_identity(customer_id)), EMAIL_CHANGES_OF_CUSTOMER, now
    )
    limit_links(store, canonical, visitor, now)


def limit_attempts(visitor: Visitor, now: datetime) -> None:
    """Count a try to sign in, by whatever means. TooManyRequestsError. 1 write unit."""
    rate_limits.fixed_window(keys.tries_of_network(_hidden(visitor)), TRIES_OF_NETWORK, now)


def limit_guesses(store: Store, canonical: str, now: datetime) -> None:
    """Count what may be a guess: a code without its mail's link, a password. TooManyRequestsError. 2 to 3 write units."""
    rate_limits.sliding_window(keys.guesses_of_email(store.id, hash_identity(canonical)), GUESSES_OF_EMAIL, now)
    rate_limits.fixed_window(keys.guesses_of_store(store.id), GUESSES_OF_STORE, now)


def hash_identity(identity: str) -> str:
    """A store's limits outlive its customers by a day: they hold no address, and no customer's id. Not keyed, or a rotation
    would reset them."""
    return sha256_hex(identity)[:32]


def _hidden(visitor: Visitor) -> str:
    """Keyed, because there are few enough addresses to try them all. A rotation of the key begins these limits anew."""
    return signing.keyed_hash("limit-network", visitor.rate_limit_key)
