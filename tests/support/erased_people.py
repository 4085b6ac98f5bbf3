"""Walks everything that a deployment stores and sends, and finds what is left of an erased person."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
from tests.support import table_items

from clientela.customers.customer_fields import Customer
from clientela.sign_in.sign_in_limits import hash_identity
from clientela.signing import sha256_hex

_HASH_LENGTH = 16  # the shortest part of a hash that is stored
_REPORT = "/bulk/"  # in the key of a bulk change's report, which the certificate names as kept: it has ids


def values_of(customer: Customer, *more: str) -> set[str]:
    """Return every value that identifies a customer, as the account has it, and more of them."""
    addresses = [each for each in (customer.billing_address, *customer.shipping_addresses) if each]
    personal = (customer.id, customer.email, customer.name, customer.first_name, customer.last_name, customer.phone)
    parts = (part for address in addresses for part in (address.street, address.name, address.phone))
    return {value for value in (*personal, customer.note, *parts, *more) if value}


def traces(values: Iterable[str]) -> list[str]:
    """Return where table, queues or buckets hold one of these values, an id without its prefix, or a hash of one.

    The limits, which outlive everybody by a day, and the tombstones have keyed hashes, which nobody can guess.
    """
    wanted = {value.casefold() for value in values}
    wanted |= {value.removeprefix("cus_") for value in wanted}
    wanted |= {sha256_hex(value)[:_HASH_LENGTH] for value in {*values, *wanted}}
    keyed = {hash_identity(value) for value in wanted if "@" in value}
    return [
        f"{place}: {value}"
        for place, texts in (*_items(), *_messages(), *_files())
        for text in texts
        for value in (wanted if place.startswith("LIMIT#") else wanted | keyed)
        if value in text.casefold()
    ]


def _items() -> Iterator[tuple[str, list[str]]]:
    for item in table_items.everything():
        yield f"{item['pk']['S']} {item['sk']['S']}", list(_texts(item))


def _files() -> Iterator[tuple[str, list[str]]]:
    s3 = boto3.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for file in page.get("Versions", []):
                if _REPORT in file["Key"]:
                    continue
                body = s3.get_object(Bucket=bucket["Name"], Key=file["Key"], VersionId=file["VersionId"])["Body"]
                yield f"{bucket['Name']}/{file['Key']}", [file["Key"], body.read().decode("utf-8", "replace")]


def _messages() -> Iterator[tuple[str, list[str]]]:
    """Take what waits in the queues. A message names a customer by its id for the seconds that it waits: that is left out."""
    sqs = boto3.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                body = json.loads(message["Body"])
                yield url, list(_texts({name: part for name, part in body.items() if name != "customer_id"}))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of a value, its names included, and those inside JSON text."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
        if value[:1] in '{["':
            with contextlib.suppress(ValueError):
                yield from _texts(json.loads(value))
