"""Apply the import rows of one e-mail to its customer, in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from clientela import ids
from clientela.csv.csv_headers import FileColumns
from clientela.customers import consents, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.stored_customers import CustomerJson
from clientela.groups import groups
from clientela.imports import import_rows, planned_changes, repeated_rows, row_groups
from clientela.imports.chunk_results import RowResult
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import ImportRecord, Mode
from clientela.imports.import_rows import Row, StoreContext
from clientela.imports.planned_changes import PlannedChanges
from clientela.imports.row_issues import RowIssue, RowRefusedError
from clientela.schema.actors import Actor
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

_CHANGED = ("created", "updated")
_PLAN_OUTDATED = "The row would now do something else than the plan says, because its customer was changed since."


class Rules(NamedTuple):
    """The settings by which a job's rows are applied.

    `earlier_updates` are the lines that an earlier attempt at the chunk stored as updates. `erased`
    are the rows' e-mails whose owners were erased. `planned` are the changes that the merchant has
    seen in the plan; None if the import has no plan.
    """

    job_id: str
    mode: Mode
    columns: FileColumns
    started_at: datetime
    earlier_updates: frozenset[int]
    send_welcome: bool = False
    context: StoreContext = import_rows.NO_CONTEXT
    erased: frozenset[str] = frozenset()
    planned: PlannedChanges | None = None
    chunk: int = 0


class ImportedCustomer(NamedTuple):
    """A customer before and after its rows, and the result of each row."""

    rows: Sequence[Row]
    before: Customer | None
    after: Customer | None
    results: list[RowResult]

    @property
    def is_changed(self) -> bool:
        return self.after is not None and self.after != self.before


def build_rules(
    store: Store, record: ImportRecord, detected: DetectedFormat, earlier_updates: frozenset[int], chunk: int
) -> Rules:
    """Return the rules of a job. Reads groups as `reload_groups`."""
    job = record.job
    rules = Rules(
        job.id,
        job.mode,
        detected.as_columns(),
        job.started_at,
        earlier_updates,
        job.send_welcome,
        StoreContext(
            country=store.country,
            uploaded_at=job.started_at,
            is_guess=detected.encoding_confidence == "guess",
            zone=store.timezone,
        ),
        chunk=chunk,
    )
    return reload_groups(store, rules)


def reload_groups(store: Store, rules: Rules) -> Rules:
    """Return the rules with the store's current groups.

    Cost: 1 read unit per 4 KB if the file has a column of groups, else none.
    """
    if {"groups", "primary_group"}.isdisjoint(rules.columns.fields):
        return rules
    return rules._replace(context=rules.context._replace(groups=row_groups.group_ids(groups.list_all(store))))


def apply_rows(rows: Sequence[Row], before: Customer | None, rules: Rules, now: datetime) -> ImportedCustomer:
    """Apply the rows of one e-mail, in the file's order, to its customer."""
    customer, results = before, []
    for row in rows:
        try:
            customer, result = _apply_row(row, customer, before, rules, now)
        except RowRefusedError as error:
            result = RowResult(row.line, "rejected", (error.issue,))
        results.append(result)
    return _as_planned(ImportedCustomer(rows, before, customer, _with_repeats(rows, results, rules)), rules)


def only_repeats(row: Row, stored: CustomerJson, rules: Rules) -> bool:
    """Return whether a row surely changes nothing of the stored customer to whom it leads."""
    if rules.mode == "create" or row.line in rules.earlier_updates or import_rows.has_password(row):
        return False
    return stored["id"] != new_id(rules.started_at, rules.job_id, row.line) and repeated_rows.repeats(
        row, stored, rules.context
    )


