"""The items of a table with their customers readable, for tests that search them for what must not be there."""

import lzma
import zlib
from base64 import b64decode
from typing import Any

import boto3
from tests.support.streams import in_base64

from clientela import settings
from clientela.customers import stored_customers


def readable(item: dict[str, Any]) -> dict[str, Any]:
    """An item as botocore gives it, with its compressed texts."""
    compressed = {name: value for name, value in in_base64(item).items() if "B" in value}
    return item | {name: {"S": _text(name, value["B"])} for name, value in compressed.items()}


def _text(name: str, value: str) -> str:
    """The text of a compressed answer to a request, state of a report or customer, also a merged one."""
    content = b64decode(value)
    if name == "compressed_body":
        return lzma.decompress(content).decode()
    if name == "state":
        return zlib.decompress(content, -zlib.MAX_WBITS).decode()
    return stored_customers.decompress({"customer": {"B": value}}).decode()


def everything(table: str | None = None, client: Any = None) -> list[dict[str, Any]]:
    """All items of a table, readable."""
    client = client or boto3.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=table or settings.table_name())
    return [readable(item) for page in pages for item in page["Items"]]
