"""Some values of each column of a file, which help a merchant to see what the column holds."""

from collections.abc import Sequence

from clientela.csv import csv_cells, csv_secrets
from clientela.csv.csv_headers import FileColumns

EXAMPLES = 3  # of a column


def of_columns(rows: Sequence[Sequence[str]], columns: FileColumns) -> list[list[str]]:
    """Return the first different values of each column. Secrets are left out.

    A column that may hold secrets has no examples. Of a row that is too long or too short, or that
    has its address elsewhere, the cells may be in the wrong columns: it gives none if the file has
    secrets. Nor does a cell that repeats a secret of its row, or that looks like one.
    """
    email_at = columns.fields.index("email")
    found: list[dict[str, None]] = [{} for _ in columns.headers]
    for cells in rows:
        if all(len(values) == EXAMPLES for values in found):
            break
        if len(cells) != len(columns.headers) and columns.secrets:
            continue
        email, secrets = "", {cells[index].strip().casefold() for index in columns.secrets} - {""}
        if columns.secrets:
            email = cells[email_at]
            if csv_secrets.are_shifted(email, secrets):
                continue
        for index, (values, cell) in enumerate(zip(found, cells, strict=False)):
            text = csv_cells.read(cell)
            is_secret = (
                index in columns.secrets or _has_secret(text.casefold(), secrets) or csv_secrets.looks_hashed(text)
            )
            is_secret = is_secret or (bool(columns.secrets) and csv_secrets.may_be_shifted(email, text))
            if text and not is_secret and len(values) < EXAMPLES:
                values[text] = None
    return [list(values) for values in found]


def _has_secret(text: str, secrets: set[str]) -> bool:
    return any(secret in text for secret in secrets)
