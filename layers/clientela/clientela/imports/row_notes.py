"""What an import says of a row: why it was refused, or what of it was left out."""

from typing import NamedTuple


class RowIssue(NamedTuple):
    """What is to be said of a row: the column as the file calls it (or nothing), a stable code, and a sentence."""

    column: str
    code: str
    message: str


class RowRefusedError(ValueError):
    """A row that cannot be loaded."""

    def __init__(self, note: RowIssue) -> None:
        super().__init__(note.message)
        self.note = note


def left_out(column: str, code: str, reason: str) -> RowIssue:
    """The warning that a row was taken without one of its cells."""
    return RowIssue(column, code, f"{reason.rstrip('.')}. The customer was taken without it.")
