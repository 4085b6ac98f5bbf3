"""Stores and the settings of their customer accounts. One deployment serves many stores."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints, create_model
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.errors import (
    BusyError,
    FieldError,
    InvalidInputError,
    StoreExistsError,
    StoreNotFoundError,
    VersionConflictError,
)
from clientela.schema import email_addresses
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.countries import Country
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp, Title
from clientela.schema.languages import SUPPORTED, Language, SupportedLanguage
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.schema.timezones import Timezone
from clientela.sentences import Sentence
from clientela.stores import audit_trail, pending_deletions
from clientela.stores.setting_groups import (
    Branding,
    CountryRules,
    Directory,
    Origin,
    PasswordMigration,
    Retention,
    SessionRules,
    SignInLimits,
    Url,
)
from clientela.stores.timed_cache import TimedCache
from clientela.table import keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

CACHED_SECONDS = 30  # a function instance may use old settings for this long

StoreId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$")]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]")


class StoreSettings(Model):
    """The settings that a merchant may change.

    Links in mails open the hosted sign-in page if `hosted_sign_in` is true, else the storefront's
    page.
    """

    name: Title
    """The name of the store, as mails and the sign-in page show it. Example: Demo"""
    login_mode: Literal["disabled", "optional", "required"] = "disabled"
    """Whether customers have accounts: not at all, if they like, or to order.
    Example: optional"""
    storefront_url: Url | None = None
    """The address of the storefront. Example: https://shop.example.com"""
    sign_in_path: Annotated[str, StringConstraints(pattern=r"^(/[\w.-]+)*/?$", max_length=200)] = "/account"
    """The page of the storefront that links in mails open. Example: /account"""
    allowed_origins: Annotated[list[Origin], Field(max_length=20)] = []
    """Further origins whose pages may call the API."""
    sender: Email | None = None
    """The sender of the mails: one of `allowed_senders`; null for the deployment's. Example: null
    """
    reply_to: Email | None = None
    """The address for answers to mails. Example: help@shop.example.com"""
    notification_email: Email | None = None
    """The address that is told when a customer waits for approval and when an import ends; null for
    no such mails."""
    language: Language = "en"
    """The store's language, for customers who have none."""
    # Languages of mails and of the hosted sign-in page; empty means all.
    languages: Annotated[list[SupportedLanguage], Field(max_length=len(SUPPORTED))] = []
    """The languages of mails and of the sign-in page; all if it is empty."""
    country: Country | None = None
    """The store's country, with which phones are read."""
    currency: Currency = "USD"
    """The store's currency. It stays once customers have orders."""
    timezone: Timezone = "UTC"
    """The store's time zone, for days without a time. Example: Europe/Madrid"""
    branding: Branding = Branding()
    """The look of mails and of the sign-in page."""
    approve_new_accounts: StrictBool = False
    """Whether new accounts wait for the merchant's approval. Example: false"""
    country_rules: CountryRules = CountryRules()
    """Exceptions by country."""
    welcome_mail: StrictBool = True
    """Whether the first paid order of a guest sends a welcome mail."""
    password_sign_in: StrictBool = False
    """Whether customers may also sign in with a password. Example: false"""
    password_migration: PasswordMigration | None = None
    """Reserved: it is stored, and has no effect yet. Example: null"""
    hosted_sign_in: StrictBool = False
    """Whether links in mails open the hosted sign-in page, not the storefront's. Example: false"""
    existing_accounts_sign_in: StrictBool = False
    """Whether an existing account must sign in to order. Example: false"""
    sign_in_limits: SignInLimits = SignInLimits()
    """The sign-in limits by network."""
    sessions: SessionRules = SessionRules()
    """How long sessions last."""
    retention: Retention = Retention()
    """How long events are stored."""


SettingsChanges = create_model(
    "SettingsChanges",
    __base__=Model,
    __doc__="Changes to the settings, as a JSON Merge Patch (RFC 7396).",
    **all_optional(StoreSettings),
)


class Store(StoreSettings):
    """A store with its settings. The operator allows the store's `allowed_senders`."""

    id: StoreId
    """The id of the store, as in the path. Example: demo"""
    directory: Directory = Directory()
    """How the lists of customers are spread; the operator changes it as the store grows."""
    allowed_senders: list[str] = []
    """The addresses that the operator allows as `sender`. Example: ["shop@mail.example.com"]"""
    created_at: Timestamp
    """When the store was created."""
    updated_at: Timestamp
    """When the settings were last changed."""
    version: int = 1
    """The number of the version, as in the ETag. Example: 4"""


class StoreRecord(Record):
    """`STORE#demo` / `SETTINGS`."""

    AUDITED = True
    version = NumberAttribute()
    store = DocumentAttribute(Store)


