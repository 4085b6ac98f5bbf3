"""One chunk of an import: its rows read, the customers created or changed, and what became of each row written down.

A chunk may run again at any time, after dying at any call, and ends in the same customers and the same report:
- a customer's id is derived from the job and the row, so that a row finds the customer it created in an earlier try;
- the rows that will update a customer are noted before anything is written, so that a later try, which finds the
  customer as the row wants it, still counts an update;
- what a chunk adds to the job's counters is added in one transaction with the chunk's mark of being done.
All rows of one e-mail in a chunk become one write. Rows of one e-mail in different chunks have no order.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, NumberSetAttribute

from clientela.csv import csv_files, csv_records
from clientela.csv.csv_columns import Columns
from clientela.csv.csv_files import Chunk
from clientela.csv.csv_records import Record as CsvRecord
from clientela.csv.csv_records import RecordError
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.errors import (
    BusyError,
    CustomerNotFoundError,
    EmailTakenError,
    GroupUnknownError,
    InvalidInputError,
    VersionConflictError,
)
from clientela.imports import import_customers, import_files, import_jobs, import_passwords, import_rows
from clientela.imports.chunk_results import Result, RowResult, result
from clientela.imports.import_customers import ImportedCustomer, Rules
from clientela.imports.import_jobs import DetectedFormat, ImportRecord
from clientela.imports.import_rows import Row
from clientela.imports.row_notes import RowIssue, RowRefusedError
from clientela.schema import email_addresses
from clientela.sign_in import link_sign_in
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.attributes import load
from clientela.table.records import Record
from clientela.table.transactions import Transaction

WRITERS = 4  # transactions at the same time: ten chunks run beside each other
RETENTION = timedelta(days=30)  # as long as the job's files


class ChunkRecord(Record):
    """`STORE#demo#IMPORT#imp_01K…` / `CHUNK#000012`: the rows noted as updates, and whether the chunk is done."""

    done = BooleanAttribute(default=False)
    updates = NumberSetAttribute(null=True)
    ttl = NumberAttribute()


def run(store_id: str, job_id: str, chunk: Chunk, now: datetime) -> None:
    """Load one chunk, once. BusyError where customers are changed too often meanwhile: safe to repeat.

    A row that creates: 12 write units and a read unit; one that updates: 10 to 18, and 1; one that changes nothing:
    1 read unit. Besides, for each group that a transaction brings customers into: 2 write units; for one who is
    disabled: 1 write unit, and 1 for each session; for one with the hash of a password: 1 read and 4 write units.
    """
    known = import_jobs.record(store_id, job_id)
    key = keys.import_chunks(store_id, job_id), keys.import_chunk(chunk.index)
    mark = ChunkRecord.find(*key) or ChunkRecord(*key, ttl=int((now + RETENTION).timestamp()))
    if known.job.detected is None or mark.done or import_jobs.has_ended(known):
        return
    store, read = stores.get(store_id), _read(known, known.job.detected, chunk)
    rules = import_customers.rules(store, known, known.job.detected, frozenset(map(int, mark.updates or ())))
    accounts = _accounts(store, read.rows, rules, now)
    if not known.job.dry_run:
        _note_updates(mark, accounts, rules)
        accounts = _written(store, accounts, rules, now)
        import_passwords.adopt(store, accounts, rules.columns, now, WRITERS)
    findings = [finding for account in accounts for finding in account.findings]
    outcome = result([*read.refused, *findings], read.cells, rules.columns)
    import_files.write_result(job_id, chunk.index, outcome.model_dump_json().encode())
    _done(known, mark, outcome)


class _Read(NamedTuple):
    """A chunk's rows, those that cannot be read as rows, and the cells of all by line."""

    rows: list[Row]
    refused: list[RowResult]
    cells: dict[int, Sequence[str]]


def _read(known: ImportRecord, detected: DetectedFormat, chunk: Chunk) -> _Read:
    columns, read = detected.as_columns(), _Read([], [], {})
    lines = csv_files.lines(import_files.part(known.source, chunk), detected.encoding)
    for record in csv_records.records(lines, detected.delimiter, chunk.first_line):
        if not csv_records.is_blank(record, detected.delimiter):
            _read_row(read, record, detected.delimiter, columns)
    return read


def _read_row(read: _Read, record: CsvRecord, delimiter: str, columns: Columns) -> None:
    try:
        read.cells[record.line] = csv_records.cells(record, delimiter)
        read.rows.append(import_rows.row(record.line, read.cells[record.line], columns))
    except RecordError as error:
        read.refused.append(RowResult(record.line, "rejected", [RowIssue("", error.code, error.message)]))
    except RowRefusedError as error:
        read.refused.append(RowResult(record.line, "rejected", [error.note]))


def _accounts(store: Store, rows: Sequence[Row], rules: Rules, now: datetime) -> list[ImportedCustomer]:
    """The rows by e-mail, each e-mail with its customer as far as the table is known to have one."""
    by_email: dict[str, list[Row]] = {}
    for row in rows:
        by_email.setdefault(row.canonical, []).append(row)
    holders = _holders(store, list(by_email))
    rules = rules._replace(erased=tombstones.erased_among(store, by_email.keys() - holders.keys()))
    return [import_customers.account(own, holders.get(email), rules, now) for email, own in by_email.items()]


