"""What the undo of an import finds out about a customer, and its results.

A customer is touched if somebody but the import has changed it since. The check of a VAT ID and the
news of the mail service follow from the import itself, so they do not count.
"""

import csv
import io
from typing import Any

from clientela.csv import csv_cells
from clientela.customers import consents, customer_history
from clientela.customers.customer_fields import Customer, with_published_fields
from clientela.groups import groups
from clientela.imports import import_files
from clientela.imports.import_jobs import ImportRecord
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.sentences import translated
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

_CONSEQUENCES = {"vat_check", "mail_feedback"}  # kinds of actors whose changes follow from the import
_FOLLOWING = {"vat_id_status", "email_status"}
_COLUMNS = ("line", "customer_id", "code", "message")
_MESSAGES = {
    "touched": "The customer was changed, has ordered or has signed in since the import.",
    "merged": "The customer was merged into another one since the import.",
    "history_expired": "The former values are no longer in the history of the customer.",
    "external_id_taken": "Another customer has one of the former external ids now.",
    "invalid_input": "The former values are not valid any more.",
}


class KeptCustomer(Model):
    """A customer who stays as the import left it."""

    line: int
    customer_id: str
    code: str


class UndoneChunk(Model):
    """The undo of a chunk."""

    removed: int
    restored: int
    kept: list[KeptCustomer]


class KeptError(Exception):
    """A customer that is kept, and why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require_untouched(store: Store, customer: Customer, job_id: str) -> None:
    """Raise KeptError if a created customer was touched since — `touched`. 1 read unit per 4 KB."""
    if customer.version == 1:
        return
    if customer.orders_total or customer.last_sign_in_at:
        raise KeptError("touched")
    entries = customer_history.of_versions(store, customer, 2)
    if any(not _is_of_import(entry.actor, job_id) for _, entry in entries):
        raise KeptError("touched")
    if {version for version, _ in entries} != set(range(2, customer.version + 1)):
        raise KeptError("touched")  # changes without history: of orders, or so old that they expired


def reverse(store: Store, customer: Customer, job_id: str) -> Customer | None:
    """Return a customer with the former values of what an import changed; None if it did not.

    Raises:
        KeptError: one of the fields was changed since (`touched`), or the former values are gone.

    Cost: 1 read unit per 4 KB of the history; 1 for each former group.
    """
    own = Actor("import", job_id)
    before, after = dict[str, Any](), dict[str, Any]()
    for _, entry in customer_history.of_versions(store, customer, 1):
        if entry.actor == own:
            for change in entry.changes:
                before.setdefault(change.field, change.before)
                after[change.field] = change.after
    if not before:
        return None
    now = customer.model_dump(mode="json")
    if any(now[name] != value for name, value in after.items() if name not in _FOLLOWING):
        raise KeptError("touched")
    if "vat_id" not in before:
        before.pop("vat_id_status", None)
    fields = now | before
    exists = {group.id for group in groups.by_ids(store, fields["groups"])}
    fields["groups"] = [group for group in fields["groups"] if group in exists]
    if fields["primary_group"] not in exists:
        fields["primary_group"] = None
    return with_published_fields(customer, fields)


def add_consent(write: Transaction, store: Store, before: Customer, after: Customer) -> None:
    """Add to the ledger that a customer has no consent any more, if the import gave it."""
    consents.add_undone(write, store, before, after, "import_undone")


def write_result(job_id: str, chunk: int, result: UndoneChunk) -> None:
    """Write the result of a chunk."""
    import_files.write_file(job_id, f"undone-{chunk:06d}", result.model_dump_json().encode())


def summarise(job: ImportRecord) -> dict[str, int]:
    """Return the sums of all chunks, and write the report of the customers who are kept."""
    counts, text = {"removed": 0, "restored": 0, "kept": 0}, io.StringIO(newline="")
    report = csv.writer(text)
    report.writerow(_COLUMNS)
    for name in import_files.list_files(job.job.id, "undone-"):
        chunk = UndoneChunk.model_validate_json(import_files.read_file(job.job.id, name))
        counts["removed"] += chunk.removed
        counts["restored"] += chunk.restored
        counts["kept"] += len(chunk.kept)
        report.writerows(_cells(each, job.job.language) for each in chunk.kept)
    import_files.write_report(job.job.id, "kept", io.BytesIO(text.getvalue().encode("utf-8-sig")))
    return counts


def _cells(kept: KeptCustomer, language: str) -> list[str]:
    message = translated(_MESSAGES.get(kept.code, _MESSAGES["touched"]), language)
    return [str(kept.line), kept.customer_id, kept.code, csv_cells.escape(message)]


def _is_of_import(actor: Actor, job_id: str) -> bool:
    return actor.kind in _CONSEQUENCES or actor == Actor("import", job_id)