class StoreEntry(Record):
    """`STORES` / `demo`: lets a schedule visit every store without a scan."""

    store_id = UnicodeAttribute()


def create(store_id: str, store_settings: StoreSettings, now: datetime, by: Actor = OPERATOR) -> Store:
    """Create a store.

    Raises:
        StoreExistsError: another store has this id, or one with this id is being deleted.

    Cost: 6 write units.
    """
    created_at = clock.format_timestamp(now)
    store = Store.model_validate(
        store_settings.model_dump()
        | {"id": store_id, "created_at": created_at, "updated_at": created_at, "version": 1}
        | {"allowed_senders": [store_settings.sender] if store_settings.sender else []}
    )
    exists = StoreExistsError(Sentence("The store “{id}” exists already.", id=store_id))
    with Transaction() as write:
        write.put_record(_record(store), StoreRecord.pk.does_not_exist(), exists)
        write.put_record(StoreEntry(keys.STORES, store_id, store_id=store_id))
        audit_trail.add(write, store, by, now, "store.created", store_id, audit_trail.differences(None, store))
        pending_deletions.require_none(write, store_id)
    _cache.discard(store_id)
    return store


def get(store_id: str) -> Store:
    """Return the store, at most CACHED_SECONDS old — StoreNotFoundError.

    Cost: 1 read unit if it is not cached.
    """
    store = _cache.get(store_id)
    if store is None:
        store = read(store_id)
        _cache.put(store_id, store)
    return store


def read(store_id: str) -> Store:
    """Return the store as it is stored now — StoreNotFoundError. 1 read unit."""
    # An invalid id is not looked up: it may be too long for a key.
    record = StoreRecord.find(keys.store(store_id), keys.SETTINGS) if _ID.fullmatch(store_id) else None
    if record is None:
        raise StoreNotFoundError(Sentence("Store “{id}” not found.", id=store_id))
    return record.store


def delete(write: Transaction, store: Store) -> None:
    """Delete a store's settings as part of a transaction, so that nobody can use it any more.

    Function instances may still use it for CACHED_SECONDS. The transaction raises BusyError if the
    settings were changed after they were read.
    """
    write.delete(_record(store), StoreRecord.version == store.version, BusyError())
    write.delete(StoreEntry(keys.STORES, store.id))
    _cache.discard(store.id)


def merge_settings(store: Store, changes: Any, version: int | None = None) -> Store:
    """Return the store with a JSON Merge Patch (RFC 7396) applied; nothing is stored.

    Only `store_settings.change_settings` calls this: it adds the rule on the currency and stores
    the result. The sender must be allowed by the operator, because SES would send from any verified
    address of the AWS account.

    Raises:
        InvalidInputError: the changed settings are invalid.
        VersionConflictError: `version` is not the store's, and the changes are not yet made.
    """
    fields = apply_patch(StoreSettings, store, changes)
    # Already made: the same request, repeated after its response was lost (RFC 9110, 13.1.1).
    if version not in (None, store.version) and any(getattr(store, name) != value for name, value in fields):
        raise VersionConflictError(Sentence("The settings are at version {version}.", version=store.version))
    if fields.sender not in (None, store.sender, *store.allowed_senders):
        raise InvalidInputError(
            fields=[FieldError("/sender", "The operator of Clientela must allow this sender first.")]
        )
    return store.model_copy(update=dict(fields))


def replace(before: Store, after: Store, now: datetime, by: Actor = OPERATOR) -> Store:
    """Store `after` as the next version of `before` and return it; nothing is written if equal.

    Raises:
        VersionConflictError: the settings were changed after `before` was read.

    Cost: 4 write units.
    """
    if after == before:
        return before
    after = after.model_copy(update={"updated_at": now, "version": before.version + 1})
    stale = VersionConflictError("The settings were changed at the same moment.")
    with Transaction() as write:
        write.put_record(_record(after), StoreRecord.version == before.version, stale)
        audit_trail.add(write, after, by, now, "settings.changed", after.id, audit_trail.differences(before, after))
    _cache.discard(before.id)
    return after


def allow_sender(store_id: str, sender: str, now: datetime, by: Actor = OPERATOR) -> Store:
    """Allow a store to send from an address. Only for operators. 4 write units.

    The address must be a verified identity of SES.
    """
    before = read(store_id)
    allowed = sorted({*before.allowed_senders, email_addresses.display(sender)})
    return replace(before, before.model_copy(update={"allowed_senders": allowed}), now, by)


def list_ids() -> Iterator[str]:
    """Return the ids of all stores of the deployment."""
    return (entry.store_id for entry in StoreEntry.list_all(keys.STORES))


_cache = TimedCache[str, Store](CACHED_SECONDS)


def _record(store: Store) -> StoreRecord:
    return StoreRecord(keys.store(store.id), keys.SETTINGS, version=store.version, store=store)
