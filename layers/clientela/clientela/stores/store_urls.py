"""A store's own pages: where sign-in links lead, where a shopper may be sent back to. Never from request headers."""

import re
from urllib.parse import urlsplit

from clientela import settings
from clientela.errors import FieldError, InvalidInputError
from clientela.stores.stores import Store

# White space, controls and backslashes are read differently by browsers and by parsers: none of them is let through.
_PLAIN = re.compile(r"[!-\[\]-~]{1,500}")


def origins(store: Store) -> set[str]:
    """The origins whose pages are the store's: those allowed by name, and the storefront's."""
    return {*store.allowed_origins, *([_origin(store.storefront_url)] if store.storefront_url else [])}


def storefront_host(store: Store) -> str | None:
    """The storefront's host as people write it, e.g. `shop.example.com`, or None."""
    return urlsplit(store.storefront_url).netloc if store.storefront_url else None


def sign_in_url(store: Store) -> str:
    """The URL of the page where links of mails lead: the storefront's own, or ours where the store has chosen it or has
    no storefront. For the mail sender, which knows the deployment's address."""
    if store.hosted_sign_in or not store.storefront_url:
        return f"{settings.public_url()}/v1/stores/{store.id}/sign-in"
    return store.storefront_url.rstrip("/") + store.sign_in_path


def require_own_url(store: Store, return_to: str) -> None:
    """Raise InvalidInputError unless `return_to` is a path, or a page on one of the store's own origins."""
    is_path = return_to.startswith("/") and not return_to.startswith("//")
    if not _PLAIN.fullmatch(return_to) or not (is_path or _origin(return_to) in origins(store)):
        raise InvalidInputError(
            "The page to return to is not the store's.",
            fields=[
                FieldError(
                    "/return_to", "must be a path such as /account, or a page of one of the store's allowed origins"
                )
            ],
        )


def _origin(url: str) -> str:
    """`https://shop.example.com`; nobody's origin where it is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
