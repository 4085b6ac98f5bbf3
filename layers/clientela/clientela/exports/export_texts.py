"""Cells of free text: escaped and, if needed, quoted, as a format wants it.

Customers share most of their texts: first names, cities, postal codes, tags. A file remembers the
cells of the texts that it has seen. All texts of a row that are new are searched at once, which is
faster than a call for each.
"""

import re
from collections.abc import Sequence
from functools import partial

from clientela.csv import csv_cells
from clientela.exports.export_formats import ExportFormat

_JOINT = "\x1c"  # a separator for `csv_cells` that begins no formula
_MOST = 500_000  # characters of remembered texts


class TextCells:
    """The cells of the texts of a file. `known` has those that were learned, by text."""

    def __init__(self, format_: ExportFormat) -> None:
        self.known: dict[str, str] = {}
        self._escaped = csv_cells.escaper(_JOINT, mark=format_.mark_texts)
        self._escape = partial(csv_cells.escape, mark=format_.mark_texts)
        self._delimiter = format_.delimiter
        self._needs_quotes = re.compile(rf'["\r\n{re.escape(format_.delimiter)}]').search
        self._size = 0

    def learn(self, texts: Sequence[str]) -> None:
        """Find the cells of texts."""
        joined = _JOINT + _JOINT.join(texts)
        changed = self._escaped(joined)
        if changed and joined.count(_JOINT) > len(texts):  # a text has the joint in it
            changed = {text: self._escape(text) for text in texts}
        has_quotes = '"' in joined or self._delimiter in joined or "\n" in joined or "\r" in joined
        for text in texts:
            cell = changed.get(text, text)
            self.known[text] = self.quote(cell) if has_quotes else cell
        self._size += len(joined)

    def quote(self, cell: str) -> str:
        """Return a cell in quotes, if it needs them."""
        return '"' + cell.replace('"', '""') + '"' if self._needs_quotes(cell) else cell

    def forget(self) -> None:
        """Forget all texts, if they are so many that memory would grow."""
        if self._size > _MOST:
            self.known.clear()
            self._size = 0
