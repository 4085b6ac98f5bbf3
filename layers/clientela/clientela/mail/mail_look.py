"""The look of a store's mails, for their templates: colours, logo and footer."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from clientela.schema import email_addresses
from clientela.stores import branding, store_urls
from clientela.stores.stores import Store


class ShownLogo(NamedTuple):
    """The logo, and for dark mode the colour behind it and of its text on that colour."""

    url: str | None
    width: int
    plate: str | None
    ink: str


class ShownLink(NamedTuple):
    """A link below a mail; `shown` is its address as people write it."""

    name: str
    url: str
    shown: str


class ShownFooter(NamedTuple):
    """The sender below a mail."""

    name: str
    address: list[str]
    contacts: list[ShownLink]
    links: list[ShownLink]


def of(store: Store) -> dict[str, Any]:
    """Return the values for the layout: `palette`, `logo` and `footer`."""
    own = store.branding
    logo = ShownLogo(
        own.logo_url, own.logo_width, own.logo_plate, branding.contrast_colour(own.logo_plate or "#ffffff")
    )
    return {"palette": branding.palette(own.colour), "logo": logo, "footer": _footer(store)}


def _footer(store: Store) -> ShownFooter:
    own = store.branding.footer
    name = own.company or " ".join(store.name.split())
    links = [ShownLink(each.name, each.url, each.url) for each in own.links]
    return ShownFooter(name, own.address, list(_contacts(store)), links)


def _contacts(store: Store) -> Iterator[ShownLink]:
    own, host = store.branding.footer, store_urls.storefront_host(store)
    if store.storefront_url and host:
        yield ShownLink(host, store.storefront_url, store.storefront_url)
    if own.email:
        yield ShownLink(own.email, f"mailto:{email_addresses.for_envelope(own.email)}", own.email)
    if own.phone:
        yield ShownLink(own.phone, f"tel:{own.phone.replace(' ', '')}", own.phone)