def _holders(store: Store, emails: Sequence[str]) -> dict[str, Customer]:
    """The customers who hold e-mails, read at half price: what proves out of date meets its condition when written."""
    claims = dynamodb.get_many([(keys.email(store.id, email), keys.CLAIM) for email in emails], "customer_id")
    holders = {item["customer_id"]["S"] for item in claims}
    items = dynamodb.get_many([(keys.customer(store.id, holder), keys.PROFILE) for holder in holders], "customer")
    found = [load(Customer, item["customer"]) for item in items]
    # By the e-mail of the profile: whose claim was read may have another one by now.
    held = {email_addresses.canonical(customer.email): customer for customer in found}
    return {email: held[email] for email in emails if email in held}


def _note_updates(mark: ChunkRecord, accounts: Sequence[ImportedCustomer], rules: Rules) -> None:
    updates = {finding.line for account in accounts for finding in account.findings if finding.outcome == "updated"}
    if updates - rules.earlier:
        mark.updates = {*updates, *rules.earlier}
        records.put(mark)


def _written(store: Store, accounts: Sequence[ImportedCustomer], rules: Rules, now: datetime) -> list[ImportedCustomer]:
    """Write what is changed, as many customers in a transaction as it takes; the accounts as they were written."""
    changed = [account for account in accounts if account.is_changed]
    same = [account for account in accounts if not account.is_changed]
    _shut_out(store, same, rules, now)  # whom an earlier try disabled
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="import") as threads:
        batches = _batches(store, changed, rules, now)
        written = threads.map(lambda batch: _write_batch(store, batch, rules, now), batches)
        return [*same, *(account for batch in written for account in batch)]


class _Batch(NamedTuple):
    """Accounts, and the transaction that writes them."""

    accounts: list[ImportedCustomer]
    write: Transaction


def _batches(store: Store, accounts: Sequence[ImportedCustomer], rules: Rules, now: datetime) -> Iterator[_Batch]:
    """The accounts in as few transactions as DynamoDB's limits allow: 33 customers who are created without groups."""
    batch = _Batch([], Transaction())
    for account in accounts:
        prepared, write = _prepared(store, account, rules, now)
        if not batch.write.try_merge(write):
            yield batch
            batch = _Batch([], write)
        batch.accounts.append(prepared)
    yield batch


def _prepared(
    store: Store, account: ImportedCustomer, rules: Rules, now: datetime
) -> tuple[ImportedCustomer, Transaction]:
    """An account with the transaction that writes it alone; an account with its rows rejected has nothing to write."""
    write = Transaction()
    try:
        import_customers.put(write, store, account, rules, now)
    except InvalidInputError as error:
        return import_customers.refused(account, "customer_too_large", error.detail), Transaction()
    return account, write


def _write_batch(store: Store, batch: _Batch, rules: Rules, now: datetime) -> Sequence[ImportedCustomer]:
    written = _committed(store, batch, rules, now)
    _shut_out(store, written, rules, now)
    return written


def _shut_out(store: Store, accounts: Sequence[ImportedCustomer], rules: Rules, now: datetime) -> None:
    """End the sessions and links of those who are disabled now. Told by their findings, which a later try repeats."""
    if "status" not in rules.columns.fields:
        return
    for account in accounts:
        is_updated = any(finding.outcome == "updated" for finding in account.findings)
        if is_updated and account.after and account.after.status == "disabled":
            link_sign_in.revoke_access(store, account.after, now)


def _committed(store: Store, batch: _Batch, rules: Rules, now: datetime) -> Sequence[ImportedCustomer]:
    try:
        batch.write.commit()
    except GroupUnknownError:  # a group was deleted since the groups were read
        rules = import_customers.with_groups_read(store, rules)
    except (EmailTakenError, VersionConflictError, BusyError):  # of one of them: which, only each by itself can tell
        pass
    else:
        return batch.accounts
    return [_write_one(store, account, rules, now) for account in batch.accounts]


def _write_one(store: Store, account: ImportedCustomer, rules: Rules, now: datetime) -> ImportedCustomer:
    """Write one account on what the table holds now. BusyError where others change it every time."""
    canonical = account.rows[0].canonical
    for _ in range(customers.ATTEMPTS):
        try:
            before = customers.find(store, canonical, now)
            if before is None and tombstones.is_erased(store, canonical):
                rules = rules._replace(erased=frozenset({canonical}))
            again = import_customers.account(account.rows, before, rules, now)
            if again.is_changed:
                again, write = _prepared(store, again, rules, now)
                write.commit()
        except GroupUnknownError:
            rules = import_customers.with_groups_read(store, rules)
        except (EmailTakenError, VersionConflictError, BusyError, CustomerNotFoundError):
            continue
        else:
            return again
    raise BusyError


def _done(known: ImportRecord, mark: ChunkRecord, outcome: Result) -> None:
    """Add the chunk's counts to the job's and mark it done; nothing where another try has done so."""
    adds = [getattr(ImportRecord, name).add(count) for name, count in outcome.counts if count]
    mark.done, mark.updates = True, None
    try:
        with Transaction() as write:
            write.put_record(mark, ChunkRecord.pk.does_not_exist() | (ChunkRecord.done == False), _DoneAlready())  # noqa: E712
            if adds:
                write.update(known, adds)
    except _DoneAlready:
        return


class _DoneAlready(Exception):  # noqa: N818 - no error: the work is done
    pass
