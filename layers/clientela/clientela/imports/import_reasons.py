"""Why rows of an import were rejected, in short: the most frequent reasons with some lines."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from clientela.imports import import_files
from clientela.imports.chunk_results import ReportLine
from clientela.schema.documents import Model

TOP = 5
LINES = 3  # examples of a reason


class Reason(Model):
    """A reason for rejections: the message of its first row, how many rows have it, and lines."""

    code: str
    message: str
    rows: int = 0
    lines: list[int] = []


_REASONS = TypeAdapter(list[Reason])


class ReasonCounter:
    """Counts the reasons of reports. Its memory grows with the number of codes alone."""

    def __init__(self) -> None:
        self._found: dict[str, Reason] = {}

    def add(self, lines: Iterable[ReportLine]) -> None:
        """Count the lines of a report, in the order of the file."""
        for line in lines:
            reason = self._found.setdefault(line.code, Reason(code=line.code, message=line.message))
            reason.rows += 1
            if len(reason.lines) < LINES:
                reason.lines.append(line.line)

    def top(self) -> list[Reason]:
        """Return the most frequent reasons, the first of the file first among equals."""
        return sorted(self._found.values(), key=lambda reason: -reason.rows)[:TOP]


def write(job_id: str, reasons: list[Reason]) -> None:
    """Store the reasons with the job's files: they quote cells, so no event may hold them."""
    import_files.write_reasons(job_id, _REASONS.dump_json(reasons))


def read(job_id: str) -> list[Reason]:
    """Return the reasons of a job; none if its file was refused or its files are deleted."""
    content = import_files.read_reasons(job_id)
    return _REASONS.validate_json(content) if content else []
