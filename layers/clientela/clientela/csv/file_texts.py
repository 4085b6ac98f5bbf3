"""What a merchant is told about a file: refusals and notes, in six languages.

The texts are in file_texts.json: code → language → sentence, with the values in braces.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

FALLBACK = "en"


class FileNote(NamedTuple):
    """A remark on a file: a stable code, and the values of its sentence."""

    code: str
    values: dict[str, str] = {}

    def text(self, language: str = FALLBACK) -> str:
        """Return the sentence in a language, such as `es` or `pt-BR`; in English for others."""
        texts = _texts()[self.code]
        text: str = texts.get(language.split("-")[0].lower()) or texts[FALLBACK]
        return text.format_map(self.values)


class FileRefusedError(ValueError):
    """The file cannot be imported. The note tells the merchant why; the message is in English."""

    def __init__(self, code: str, **values: str) -> None:
        self.note = FileNote(code, values)
        super().__init__(self.note.text())


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = json.loads(files("clientela.csv").joinpath("file_texts.json").read_text("utf-8"))
    return texts
