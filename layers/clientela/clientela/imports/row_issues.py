"""Issues of import rows: the reason for a rejection, or a cell that was left out."""

from typing import NamedTuple

from clientela.sentences import Sentence


class RowIssue(NamedTuple):
    """An issue of a row: the column as the file names it (or empty), a stable code, a sentence.

    `message` is English, or a Sentence; the report has it in the store's language.
    """

    column: str
    code: str
    message: str


class RowRefusedError(ValueError):
    """A row that cannot be loaded."""

    def __init__(self, issue: RowIssue) -> None:
        super().__init__(issue.message)
        self.issue = issue


def left_out(column: str, code: str, reason: str) -> RowIssue:
    """Return the warning that a cell of the row was left out."""
    sentence = reason if isinstance(reason, Sentence) else Sentence(reason)
    return RowIssue(column, code, Sentence("{reason} The customer was imported without it.", reason=sentence))
