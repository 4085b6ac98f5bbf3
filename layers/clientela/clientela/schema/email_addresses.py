"""E-mail addresses: one spelling for uniqueness, the typed one for display."""

from typing import Annotated

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from pydantic import Field

from clientela.schema.documents import on_input


def display(text: str) -> str:
    """The address as typed, trimmed, with its domain in lower case and in Unicode. ValueError where it is not one address."""
    return _parsed(text).normalized


def canonical(text: str) -> str:
    """The one spelling under which a store knows an address: lower case, domain in punycode. Idempotent.

    `Ana@BÜCHER.example` and `ana@xn--bcher-kva.example` are one account. Dots and `+tags` are kept: whether they matter
    is the mail host's business.
    """
    parsed = _parsed(text)
    return f"{parsed.local_part.lower()}@{parsed.ascii_domain.lower()}"


def is_mailable(canonical_address: str) -> bool:
    """Whether SES can mail to it: SES has no SMTPUTF8, so a local part outside ASCII is an account that gets no mail.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html
    """
    return canonical_address.isascii()


def _parsed(text: str) -> ValidatedEmail:
    try:
        return validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


Email = Annotated[str, Field(max_length=320, examples=["ana@example.com"]), on_input(display)]
