"""The look of a store's mails, for their templates: colours, logo and footer."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from clientela.schema import email_addresses
from clientela.stores import branding, store_urls
from clientela.stores.stores import Store


class Logo(NamedTuple):
    """The logo, and for dark mode the colour behind it and of its text on that colour."""

    url: str | None
    width: int
    plate: str | None
    ink: str


class Link(NamedTuple):
    """A link below a mail; `shown` is its address as people write it."""

    name: str
    url: str
    shown: str


class Footer(NamedTuple):
    """The sender below a mail."""

    name: str
    address: list[str]
    contacts: list[Link]
    links: list[Link]


def of(store: Store) -> dict[str, Any]:
    """Return the values for the layout: `palette`, `logo` and `footer`."""
    own = store.branding
    logo = Logo(own.logo_url, own.logo_width, own.logo_plate, branding.contrast_colour(own.logo_plate or "#ffffff"))
    return {"palette": branding.palette(own.colour), "logo": logo, "footer": _footer(store)}


def _footer(store: Store) -> Footer:
    own = store.branding.footer
    name = own.company or " ".join(store.name.split())
    links = [Link(each.name, each.url, each.url) for each in own.links]
    return Footer(name, own.address, list(_contacts(store)), links)


def _contacts(store: Store) -> Iterator[Link]:
    own, host = store.branding.footer, store_urls.storefront_host(store)
    if store.storefront_url and host:
        yield Link(host, store.storefront_url, store.storefront_url)
    if own.email:
        yield Link(own.email, f"mailto:{email_addresses.for_envelope(own.email)}", own.email)
    if own.phone:
        yield Link(own.phone, f"tel:{own.phone.replace(' ', '')}", own.phone)
