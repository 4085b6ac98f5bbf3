"""The language of a response's sentences: one of Accept-Language, else the store's."""

from contextvars import ContextVar

from clientela.schema import languages
from clientela.stores.stores import Store

_current: ContextVar[str] = ContextVar("response_language", default="en")


def choose(accept_language: str | None, store: Store | None = None) -> None:
    """Set the language for the rest of the request; English without a header and a store."""
    primaries = (name.split("-")[0] for name in languages.accepted(accept_language))
    default = languages.best_supported(store.language, "en") if store else "en"
    _current.set(next((name for name in primaries if name in languages.SUPPORTED), default))


def current() -> str:
    """Return the language of the current request's response."""
    return _current.get()
