"""The rows of chunks that an import has not loaded, as lines of the report of rejected rows.

The rows are read from the source again, one chunk at a time. If that takes too long, or the source
is gone, the report has one line for all rows of a chunk.
"""

from functools import cached_property

from clientela import clock
from clientela.csv.csv_survey import Chunk
from clientela.imports import import_files, import_load
from clientela.imports.chunk_results import ChunkResult, ReportLine, RowResult, build_result, repeated_columns
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import Counts, ImportRecord
from clientela.imports.row_issues import RowIssue
from clientela.sentences import Sentence, translated

READ_SECONDS = 400  # of the 15 minutes of `finish`: enough for some million rows
_NOT_LOADED = RowIssue("", "not_loaded", "The import stopped early: this row may not be loaded. Import it again.")


class UnloadedRows:
    """Reads the chunks of an import that have no result."""

    def __init__(self, record: ImportRecord, detected: DetectedFormat) -> None:
        self._record, self._detected = record, detected
        self._is_over = clock.deadline(READ_SECONDS)

    def result(self, chunk: Chunk) -> ChunkResult:
        """Return the result of a chunk whose rows are not loaded, or not for certain.

        Rows that could not be loaded anyway have their own reason. Cost: 2 requests to S3.
        """
        if self._is_over() or not self._has_source:
            return self._sum(chunk)
        parsed = import_load.parse_chunk(self._record, self._detected, chunk)
        results = [*parsed.results, *(RowResult(row.line, "rejected", [_NOT_LOADED]) for row in parsed.rows)]
        return build_result(results, parsed.cells, self._detected.as_columns(), self._record.job.language)

    @cached_property
    def _has_source(self) -> bool:
        return import_files.exists(self._record.source)

    def _sum(self, chunk: Chunk) -> ChunkResult:
        message = Sentence(
            "The import stopped early: {rows} rows from line {line} on may be missing.",
            rows=chunk.rows,
            line=chunk.first_line,
        )
        line = ReportLine(
            line=chunk.first_line,
            column="",
            code=_NOT_LOADED.code,
            message=translated(message, self._record.job.language),
            cells=[""] * len(repeated_columns(self._detected.as_columns())),
        )
        return ChunkResult(counts=Counts(rejected=chunk.rows), rejects=[line], warnings=[])
