"""The keys of the table, built only here; those of jobs and limits in `job_keys` and `limit_keys`.

A store's partition keys begin with its id.
"""

from datetime import datetime

from clientela import clock
from clientela.table import limit_keys

STORE_DELETIONS = "STORE_DELETIONS"  # the collection of the certificates of deleted stores
PENDING_DELETIONS = "PENDING_DELETIONS"  # the collection of the stores that are being deleted
LAYOUT = "LAYOUT"  # the collection of the layout's version and of the migrations over all stores
STORES = "STORES"  # the collection that lists the stores, for schedules that process all of them

LAYOUT_VERSION = "VERSION"
SETTINGS = "SETTINGS"
PROFILE = "PROFILE"
CLAIM = "CLAIM"
ALIAS = "ALIAS"
REFERENCE = "REFERENCE"
REQUEST = "REQUEST"
PASSWORD = "PASSWORD"  # noqa: S105 - a key of the table
LATEST_SIGN_IN = "LATEST_SIGN_IN"
STATE = "STATE"
TOMBSTONE = "TOMBSTONE"
MERGE = "MERGE"
MERGE_CHANGES = "MERGE_CHANGES"
ERASING = "ERASING"
VACATED = "VACATED"
EXTERNAL_ID = "EXTERNAL_ID"

GROUP_PREFIX = "GROUP#"
KEY_PREFIX = "KEY#"
ERASURE_PREFIX = "ERASURE#"
ORDER_PREFIX = "ORDER#"
ORDERS_END = "ORDER$"  # sorts after every key that starts with the prefix
SESSION_PREFIX = "SESSION#"
EVENT_PREFIX = "EVENT#"
CONSENT_PREFIX = "CONSENT#"
DEVICE_PREFIX = "DEVICE#"
EMAIL_CHANGE_PREFIX = "EMAIL_CHANGE#"
EMAIL_REVERT_PREFIX = "EMAIL_REVERT#"
MAIL_PREFIX = "MAIL#"
MAIL_WORDS_PREFIX = "MAIL_WORDS#"
INVITATION_PREFIX = "INVITATION#"
SIGN_IN_PREFIX = "SIGN_IN#"
AUDIT_PREFIX = "AUDIT#"
AUDIT_END = "AUDIT$"  # sorts after every key that starts with the prefix
MERGED_PREFIX = "MERGED#"
MOVED_ORDER_PREFIX = "MOVED_ORDER#"
MERGED_END = "MERGED$"  # sorts after every key that starts with the prefix


def store(store_id: str) -> str:
    """`STORE#demo`: settings, groups, API keys, import and export jobs."""
    return f"STORE#{store_id}"


def collections(store_id: str) -> str:
    """`STORE#demo#`: the prefix of the partitions of a store's customers, e-mails and orders."""
    return f"STORE#{store_id}#"


def partitions_of_store(store_id: str) -> list[str]:
    """`STORE#demo#`, `LIMIT#demo#`: the beginnings of a store's partitions besides its own."""
    return [collections(store_id), limit_keys.limit(f"{store_id}#")]


def kind(sk: str) -> str:
    """Return the beginning of a sort key, such as `ORDER`: it says what an item is."""
    return sk.partition("#")[0]


def deletion_counts(deletion_id: str) -> str:
    """`STORE_DELETIONS#del_01K…`: how many items of each segment a deletion has deleted."""
    return f"{STORE_DELETIONS}#{deletion_id}"


def segment(number: int) -> str:
    """`SEGMENT#03`: one segment of the table."""
    return f"SEGMENT#{number:02d}"


def customer(store_id: str, customer_id: str) -> str:
    """`STORE#demo#CUSTOMER#cus_01K…`: the profile and everything stored with it."""
    return f"STORE#{store_id}#CUSTOMER#{customer_id}"


def customer_of(pk: str) -> tuple[str, str]:
    """Return the store id and the customer id in a key from `customer`."""
    _, store_id, _, customer_id = pk.split("#")
    return store_id, customer_id


