"""A dead letter: an order message that the order intake refused, and the reason."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import orjson

from clientela import clock
from clientela.errors import OrderRefusedError, StoreNotFoundError
from clientela.orders import order_messages
from clientela.stores import stores
from clientela_cli.sending.queue_reader import ReceivedMessage

ACCEPTABLE = "would be accepted now: redrive it"


class DeadLetter(NamedTuple):
    """A dead letter. Store, order and version are None if the message has none that can be read.

    `is_acceptable` is True if the order intake would accept the message now.
    """

    id: str
    store_id: str | None
    order_id: str | None
    version: int | None
    sent_at: datetime
    expires_at: datetime
    received: int
    is_acceptable: bool
    reason: str

    def json(self) -> dict[str, Any]:
        """Return the fields that `--json` prints."""
        return self._asdict() | {
            "sent_at": clock.format_timestamp(self.sent_at),
            "expires_at": clock.format_timestamp(self.expires_at),
        }

    def row(self, *, with_store: bool) -> tuple[object, ...]:
        """Return the cells of the letter's row in a table."""
        store = (self.store_id,) if with_store else ()
        sent_at = clock.format_timestamp(self.sent_at)
        return self.id, sent_at, self.received, *store, self.order_id, self.version, self.reason


def parser(retention: timedelta) -> Callable[[ReceivedMessage], DeadLetter]:
    """Return a function that reads a dead letter from a message. It looks up each store once.

    `retention` is how long SQS stores a message.
    """
    has_store = cache(_has_store)

    def parse(message: ReceivedMessage) -> DeadLetter:
        document = _load_json(message.body)
        order = _member(document, "order", dict) or {}
        reason = _refusal(message.body, has_store)
        return DeadLetter(
            id=message.id,
            store_id=_member(document, "store_id", str),
            order_id=_member(order, "id", str),
            version=_member(order, "version", int),
            sent_at=message.sent_at,
            expires_at=message.sent_at + retention,
            received=message.receive_count,
            is_acceptable=reason is None,
            reason=reason or ACCEPTABLE,
        )

    return parse


def content(body: str) -> Any:
    """Return the message as JSON, or as text if it is not JSON."""
    document = _load_json(body)
    return body if document is None else document


def _refusal(body: str, has_store: Callable[[str], bool]) -> str | None:
    """Return why the order intake refuses a message, or None if it would accept it."""
    try:
        message = order_messages.parse(body)
    except OrderRefusedError as error:
        return error.detail
    return None if has_store(message.store_id) else f"store {message.store_id!r} not found"


def _has_store(store_id: str) -> bool:
    try:
        stores.read(store_id)
    except StoreNotFoundError:
        return False
    return True


def _load_json(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _member(document: Any, name: str, kind: type) -> Any:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, kind) else None
