"""Sessions of a signed-in customer: opaque tokens, stored as hashes with their customer.

A token is `cs_<customer's ULID>_<session's ULID>_<secret>`: the ids give the item's key, and the
secret has 256 random bits.
"""

from datetime import datetime, timedelta
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from clientela import ids
from clientela.customers import customers, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError, NotFoundError
from clientela.schema import email_addresses
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Timestamp
from clientela.sentences import Sentence
from clientela.sign_in import known_devices, user_agents
from clientela.sign_in.sign_in_errors import FreshSignInNeededError, SessionInvalidError
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.stream import TableChange
from clientela.table.transactions import Transaction

MAX_ENDED = 80  # in one transaction, which has other writes too
SEEN_EVERY = timedelta(hours=1)  # a session in use costs one write an hour
RECENT = timedelta(minutes=10)  # how long a sign-in by link or code is a fresh proof

type SignInMethod = Literal["link", "password"]


class Session(Model):
    """A device that is signed in. `email_proven` is false if an imported password opened it."""

    id: str
    """The id of the session. Example: ses_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    customer_id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    device: Line | None = None
    """Browser and system; null if unknown. Example: Firefox, Windows"""
    signed_in_by: SignInMethod = "link"
    """How the customer signed in."""
    email_proven: bool = True
    """Whether the sign-in proved that the e-mail is the customer's."""
    created_at: Timestamp
    """When the customer signed in."""
    last_seen_at: Timestamp
    """When the session was last used, to within an hour."""
    expires_at: Timestamp
    """When the session ends at the latest."""


class SessionRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `SESSION#ses_01K…`."""

    token_hash = UnicodeAttribute()
    email = UnicodeAttribute()  # canonical; another e-mail of the customer ends the session
    # The customer's version after the sign-in, or after the owner's own change of the e-mail. Void
    # below the customer's `access_version`; orders the session's event among the customer's.
    customer_version = NumberAttribute()
    session = DocumentAttribute(Session)
    ttl = NumberAttribute()


def start(
    write: Transaction,
    store: Store,
    customer: Customer,
    user_agent: str | None,
    now: datetime,
    secret: str | None = None,
    *,
    way: SignInMethod = "link",
    email_proven: bool = True,
    before: Customer | None = None,
) -> tuple[str, Session]:
    """Put a new session as part of a transaction, and return its token, which is stored nowhere.

    Its device is remembered. A new one is reported to a customer who had signed in before:
    `before` is the customer at that time.

    The transaction must write the new version that `customer` has. So ending all sessions on a
    version misses none, and the session's event has its place among the customer's. `secret` lets
    the caller build the same token again.
    """
    session = Session(
        id=ids.new("ses", now),
        customer_id=customer.id,
        device=user_agents.summary(user_agent),
        signed_in_by=way,
        email_proven=email_proven,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=store.sessions.absolute_hours),
    )
    token = token_of(customer.id, session.id, secret or ids.secret())
    write.put_record(
        _record(store, session, sha256_hex(token), email_addresses.canonical(customer.email), customer.version),
        SessionRecord.pk.does_not_exist(),
    )
    known_devices.remember(write, store.id, before, customer, session.device, now)
    return token, session


def token_of(customer_id: str, session_id: str, secret: str) -> str:
    """Return `cs_01K…_01K…_<secret>`."""
    return "_".join(("cs", customer_id.removeprefix("cus_"), session_id.removeprefix("ses_"), secret))


def current(store: Store, token: str, now: datetime) -> tuple[Session, Customer]:
    """Return the session of a token, and its customer.

    A session whose e-mail is not proven ends when somebody proves it.

    Raises:
        SessionInvalidError: the token is not one of this store's, the session ended or expired, the
            customer is disabled, or was disabled or got another e-mail since the sign-in.

    Cost: 2 read units; once an hour 1 write unit.
    """
    record = _find(store, token)
    if record is None or not constant_time_equal(sha256_hex(token), record.token_hash):
        raise SessionInvalidError
    if not _is_open(store, _limit_lifetime(store, record.session), now):
        raise SessionInvalidError
    customer = _customer(store, record)
    return _limit_lifetime(store, _touch(store, record, now)), customer


def list_active(store: Store, customer: Customer, now: datetime) -> list[Session]:
    """Return the customer's open sessions, newest first. 1 read unit per 4 KB."""
    records = [
        record for record in _records(store.id, customer.id) if record.customer_version >= customer.access_version
    ]
    limited = [_limit_lifetime(store, record.session) for record in reversed(records)]
    return [session for session in limited if _is_open(store, session, now)]


def is_fresh(session: Session, now: datetime) -> bool:
    """Return whether a link or code of a mail opened the session within the last ten minutes."""
    return session.signed_in_by == "link" and now - session.created_at < RECENT


