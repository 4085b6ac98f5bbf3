"""Sender addresses of stores. SES sends only from addresses and domains that it has verified."""

from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import ClientError

from clientela.aws import clients
from clientela.errors import FieldError, InvalidInputError
from clientela.schema import email_addresses
from clientela.schema.actors import OPERATOR, Actor
from clientela.sentences import Sentence
from clientela.stores import stores
from clientela.stores.stores import Store


def allow(store_id: str, sender: str, now: datetime, by: Actor = OPERATOR) -> Store:
    """Allow a store to send from an address. Only for operators.

    Raises:
        InvalidInputError: SES has not verified the address.
        StoreNotFoundError: there is no such store.

    Cost: 1 to 4 calls of SES; 1 read unit, 4 write units.
    """
    require_verified(sender)
    return stores.allow_sender(store_id, sender, now, by)


def require_verified(sender: str) -> None:
    """Require that SES has verified the address, its domain or a domain above it.

    A verified domain covers its subdomains:
    https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

    Raises:
        InvalidInputError: none of them is verified in this account and region.
    """
    if not any(map(_is_verified, identities(sender))):
        problem = Sentence(
            "“{address}” is not verified by SES in this region. Verify the address or its domain there first.",
            address=sender,
        )
        raise InvalidInputError(fields=[FieldError("/sender", problem)])


def identities(sender: str) -> Iterator[str]:
    """Yield the identities that would cover an address: itself, its domain, the domains above."""
    address = email_addresses.display(sender)
    local_part, _, _ = address.rpartition("@")
    _, _, domain = email_addresses.canonical(sender).rpartition("@")
    yield f"{local_part}@{domain}"
    labels = domain.split(".")
    yield from (".".join(labels[first:]) for first in range(max(len(labels) - 1, 1)))


def _is_verified(identity: str) -> bool:
    try:
        return clients.ses().get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus", False)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NotFoundException", "BadRequestException"}:
            return False
        raise
