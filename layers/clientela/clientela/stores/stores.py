"""Stores: who they are and how their customer accounts behave. One deployment serves many."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints, create_model
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.errors import FieldError, InvalidInputError, StoreExistsError, StoreNotFoundError, VersionConflictError
from clientela.schema import email_addresses
from clientela.schema.countries import Country
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Line, Timestamp
from clientela.schema.languages import SUPPORTED, Language, SupportedLanguage
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.table import keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

CACHED_SECONDS = 30  # a changed setting holds everywhere within half a minute

StoreId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$")]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]")
# Plain HTTP only where the traffic stays on the machine: everything else would show sign-in links to the network.
_ORIGIN = r"(https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?)"
Origin = Annotated[str, StringConstraints(pattern=f"^{_ORIGIN}$"), Field(examples=["https://shop.example.com"])]
Url = Annotated[str, StringConstraints(pattern=rf"^{_ORIGIN}(/[!-~]*)?$", max_length=500)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class Branding(Model):
    """How the store's mails look."""

    logo_url: Url | None = None
    colour: Colour = "#1f4f46"


class CountryRules(Model):
    """What differs for customers of some countries, which are those of their billing, else their shipping address."""

    no_automatic_account: Annotated[list[Country], Field(max_length=250)] = []


class SessionRules(Model):
    """How long a shopper stays signed in: since the last use, and in all. Shorter times hold at once for open sessions."""

    idle_hours: Annotated[int, Field(ge=1, le=8760)] = 336
    absolute_hours: Annotated[int, Field(ge=1, le=8760)] = 720


class Retention(Model):
    """How long what is remembered about customers is kept; without a number for as long as the customer."""

    sign_ins_days: Annotated[int, Field(ge=1, le=365)] = 30
    history_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class StoreSettings(Model):
    """What a merchant may change. Links in mails lead to `hosted_sign_in`'s page, or to the storefront's own one."""

    name: Annotated[Line, Field(min_length=1)]
    login_mode: Literal["disabled", "optional", "required"] = "disabled"
    storefront_url: Url | None = None
    sign_in_path: Annotated[str, StringConstraints(pattern=r"^(/[\w.-]+)*/?$", max_length=200)] = "/account"
    allowed_origins: Annotated[list[Origin], Field(max_length=20)] = []
    sender: Email | None = None
    reply_to: Email | None = None
    language: Language = "en"
    languages: Annotated[
        list[SupportedLanguage], Field(max_length=len(SUPPORTED))
    ] = []  # of mails and pages; none named: all
    country: Country | None = None
    currency: Currency = "USD"
    branding: Branding = Branding()
    nightly_export: StrictBool = True
    approve_new_accounts: StrictBool = False
    country_rules: CountryRules = CountryRules()
    welcome_mail: StrictBool = True
    password_sign_in: StrictBool = True
    hosted_sign_in: StrictBool = False
    sessions: SessionRules = SessionRules()
    retention: Retention = Retention()


SettingsChanges = create_model(
    "SettingsChanges",
    __base__=Model,
    __doc__="Changes to the settings, as a JSON Merge Patch (RFC 7396).",
    **all_optional(StoreSettings),
)


class Store(StoreSettings):
    """A store with its settings. `allowed_senders` is what its operator lets it send from."""

    id: StoreId
    allowed_senders: list[str] = []
    created_at: Timestamp
    updated_at: Timestamp
    version: int = 1


class StoreRecord(Record):
    """`STORE#demo` / `SETTINGS`."""

    version = NumberAttribute()
    store = DocumentAttribute(Store)


class StoreEntry(Record):
    """`STORES` / `demo`: lets a schedule visit every store without a scan."""

    store_id = UnicodeAttribute()


def create(store_id: str, store_settings: StoreSettings, now: datetime) -> Store:
    """Create a store. StoreExistsError if the id is taken. 4 write units."""
    stamp = clock.format_timestamp(now)
    store = Store.model_validate(
        store_settings.model_dump()
        | {"id": store_id, "created_at": stamp, "updated_at": stamp, "version": 1}
        | {"allowed_senders": [store_settings.sender] if store_settings.sender else []}
    )
    with Transaction() as write:
        write.put_record(
            _record(store), StoreRecord.pk.does_not_exist(), StoreExistsError(f"{store_id} exists already.")
        )
        write.put_record(StoreEntry(keys.STORES, store_id, store_id=store_id))
    _cache.pop(store_id, None)
    return store


def get(store_id: str) -> Store:
    """The store, at most CACHED_SECONDS old. StoreNotFoundError. 1 read unit when it is not at hand."""
    read_at, store = _cache.get(store_id, (0.0, None))
    if store is None or time.monotonic() - read_at > CACHED_SECONDS:
        store = read(store_id)
        _cache[store_id] = (time.monotonic(), store)
    return store


def read(store_id: str) -> Store:
    """The store as it is now. StoreNotFoundError. 1 read unit."""
    # What cannot be an id is not looked for: it may be too long for a key.
    record = StoreRecord.find(keys.store(store_id), keys.SETTINGS) if _ID.fullmatch(store_id) else None
    if record is None:
        raise StoreNotFoundError(f"There is no store {store_id!r}.")
    return record.store


def patch(store_id: str, changes: Any, now: datetime, version: int | None = None) -> Store:
    """Apply a JSON Merge Patch (RFC 7396) to a store's settings. InvalidInputError; VersionConflictError where `version`
    is not the stored one, or somebody else changed the settings at the same moment. 1 write unit.

    The sender must be one that the operator allows: any verified address of the AWS account could be mailed from else.
    """
    before = read(store_id)
    if version not in (None, before.version):
        raise VersionConflictError(f"The settings are at version {before.version}.")
    fields = apply_patch(StoreSettings, before, changes)
    if fields.sender not in (None, before.sender, *before.allowed_senders):
        raise InvalidInputError(fields=[FieldError("/sender", "must first be allowed by the operator of Clientela")])
    return _replace(before, before.model_copy(update=dict(fields)), now)


def allow_sender(store_id: str, sender: str, now: datetime) -> Store:
    """Let a store send from an address, which must be a verified identity of SES: for operators. 1 write unit."""
    before = read(store_id)
    allowed = sorted({*before.allowed_senders, email_addresses.display(sender)})
    return _replace(before, before.model_copy(update={"allowed_senders": allowed}), now)


def list_ids() -> Iterator[str]:
    """The ids of all stores of the deployment."""
    return (entry.store_id for entry in StoreEntry.list_all(keys.STORES))


_cache: dict[str, tuple[float, Store | None]] = {}


def _replace(before: Store, changed: Store, now: datetime) -> Store:
    after = changed.model_copy(update={"updated_at": now, "version": before.version + 1})
    stale = VersionConflictError("The settings were changed at the same moment.")
    records.put(_record(after), StoreRecord.version == before.version, stale)
    _cache.pop(before.id, None)
    return after


def _record(store: Store) -> StoreRecord:
    return StoreRecord(keys.store(store.id), keys.SETTINGS, version=store.version, store=store)