def customer_id_of(pk: str) -> str:
    """Return the customer id in a key from `customer`, in a fifth of the time of `customer_of`."""
    return pk.rpartition("#")[2]


def is_customer(pk: str) -> bool:
    """Return whether a key of a store's collections is one from `customer`."""
    return pk.split("#", 3)[2] == "CUSTOMER"


def store_of(pk: str) -> str:
    """Return the store id in a key that begins with the store."""
    return pk.split("#", 2)[1]


def email(store_id: str, canonical: str) -> str:
    """`STORE#demo#EMAIL#ana@example.com`: the claim of an e-mail, and its unclaimed orders."""
    return f"STORE#{store_id}#EMAIL#{canonical}"


def email_of(pk: str) -> str:
    """Return the canonical e-mail in a key from `email`."""
    return pk.split("#", 3)[3]


def external_id(store_id: str, system: str, external_id: str) -> str:
    """`STORE#demo#EXTERNAL#shopify#6543`: the claim of a customer's id in another system."""
    return f"STORE#{store_id}#EXTERNAL#{system}#{external_id}"


def merged(store_id: str, customer_id: str) -> str:
    """`STORE#demo#MERGED#cus_01K…`: where a merged customer went, and what an undo needs."""
    return f"STORE#{store_id}#MERGED#{customer_id}"


def order_reference(store_id: str, order_id: str) -> str:
    """`STORE#demo#ORDER#1001`: where an order is stored."""
    return f"STORE#{store_id}#ORDER#{order_id}"


def audit(store_id: str) -> str:
    """`STORE#demo#AUDIT`: the audit trail of a store."""
    return f"STORE#{store_id}#AUDIT"


def audit_entry(at: datetime, entry_id: str) -> str:
    """`AUDIT#2026-11-21T10:00:00.000Z#aud_01K…`: sorts the trail by time."""
    return f"{AUDIT_PREFIX}{clock.format_timestamp(at)}#{entry_id}"


def sign_in(store_id: str, request_id: str) -> str:
    """`STORE#demo#SIGN_IN#01K…`: one request for a sign-in link."""
    return f"STORE#{store_id}#SIGN_IN#{request_id}"


def sign_ins(store_id: str, email_hash: str) -> str:
    """`STORE#demo#SIGN_INS#3f5a…`: the sign-in events of an e-mail, with or without an account."""
    return f"STORE#{store_id}#SIGN_INS#{email_hash}"


def sign_in_event(at: datetime, rank: int, name: str) -> str:
    """`SIGN_IN#2026-11-21T10:00:00.000Z#3#01K…`: sorts by time, then by `rank`."""
    return f"{SIGN_IN_PREFIX}{clock.format_timestamp(at)}#{rank}#{name}"


def sign_ins_after(moment: datetime) -> str:
    """`SIGN_IN#2026-11-21T10:00:00.000Z$`: sorts after all sign-in events of that moment."""
    return f"{SIGN_IN_PREFIX}{clock.format_timestamp(moment)}$"


def circuit(name: str) -> str:
    """`CIRCUIT#vies#DE`: the circuit breaker of an outside service."""
    return f"CIRCUIT#{name}"


def registry(member_state: str) -> str:
    """`vies#DE`: the name of the circuit of a member state's VAT ID register."""
    return f"vies#{member_state}"


def idempotency(store_id: str) -> str:
    """`STORE#demo#IDEMPOTENCY`: a store's requests with an idempotency key."""
    return f"STORE#{store_id}#IDEMPOTENCY"


def request(caller: str, key_hash: str) -> str:
    """`key_01K…#3f5a…`: a request of an API key, by the hash of its idempotency key."""
    return f"{caller}#{key_hash}"


def group(group_id: str) -> str:
    """`GROUP#grp_01K…`."""
    return f"{GROUP_PREFIX}{group_id}"


def group_code(code: str) -> str:
    """`GROUP_CODE#wholesale`: the claim that makes a group's code unique in its store."""
    return f"GROUP_CODE#{code}"


def api_key(key_id: str) -> str:
    """`KEY#01K…`."""
    return f"{KEY_PREFIX}{key_id}"


