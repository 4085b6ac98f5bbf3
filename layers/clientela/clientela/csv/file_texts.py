"""What a merchant is told about a file: refusals and notes, each with a stable code.

Their translations are with those of all sentences, in `translations/<language>.json`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from clientela.sentences import Sentence, translated

SENTENCES = {
    "empty": "The file is empty.",
    "header_too_long": (
        "The header has {count} columns: at most {columns} with {characters} characters in all are imported. "
        "Delete the columns that are not needed."
    ),
    "kind_excel": (
        "The file is an Excel workbook, not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) "
        "and upload that file."
    ),
    "kind_open_document": (
        "The file is an OpenDocument spreadsheet, not a CSV file: save it as CSV (in Excel: File, Save As, "
        "CSV UTF-8) and upload that file."
    ),
    "kind_zip": "The file is a ZIP archive, not a CSV file: unpack it and upload the CSV file in it.",
    "kind_compressed": "The file is compressed (gzip or similar): unpack it and upload the CSV file.",
    "kind_encrypted": "The file is encrypted: remove its password or encryption, and upload it as CSV.",
    "kind_pdf": (
        "The file is a PDF document, not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) and "
        "upload that file."
    ),
    "kind_html": (
        "The file is a web page (HTML), not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) "
        "and upload that file."
    ),
    "kind_xml": (
        "The file is an XML document, not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) and "
        "upload that file."
    ),
    "kind_json": (
        "The file is a JSON document, not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) and "
        "upload that file."
    ),
    "kind_other": (
        "The file is of another kind, not a CSV file: save it as CSV (in Excel: File, Save As, CSV UTF-8) and "
        "upload that file."
    ),
    "no_rows": "The file has a header, but no rows below it.",
    "utf_32": "The file is in UTF-32, which is not read: save it as UTF-8.",
    "encoding_unknown": "The file's encoding is unknown: save the file as UTF-8, or name its encoding.",
    "encoding_option_unknown": "Unknown encoding {name}: use one of {encodings}.",
    "header_missing": "The file has no header: the first line must name the columns, for example email,name.",
    "no_email_column": "The file has no e-mail column: name it email, e-mail or email address.",
    "column_twice": "The header has a column twice: {columns}.",
    "option_meant": "Unknown option {name}: did you mean {meant}?",
    "option_unknown": "Unknown option {name}: the options are {options}.",
    "option_twice": "The option {name} is given twice, with two values.",
    "mode_unknown": "Unknown mode {mode}: use one of {modes}.",
    "flag_invalid": "Invalid {name} {value}: use true or false.",
    "delimiter_unknown": "Unknown delimiter {delimiter}: use one of , ; | tab.",
    "too_large": "The file has {size} MB, and an import may have {limit} MB: divide it into several files.",
    "wrong_ending": "The file was not imported: its name must end in .csv.",
    "wrong_ending_compressed": "The file was not imported: unpack it, and upload a file whose name ends in .csv.",
    "replaced": "A newer version of this file was uploaded: it is imported instead.",
    "plan_expired": "The import was planned but not started within 16 hours, so its file was deleted: upload it again.",
    "cancelled": "The import was cancelled: {missing} rows were not loaded. What was loaded stays and can be undone.",
    "stopped_early": "The import stopped early: {missing} rows may be missing. Upload the file again.",
    "not_started": "The import could not start ({error}).",
    "passwords": (
        "Passwords are stored as hashes, for customers who have none and have not proven their e-mail: clear "
        "ones are hashed with Argon2id, and hashes of Argon2id, bcrypt, scrypt, PBKDF2-SHA256 and WordPress "
        "are taken as they are. The file is deleted when the import ends."
    ),
    "file_deleted": "The file was deleted, because it names a column of passwords.",
    "secrets": "These columns may hold passwords or keys, so no report repeats them: {columns}.",
    "encoding_likely": "The file is not UTF-8. It was read as {encoding}.",
    "encoding_guess": (
        "The file is not UTF-8, and its encoding is a guess: {encoding}. Rows that would change a stored text "
        "to letters that may be wrong are rejected. Save the file as UTF-8, or name its encoding."
    ),
    "encoding_damaged": "The file is UTF-8, but some of its lines are not: these rows are rejected.",
    "email_column_assumed": "No header names the e-mail. The column {header} was taken, because it holds addresses.",
    "dates_day_first": (
        "The dates of the column {column} do not show whether the day or the month comes first: 03/02 was "
        "read as 3 February."
    ),
    "dates_month_first": (
        "The dates of the column {column} do not show whether the day or the month comes first: 03/02 was "
        "read as March 2."
    ),
    "folder_case": "The file was not imported: its folder must be {folder}, in lower case.",
    "date_order_unknown": "Unknown date order {order}: use one of {orders}.",
    "dates_contradict": (
        "Some dates of the column {column} cannot be in the order that you named: they were read in the only "
        "order that they can have, or left out."
    ),
    "passwords_off": (
        "Passwords are left out, because the store has no sign-in by password. The file is deleted when the "
        "import ends."
    ),
    "passwords_incomplete": (
        "All rows are imported, but some passwords could not be stored: these customers sign in by link or "
        "set a new password."
    ),
}


class FileNote(NamedTuple):
    """A remark on a file: a stable code, and the values of its sentence."""

    code: str
    values: Mapping[str, object] = MappingProxyType({})

    def text(self, language: str = "en") -> str:
        """Return the sentence in a language, such as `es` or `pt-BR`; in English for others."""
        return str(translated(Sentence(SENTENCES[self.code], **self.values), language))


class FileRefusedError(ValueError):
    """The file cannot be imported. The note tells the merchant why; the message is in English."""

    def __init__(self, code: str, **values: object) -> None:
        self.note = FileNote(code, values)
        super().__init__(self.note.text())
