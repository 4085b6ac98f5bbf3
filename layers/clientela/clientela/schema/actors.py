"""Who made a change, and what it changed: in the customers' history and in the audit trail."""

from typing import Any, Literal

from pydantic import ConfigDict

from clientela.schema.documents import Model

type ActorKind = Literal[
    "api_key",
    "customer",
    "import",
    "order",
    "bulk",
    "vat_check",
    "mail_feedback",
    "operator",
    "schedule",
    "export_link",
]


class Actor(Model):
    """The author of a change."""

    model_config = ConfigDict(frozen=True)

    kind: str
    """What made the change. Example: api_key"""
    id: str | None = None
    """The id of the key, customer, import or job that made it, if it has one. Example:
    key_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""

    def __init__(self, kind: ActorKind, id: str | None = None) -> None:  # noqa: A002 - the field's name
        super().__init__(kind=kind, id=id)  # type: ignore[call-arg]  # mypy sees no fields in Model


OPERATOR = Actor("operator")  # an administrator with AWS credentials, through the command line


class FieldChange(Model):
    """One field before and after a change; null if it was empty."""

    field: str
    """The name of the field. Example: company"""
    before: Any = None
    """The value before the change; null if it was empty. Example: null"""
    after: Any = None
    """The value after the change; null if it is empty. Example: Pérez e Hijos, S.L."""
