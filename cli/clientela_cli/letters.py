"""A dead letter: an order message that was not taken, what can be read of it, and why it cannot be taken."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import orjson

from clientela import clock
from clientela.errors import OrderRefusedError, StoreNotFoundError
from clientela.orders import order_messages
from clientela.stores import stores
from clientela_cli.queues import Message

TAKEABLE = "would be taken now: redrive it"


class Letter(NamedTuple):
    """A dead letter. Store, order and version are None where they cannot be read."""

    id: str
    store_id: str | None
    order_id: str | None
    version: int | None
    sent_at: datetime
    expires_at: datetime
    received: int
    takeable: bool
    reason: str

    def json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return self._asdict() | {
            "sent_at": clock.format_timestamp(self.sent_at),
            "expires_at": clock.format_timestamp(self.expires_at),
        }

    def row(self, *, with_store: bool) -> tuple[object, ...]:
        """As a table shows it."""
        store = (self.store_id,) if with_store else ()
        return (
            self.id,
            clock.format_timestamp(self.sent_at),
            self.received,
            *store,
            self.order_id,
            self.version,
            self.reason,
        )


def opener(kept: timedelta) -> Callable[[Message], Letter]:
    """What makes letters of messages that are `kept` so long after they were sent; it reads each store once."""
    has_store = cache(_has_store)

    def opened(message: Message) -> Letter:
        content = _content(message.body)
        order = _member(content, "order", dict) or {}
        reason = _reason(message.body, has_store)
        return Letter(
            id=message.id,
            store_id=_member(content, "store_id", str),
            order_id=_member(order, "id", str),
            version=_member(order, "version", int),
            sent_at=message.sent_at,
            expires_at=message.sent_at + kept,
            received=message.received,
            takeable=reason is None,
            reason=reason or TAKEABLE,
        )

    return opened


def content(body: str) -> Any:
    """The message as JSON, or as text where it is none."""
    found = _content(body)
    return body if found is None else found


def _reason(body: str, has_store: Callable[[str], bool]) -> str | None:
    """Why the order intake refuses a message, or None where it would take it."""
    try:
        message = order_messages.parse(body)
    except OrderRefusedError as error:
        return error.detail
    return None if has_store(message.store_id) else f"there is no store {message.store_id!r}"


def _has_store(store_id: str) -> bool:
    try:
        stores.read(store_id)
    except StoreNotFoundError:
        return False
    return True


def _content(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _member(content: Any, name: str, kind: type) -> Any:
    value = content.get(name) if isinstance(content, dict) else None
    return value if isinstance(value, kind) else None
