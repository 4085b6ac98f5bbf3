"""What an import is about to write, stored before it writes: an undo finds its customers by it.

The journal has no personal data, only lines and ids. The former values are in the history of each
customer, where an erasure finds them. Each attempt at a chunk writes a part of its own, so no part
is ever replaced.
"""

from collections.abc import Sequence

from clientela import ids
from clientela.imports import import_files
from clientela.imports.import_customers import ImportedCustomer
from clientela.imports.import_rows import has_password
from clientela.schema.documents import Model


class Journal(Model):
    """The customers of a chunk: lines of rows that create one, and the ids of others by line."""

    created: set[int] = set()
    updated: dict[int, str] = {}


def write(job_id: str, chunk: int, imported: Sequence[ImportedCustomer]) -> None:
    """Note the customers that rows are about to create or change, or may give a password to.

    One request, none if there are no such customers.
    """
    journal = Journal()
    for each in imported:
        if each.before and (each.is_changed or any(map(has_password, each.rows))):
            journal.updated[each.rows[-1].line] = each.before.id
        elif each.before is None:
            journal.created |= {result.line for result in each.results if result.outcome == "created"}
    if journal.created or journal.updated:
        name = f"{_prefix(chunk)}{ids.mark()}"
        import_files.write_file(job_id, name, journal.model_dump_json().encode())


def read(job_id: str, chunk: int) -> Journal:
    """Return what all attempts at a chunk have noted. One LIST request, and one for each part."""
    whole = Journal()
    for name in import_files.list_files(job_id, _prefix(chunk)):
        part = Journal.model_validate_json(import_files.read_file(job_id, name))
        whole.created |= part.created
        whole.updated |= part.updated
    return whole


def _prefix(chunk: int) -> str:
    return f"journal-{chunk:06d}-"
