"""What the rows of one e-mail do to its account, in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from clientela import ids
from clientela.csv.csv_columns import Columns
from clientela.customers import consents, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.groups import groups
from clientela.imports import import_rows, row_groups
from clientela.imports.chunk_results import RowResult
from clientela.imports.import_jobs import DetectedFormat, ImportRecord, Mode
from clientela.imports.import_rows import Row, StoreContext
from clientela.imports.row_notes import RowIssue, RowRefusedError
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

_WRITTEN = ("created", "updated")


class Rules(NamedTuple):
    """What a job's rows are loaded by.

    `earlier` are the lines that an earlier try of the chunk noted as updates, `shop` is the store at this moment, `erased`
    are those of the rows' addresses whose owners were erased.
    """

    job_id: str
    mode: Mode
    columns: Columns
    started_at: datetime
    earlier: frozenset[int]
    send_welcome: bool = False
    shop: StoreContext = import_rows.ANY
    erased: frozenset[str] = frozenset()


class ImportedCustomer(NamedTuple):
    """An account before and after its rows, and what became of each row."""

    rows: Sequence[Row]
    before: Customer | None
    after: Customer | None
    findings: list[RowResult]

    @property
    def is_changed(self) -> bool:
        return self.after is not None and self.after != self.before


def rules(store: Store, known: ImportRecord, detected: DetectedFormat, earlier: frozenset[int]) -> Rules:
    """The rules of a job whose file was found to be `detected`."""
    job = known.job
    found = Rules(
        job.id,
        job.mode,
        detected.as_columns(),
        job.started_at,
        earlier,
        job.send_welcome,
        StoreContext(country=store.country),
    )
    return with_groups_read(store, found)


def with_groups_read(store: Store, rules: Rules) -> Rules:
    """The rules with the groups as they are now. 1 read unit per 4 KB where the file has a column of them, else none."""
    if "groups" not in rules.columns.fields:
        return rules
    return rules._replace(shop=rules.shop._replace(groups=row_groups.group_ids(groups.list_all(store))))


def account(rows: Sequence[Row], before: Customer | None, rules: Rules, now: datetime) -> ImportedCustomer:
    """Let the rows of one e-mail, in the file's order, do to its customer what they say."""
    current, findings = before, []
    for row in rows:
        try:
            current, finding = _applied(row, current, rules, now)
        except RowRefusedError as error:
            finding = RowResult(row.line, "rejected", (error.note,))
        findings.append(finding)
    return ImportedCustomer(rows, before, current, findings)


def put(write: Transaction, store: Store, account: ImportedCustomer, rules: Rules, now: datetime) -> None:
    """Write a changed account in a transaction. InvalidInputError where the customer becomes too large.

    The transaction raises EmailTakenError, VersionConflictError, GroupUnknownError or BusyError.
    """
    if account.after is None:
        return
    by = Actor("import", rules.job_id)
    if account.before is None:
        customers.add(write, store, account.after, by, welcome=rules.send_welcome)
        return
    settled = consents.reconcile(account.before, account.after, consents.source_of(by), now)
    after = settled.model_copy(update={"version": account.before.version + 1, "updated_at": now})
    customers.replace(write, store, account.before, after, by)


def refused(account: ImportedCustomer, code: str, message: str) -> ImportedCustomer:
    """The account as it was before, with the rows that would have changed it rejected."""
    findings = [
        RowResult(finding.line, "rejected", [RowIssue("", code, message)]) if finding.outcome in _WRITTEN else finding
        for finding in account.findings
    ]
    return ImportedCustomer(account.rows, account.before, account.before, findings)


def _applied(row: Row, current: Customer | None, rules: Rules, now: datetime) -> tuple[Customer, RowResult]:
    own_id = ids.derived("cus", rules.started_at, rules.job_id, str(row.line))
    if current is None:
        if rules.mode == "update":
            raise _refused(rules, "customer_not_found", "No customer has this e-mail, and the import only updates.")
        if row.canonical in rules.erased:
            raise _refused(rules, "customer_erased", "Who has this e-mail was erased: only an own sign-in brings back.")
        created = import_rows.new(row, own_id, rules.columns, now, rules.shop)
        return created.customer, RowResult(row.line, "created", created.warnings)
    if current.id == own_id:  # an earlier try of this chunk has created it from this very row
        return current, RowResult(
            row.line, "created", import_rows.new(row, own_id, rules.columns, now, rules.shop).warnings
        )
    if rules.mode == "create":
        raise _refused(rules, "email_taken", "A customer has this e-mail already, and the import only creates.")
    changed = import_rows.changed(row, current, rules.columns, rules.shop)
    is_update = changed.customer != current or row.line in rules.earlier
    return changed.customer, RowResult(row.line, "updated" if is_update else "unchanged", changed.warnings)


def _refused(rules: Rules, code: str, message: str) -> RowRefusedError:
    return RowRefusedError(RowIssue(rules.columns.header("email"), code, message))
