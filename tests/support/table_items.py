"""The items of a table with their customers readable, for tests that search them for what must not be there."""

from typing import Any

import boto3
from tests.support.streams import in_base64

from clientela import settings
from clientela.customers import stored_customers


def readable(item: dict[str, Any]) -> dict[str, Any]:
    """An item as botocore gives it, with the text of its compressed customer."""
    compressed = {name: value for name, value in in_base64(item).items() if "B" in value}
    return item | {
        name: {"S": stored_customers.decompress({"customer": value}).decode()} for name, value in compressed.items()
    }


def everything(table: str | None = None, client: Any = None) -> list[dict[str, Any]]:
    """All items of a table, readable."""
    client = client or boto3.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=table or settings.table_name())
    return [readable(item) for page in pages for item in page["Items"]]