def add_to_transaction(
    write: Transaction, store: Store, imported: ImportedCustomer, rules: Rules, now: datetime
) -> None:
    """Add a changed customer to a transaction.

    Its commit raises EmailTakenError, VersionConflictError, GroupUnknownError or BusyError.

    Raises:
        InvalidInputError: the customer becomes too large.
    """
    if imported.after is None:
        return
    by = Actor("import", rules.job_id)
    if imported.before is None:
        customers.add(write, store, imported.after, by, welcome=rules.send_welcome)
        return
    reconciled = consents.reconcile(imported.before, imported.after, consents.source_of(by), now)
    after = reconciled.model_copy(update={"version": imported.before.version + 1, "updated_at": now})
    customers.replace(write, store, imported.before, after, by)


def _as_planned(imported: ImportedCustomer, rules: Rules) -> ImportedCustomer:
    """Return the customer if the rows change what the plan says; else without changes."""
    before, after = imported.before, imported.after
    if rules.planned is None or after is None or not imported.is_changed:
        return imported
    refusal = next((found for row in imported.rows if (found := rules.planned.refusals.get(row.line))), None)
    if refusal:
        return reject(imported, *refusal)
    if rules.planned.digests.get(imported.rows[-1].line) == planned_changes.digest(before, after):
        return imported
    return reject(imported, "plan_outdated", _PLAN_OUTDATED)


def _with_repeats(rows: Sequence[Row], results: list[RowResult], rules: Rules) -> list[RowResult]:
    """Add a warning to each row whose e-mail a later row has, too."""
    if len(rows) == 1:
        return results
    message = Sentence(
        "Line {line} has the same e-mail: where both have a value, that of the later row counts.", line=rows[-1].line
    )
    issue = RowIssue(rules.columns.header("email"), "email_repeated", message)
    warned = (
        result if result.outcome == "rejected" else result._replace(issues=(*result.issues, issue))
        for result in results[:-1]
    )
    return [*warned, results[-1]]


def reject(imported: ImportedCustomer, code: str, message: str) -> ImportedCustomer:
    """Return the customer without changes, and every row that changed it as rejected."""
    results = [
        RowResult(result.line, "rejected", [RowIssue("", code, message)]) if result.outcome in _CHANGED else result
        for result in imported.results
    ]
    return ImportedCustomer(imported.rows, imported.before, imported.before, results)


def _apply_row(
    row: Row, current: Customer | None, stored: Customer | None, rules: Rules, now: datetime
) -> tuple[Customer, RowResult]:
    created_id = new_id(rules.started_at, rules.job_id, row.line)
    if current is None:
        if rules.mode == "update":
            raise _refused(
                rules, "customer_not_found", "No customer has this e-mail, and this import only updates customers."
            )
        if row.canonical in rules.erased:
            raise _refused(
                rules, "customer_erased", "This person was erased; only their own sign-in can recreate the account."
            )
        created = import_rows.create_customer(
            row, created_id, rules.columns, now, rules.context, Actor("import", rules.job_id)
        )
        return created.customer, RowResult(row.line, "created", created.warnings)
    if current.id == created_id:  # an earlier attempt at this chunk created the customer from this row
        created = import_rows.create_customer(row, created_id, rules.columns, now, rules.context)
        return current, RowResult(row.line, "created", created.warnings)
    if rules.mode == "create":
        raise _refused(
            rules, "email_taken", "A customer already has this e-mail, and this import only creates customers."
        )
    is_disabled = stored is not None and stored.status == "disabled"
    changed = import_rows.change_customer(row, current, rules.columns, rules.context, is_disabled=is_disabled)
    is_update = changed.customer != current or row.line in rules.earlier_updates
    return changed.customer, RowResult(row.line, "updated" if is_update else "unchanged", changed.warnings)


def new_id(started_at: datetime, job_id: str, line: int) -> str:
    """Return the id of the customer that a row creates, the same in every attempt.

    It sorts by line, so that an export has the rows in the order of the file that it came from.
    """
    return ids.derived("cus", started_at, job_id, str(line), number=line)


def _refused(rules: Rules, code: str, message: str) -> RowRefusedError:
    return RowRefusedError(RowIssue(rules.columns.header("email"), code, message))