def erasure(erasure_id: str) -> str:
    """`ERASURE#ers_01K…`."""
    return f"{ERASURE_PREFIX}{erasure_id}"


def migration(name: str) -> str:
    """`MIGRATION#reindex_customers`: the last run of a migration."""
    return f"MIGRATION#{name}"


def erased(store_id: str, keyed_hash: str) -> str:
    """`STORE#demo#ERASED#3f5a…`: an erased customer, by the keyed hash of the e-mail or id."""
    return f"STORE#{store_id}#ERASED#{keyed_hash}"


def order(placed_at: datetime, order_id: str) -> str:
    """`ORDER#2026-11-21T10:00:00.000Z#1001`: sorts a customer's orders by time."""
    return f"{ORDER_PREFIX}{clock.format_timestamp(placed_at)}#{order_id}"


def order_time(sort_key: str) -> datetime:
    """Return the time in a key from `order`."""
    return datetime.fromisoformat(sort_key.split("#", 2)[1])


def order_id(sort_key: str) -> str:
    """Return the order id in a key from `order`."""
    return sort_key.partition("Z#")[2]


def session(session_id: str) -> str:
    """`SESSION#01K…`."""
    return f"{SESSION_PREFIX}{session_id}"


def device(name: str) -> str:
    """`DEVICE#Firefox on Windows`: a device from which a customer has signed in."""
    return f"{DEVICE_PREFIX}{name}"


def events(version: int) -> str:
    """`EVENT#0000000002#`: the prefix of the history entries of one version."""
    return f"{EVENT_PREFIX}{version:010d}#"


def event(version: int, number: int) -> str:
    """`EVENT#0000000002#0`: a history entry, by the customer's version and a number within it."""
    return f"{events(version)}{number}"


def event_version(sort_key: str) -> int:
    """Return the version in a key from `event`."""
    return int(sort_key.split("#")[1])


def consent(at: datetime, version: int) -> str:
    """`CONSENT#2026-11-21T10:00:00.000Z#0000000002`: by time and the version that it made."""
    return f"{CONSENT_PREFIX}{clock.format_timestamp(at)}#{version:010d}"


def moved_order(order_id: str) -> str:
    """`MOVED_ORDER#1001`: an order that a merge moved."""
    return f"{MOVED_ORDER_PREFIX}{order_id}"


def email_change(change_id: str) -> str:
    """`EMAIL_CHANGE#emc_01K…`: a request to change the e-mail."""
    return f"{EMAIL_CHANGE_PREFIX}{change_id}"


def email_revert(version: int) -> str:
    """`EMAIL_REVERT#0000000007`: the revert link of the e-mail change that made a version."""
    return f"{EMAIL_REVERT_PREFIX}{version:010d}"


def mail_words(mail: str, language: str) -> str:
    """`MAIL_WORDS#welcome#es`: the merchant's own words of a mail in a language."""
    return f"{MAIL_WORDS_PREFIX}{mail}#{language}"


def mail(name: str) -> str:
    """`MAIL#welcome`: the delivery of a mail to the collection's customer or sign-in request."""
    return f"{MAIL_PREFIX}{name}"


def invitation(reference: str) -> str:
    """`INVITATION#2026-11-21T10` or `INVITATION#blk_01K…`: an invitation, by its occasion."""
    return f"{INVITATION_PREFIX}{reference}"


def merged_customer(customer_id: str) -> str:
    """`MERGED#cus_01K…`: in the collection of the customer that this one was merged into."""
    return f"{MERGED_PREFIX}{customer_id}"


def directory(store_id: str, bucket: int) -> str:
    """`demo#3`: one of the buckets that spread a store's directory indexes."""
    return f"{store_id}#{bucket}"


def unclaimed_orders(store_id: str) -> str:
    """`demo#unclaimed`: the entries of orders without account in the index of creation."""
    return f"{store_id}#unclaimed"


def unclaimed_order(sort_key: str) -> str:
    """Return the entry's sort key for a key from `order`: `2026-11-21T10:00:00.000Z#1001`."""
    return sort_key.removeprefix(ORDER_PREFIX)