def require_fresh(session: Session, now: datetime) -> None:
    """Raise FreshSignInNeededError unless a mail opened the session within the last ten minutes.

    What takes an account away from its owner needs more than a browser that was left open.
    """
    if not is_fresh(session, now):
        raise FreshSignInNeededError


def end(store: Store, customer_id: str, session_id: str) -> None:
    """End one session, at once — NotFoundError. 1 write unit."""
    record = SessionRecord(keys.customer(store.id, customer_id), keys.session(session_id))
    records.delete(
        record, SessionRecord.pk.exists(), NotFoundError(Sentence("Session “{id}” not found.", id=session_id))
    )


def end_all(store: Store, customer_id: str) -> None:
    """End every session of a customer, at once. 1 write unit each."""
    for record in _records(store.id, customer_id):
        records.delete(record)


def end_after(change: TableChange) -> None:
    """Delete the sessions that a change of a customer made void: they do not work, but hold data.

    Later sessions stay, however late the change arrives. Nothing is done for other changes.
    Cost: 1 read unit per 4 KB, 1 write unit for each session.
    """
    if change.sk != keys.PROFILE or change.before is None or change.after is None:
        return
    before, after = (stored_customers.load(item) for item in (change.before, change.after))
    if after.access_version > before.access_version:
        for record in _records(*keys.customer_of(change.pk)):
            if record.customer_version < after.access_version:
                records.delete(record)


def end_others(
    write: Transaction, store: Store, before: Customer, after: Customer, keep: Session | None = None
) -> None:
    """End all sessions but one as part of the transaction that replaces `before`.

    The session that is kept follows the customer's e-mail.

    Raises:
        SessionInvalidError: the session to keep has ended or is void (raised by the transaction).

    Cost: 1 read unit per 4 KB, 2 write units for each session.
    """
    others = [record for record in _records(store.id, after.id) if not keep or record.session.id != keep.id]
    for record in others[:-MAX_ENDED]:  # more than fit into a transaction: ending them early does no harm
        records.delete(record)
    for record in others[-MAX_ENDED:]:
        write.delete(record)
    if keep:
        record = SessionRecord(keys.customer(store.id, after.id), keys.session(keep.id))
        email = email_addresses.canonical(after.email)
        actions: list[Action] = [SessionRecord.email.set(email), SessionRecord.customer_version.set(after.version)]
        # Void ones must stay void: the account may have been disabled since the caller looked.
        is_valid = SessionRecord.customer_version >= before.access_version
        write.update(record, actions, is_valid, SessionInvalidError())


def _record(store: Store, session: Session, token_hash: str, email: str, customer_version: int) -> SessionRecord:
    return SessionRecord(
        keys.customer(store.id, session.customer_id),
        keys.session(session.id),
        token_hash=token_hash,
        email=email,
        customer_version=customer_version,
        session=session,
        ttl=int(session.expires_at.timestamp()),
    )


def _records(store_id: str, customer_id: str) -> list[SessionRecord]:
    return SessionRecord.list_by_prefix(keys.customer(store_id, customer_id), keys.SESSION_PREFIX)


def _find(store: Store, token: str) -> SessionRecord | None:
    parts = token.split("_", 3)
    if len(parts) != 4 or parts[0] != "cs" or not all(len(part) == 26 and part.isalnum() for part in parts[1:3]):
        return None
    return SessionRecord.find(keys.customer(store.id, f"cus_{parts[1]}"), keys.session(f"ses_{parts[2]}"))


def _limit_lifetime(store: Store, session: Session) -> Session:
    """Return the session with the expiry of the store's current settings, if that is earlier."""
    latest = session.created_at + timedelta(hours=store.sessions.absolute_hours)
    return session if latest >= session.expires_at else session.model_copy(update={"expires_at": latest})


def _is_open(store: Store, session: Session, now: datetime) -> bool:
    return now < min(session.expires_at, session.last_seen_at + timedelta(hours=store.sessions.idle_hours))


def _customer(store: Store, record: SessionRecord) -> Customer:
    try:
        customer = customers.get(store, record.session.customer_id)
    except CustomerNotFoundError:
        raise SessionInvalidError from None
    if customer.status == "disabled" or record.customer_version < customer.access_version:
        raise SessionInvalidError
    if email_addresses.canonical(customer.email) != record.email:
        raise SessionInvalidError
    if customer.email_status == "proven" and not record.session.email_proven:
        raise SessionInvalidError
    return customer


def _touch(store: Store, record: SessionRecord, now: datetime) -> Session:
    if now - record.session.last_seen_at < min(SEEN_EVERY, timedelta(hours=store.sessions.idle_hours) / 12):
        return record.session
    session = record.session.model_copy(update={"last_seen_at": now})
    # The condition keeps a session that was ended meanwhile from being put again.
    records.update(record, [SessionRecord.session.set(session)], SessionRecord.pk.exists(), SessionInvalidError())
    return session
