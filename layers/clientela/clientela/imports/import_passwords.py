"""Passwords in imports: hashes of accepted formats are stored in their customers' items.

Clear passwords are left out: one second hashes only about fifty of them, and they would be stored
in clear until then. Their owners can sign in by e-mail at once and set a password of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from clientela.csv.csv_headers import FileColumns
from clientela.imports.import_customers import ImportedCustomer
from clientela.sign_in import password_hashes, passwords
from clientela.stores.stores import Store


def adopt(
    store: Store, imported: Sequence[ImportedCustomer], columns: FileColumns, now: datetime, writers: int
) -> None:
    """Store the password hashes of written customers' rows with `passwords.adopt`. Safe to repeat.

    Cost: 1 read unit and 4 write units for each hash; none if the file has no column of passwords.
    """
    if "password" not in columns.fields:
        return
    with ThreadPoolExecutor(writers, thread_name_prefix="import") as threads:
        list(threads.map(lambda pair: passwords.adopt(store, pair[0], pair[1], now), _hashes(imported)))


def _hashes(imported: Iterable[ImportedCustomer]) -> Iterator[tuple[str, str]]:
    """Yield each customer's id and hash: the last one in the rows that were not rejected."""
    for each in imported:
        accepted_rows = [
            row for row, result in zip(each.rows, each.results, strict=True) if result.outcome != "rejected"
        ]
        texts = (row.values.get("password", "") for row in accepted_rows)
        hashes = [text for text in texts if password_hashes.is_accepted(text)]
        if each.after and hashes:
            yield each.after.id, hashes[-1]
