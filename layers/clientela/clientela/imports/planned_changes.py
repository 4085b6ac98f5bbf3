"""The change of a customer that a plan has shown, and whether the import still makes this one.

A customer may change between the plan and the import. A row then does what the plan says, or it is
rejected: it never does anything else. Orders and sign-ins of the customer do not matter, nor does a
change of other fields.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from clientela.customers import customer_history
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.imports import import_files
from clientela.schema.actors import FieldChange
from clientela.signing import permanent_hash


class Refusal(NamedTuple):
    """Why a plan rejects a row: a stable code, and the message in the store's language."""

    code: str
    message: str


class PlannedChanges(NamedTuple):
    """What the plan says of a chunk.

    `digests` are by the line of the last row of each customer that the plan changes; `refusals`, by
    line, those of external ids: what the rows would do depends on other customers.
    """

    digests: Mapping[int, str]
    refusals: Mapping[int, Refusal]


_FOLLOWING = {"marketing_consent", "vat_id_status", "email_status"}  # from other fields, or from the time


def between(before: Customer | None, after: Customer) -> list[FieldChange]:
    """Return the fields that a row changes, without those that follow from them."""
    if before:
        return [each for each in customer_history.differences(before, after) if each.field not in _FOLLOWING]
    shown = set(NewCustomer.model_fields) - _FOLLOWING
    if after.created_at != after.updated_at:  # a column says since when
        shown.add("created_at")
    fields = after.model_dump(mode="json", include=shown)
    return [
        FieldChange(field=name, after=value) for name, value in sorted(fields.items()) if value not in (None, [], {})
    ]


def digest(before: Customer | None, after: Customer) -> str:
    """Return the keyed hash of a change: the same for the plan and for the import."""
    changes = [change.model_dump(mode="json") for change in between(before, after)]
    text = orjson.dumps(["updated" if before else "created", changes], option=orjson.OPT_SORT_KEYS)
    return permanent_hash("planned-change", text.decode())[:16]


def read(job_id: str, plan: int, chunk: int) -> PlannedChanges:
    """Return what the plan says of a chunk. One request."""
    planned: dict[str, Any] = orjson.loads(import_files.read_result(job_id, chunk, plan))
    digests = {int(line): found for line, found in planned["digests"].items()}
    return PlannedChanges(digests, {int(line): Refusal(*found) for line, found in planned["refusals"].items()})
