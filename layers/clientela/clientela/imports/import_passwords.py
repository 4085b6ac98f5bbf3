"""Passwords that come with an import: hashes of accepted formats are kept, each in its customer's own item of passwords.

Clear ones are not taken: hashing them is a second's work for fifty, and they would have to lie about until it is done.
Their owners sign in by a mail at once, and set a password of their own where they want one.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from clientela.csv.csv_columns import Columns
from clientela.imports.import_customers import ImportedCustomer
from clientela.sign_in import password_hashes, passwords
from clientela.stores.stores import Store


def adopt(store: Store, accounts: Sequence[ImportedCustomer], columns: Columns, now: datetime, writers: int) -> None:
    """Keep the hashes that the rows of written accounts bring, as `passwords.adopt`. Safe to repeat.

    For each 1 read unit and 4 write units; none for files without a column of passwords.
    """
    if "password" not in columns.fields:
        return
    with ThreadPoolExecutor(writers, thread_name_prefix="import") as threads:
        list(threads.map(lambda found: passwords.adopt(store, found[0], found[1], now), _hashes(accounts)))


def _hashes(accounts: Iterable[ImportedCustomer]) -> Iterator[tuple[str, str]]:
    """Customer and hash: the last of its rows that was taken and has one."""
    for account in accounts:
        taken = [
            row for row, finding in zip(account.rows, account.findings, strict=True) if finding.outcome != "rejected"
        ]
        found = [text for row in taken if password_hashes.is_accepted(text := row.values.get("password", ""))]
        if account.after and found:
            yield account.after.id, found[-1]
