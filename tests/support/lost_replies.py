"""A network that loses replies of DynamoDB after the work is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from clientela.aws.http_connections import Broken, Reply
from clientela.table import dynamodb

READS = {"GetItem", "BatchGetItem", "Query", "Scan"}


@contextmanager
def replies_lost(*numbers: int, meanwhile: Callable[[], object] = lambda: None) -> Iterator[list[str]]:
    """Lose the replies of the writes of these numbers, from 0; yield the names of all writes sent.

    `meanwhile` happens after each lost reply, before the call is repeated.
    """
    sent: list[str] = []
    send = dynamodb.client.send
    is_meanwhile = False

    def lose(operation: str, body: bytes) -> Reply:
        nonlocal is_meanwhile
        reply = send(operation, body)
        if operation in READS or is_meanwhile:
            return reply
        sent.append(operation)
        if len(sent) - 1 in numbers:
            is_meanwhile = True
            meanwhile()
            is_meanwhile = False
            raise Broken[0]
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "send", lose)
        yield sent
