"""Groups of a store's settings, and the forms of addresses and colours in them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from clientela.schema.countries import Country
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Phone, Title

# Plain HTTP only on localhost: elsewhere it would expose sign-in links to the network.
_ORIGIN = r"(https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?)"
Origin = Annotated[str, StringConstraints(pattern=f"^{_ORIGIN}$"), Field(examples=["https://shop.example.com"])]
Url = Annotated[str, StringConstraints(pattern=rf"^{_ORIGIN}(/[!-~]*)?$", max_length=500)]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+(:\d{1,5})?(/[!-~]*)?$", max_length=500)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class FooterLink(Model):
    """A link below the mails, for example to a page of the store in a social network."""

    name: Annotated[Title, Field(max_length=40)]
    """The text of the link. Example: Instagram"""
    url: HttpsUrl
    """The address of the page. Example: https://www.instagram.com/demo"""


class Footer(Model):
    """The sender of the mails, as it stands below them. In many countries the law asks for it."""

    company: Title | None = None
    """The name of the company; null for the name of the store. Example: Demo GmbH"""
    address: Annotated[list[Title], Field(max_length=6)] = []
    """The lines of the postal address. Example: ["Hauptstraße 1", "10115 Berlin"]"""
    email: Email | None = None
    """The address for questions. Example: help@shop.example.com"""
    phone: Phone | None = None
    """The phone for questions. Example: +493012345678"""
    links: Annotated[list[FooterLink], Field(max_length=8)] = []
    """Further links, such as social networks, the imprint or the privacy notice."""


class Branding(Model):
    """The look of the store's mails and sign-in page."""

    logo_url: Url | None = None
    """The logo for mails and the sign-in page. Example: https://shop.example.com/logo.png"""
    logo_width: Annotated[int, Field(ge=32, le=400)] = 160
    """The width of the logo in mails, in pixels; its height follows. Example: 160"""
    logo_plate: Colour | None = "#ffffff"
    """The colour behind the logo in mails that are read in dark mode; null for none, if the logo
    is readable on black. Example: #ffffff"""
    colour: Colour = "#1f4f46"
    """The colour of buttons and links; in mails, links and buttons on dark are made readable.
    Example: #1f4f46"""
    footer: Footer = Footer()
    """The sender, as it stands below the mails."""


class CountryRules(Model):
    """Exceptions by country: that of the billing address, else of the shipping address."""

    no_automatic_account: Annotated[list[Country], Field(max_length=250)] = []
    """The countries where a guest's order opens no account."""


class SessionRules(Model):
    """How long a session lasts: without use, and in total. Shorter times apply to open sessions."""

    idle_hours: Annotated[int, Field(ge=1, le=8760)] = 336
    """The hours without use after which a session ends. Example: 336"""
    absolute_hours: Annotated[int, Field(ge=1, le=8760)] = 720
    """The hours after which a session ends in any case. Example: 720"""


class SignInLimits(Model):
    """The sign-in limits of this store by network: an IPv4 address, or an IPv6 /64."""

    network_links_per_hour: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """The requests for a link in an hour; null for the deployment's limit. Example: 500"""
    network_attempts_per_ten_minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """The attempts to sign in within ten minutes; null for the deployment's limit. Example: 3000"""


class Retention(Model):
    """How long sign-in events, history, audit trail and links to exports are stored or valid.

    Without `history_days` the history is stored as long as its customer.
    """

    sign_ins_days: Annotated[int, Field(ge=1, le=365)] = 30
    """The days that sign-in events are stored. Example: 30"""
    history_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """The days that the history is stored; null for as long as the customer. Example: 730"""
    audit_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """The days that entries of the audit trail are stored. Example: 365"""
    export_links_days: Annotated[int, Field(ge=1, le=90)] = 7
    """The days that links to exported files in mails are valid. Example: 7"""


class PasswordMigration(Model):
    """Reserved for passwords of another system. It is stored, and nothing calls the address yet."""

    url: HttpsUrl
    """The address to ask once at the sign-in of a customer who is unknown here. Example:
    https://old-shop.example.com/passwords"""


class Directory(Model):
    """The buckets over which the indexes of a store's customers are spread.

    The operator adds buckets as a store grows. Meanwhile, entries leave the first `growing_from`
    buckets.
    """

    buckets: int = 4
    """The number of buckets that lists read. One takes 1,000 new customers a second. Example: 4"""
    written_buckets: int = 4
    """The number of buckets that changed customers are written to. Example: 4"""
    growing_from: int | None = None
    """While the store grows: the former number of buckets. Example: 4"""
