"""URLs of a store's pages, built from its settings and never from request headers."""

import re
from urllib.parse import urlsplit

from clientela import settings
from clientela.errors import FieldError, InvalidInputError
from clientela.stores.stores import Store

# Browsers and parsers disagree on white space, control characters and backslashes: reject them all.
_PLAIN = re.compile(r"[!-\[\]-~]{1,500}")


def origins(store: Store) -> set[str]:
    """Return the store's allowed origins, with the storefront's."""
    return {*store.allowed_origins, *([_origin(store.storefront_url)] if store.storefront_url else [])}


def storefront_host(store: Store) -> str | None:
    """Return the storefront's host, e.g. `shop.example.com`, or None."""
    return urlsplit(store.storefront_url).netloc if store.storefront_url else None


def sign_in_url(store: Store) -> str:
    """Return the URL of the page that links in mails open.

    The storefront's page; the hosted page if the store has chosen it or has no storefront. Needs
    the setting PUBLIC_URL, which only the mail sender has.
    """
    if store.hosted_sign_in or not store.storefront_url:
        return f"{settings.public_url()}/v1/stores/{store.id}/sign-in"
    return store.storefront_url.rstrip("/") + store.sign_in_path


def require_own_url(store: Store, return_to: str) -> None:
    """Raise InvalidInputError unless `return_to` is a path or a URL of the store's origins."""
    is_path = return_to.startswith("/") and not return_to.startswith("//")
    if not _PLAIN.fullmatch(return_to) or not (is_path or _origin(return_to) in origins(store)):
        message = "Use a path such as /account, or an address on one of the store's allowed origins."
        raise InvalidInputError("Invalid page to return to.", fields=[FieldError("/return_to", message)])


def _origin(url: str) -> str:
    """Return the origin of a URL, e.g. `https://shop.example.com`; "" if it is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
