"""The merchant's options for an import, from the metadata of the uploaded object.

A name that is not an option refuses the file: a merchant who writes `dryrun` wants a dry run, not
an import.
"""

import difflib
import re
from collections.abc import Mapping
from typing import NamedTuple

from clientela.csv import csv_files
from clientela.csv.csv_dates import DateOrder
from clientela.csv.csv_header_search import DELIMITERS
from clientela.csv.file_texts import FileRefusedError
from clientela.imports.import_jobs import MODES, Mode

OPTIONS = ("mode", "dry-run", "send-welcome", "delimiter", "encoding", "date-order")
# Metadata that upload tools write by themselves: rclone, s3cmd, s3fs, AWS DataSync.
_OF_TOOLS = {
    *("mtime", "md5chksum", "s3cmd-attrs", "uid", "gid", "ctime", "atime", "xattr"),
    *("file-owner", "file-group", "file-permissions", "file-atime", "file-mtime", "user-agent", "user-agent-id"),
}
_YES, _NO = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
DATE_ORDERS: dict[str, DateOrder] = {"dmy": "day_first", "mdy": "month_first", "ymd": "year_first"}
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}


class ImportOptions(NamedTuple):
    """The options of one file.

    Without `encoding`, `delimiter` and `date_order`, the file itself decides.
    """

    mode: Mode = "upsert"
    dry_run: bool = False
    send_welcome: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    date_order: DateOrder | None = None


def parse(metadata: Mapping[str, str]) -> ImportOptions:
    """Parse the options, whose names may be written with `_` or `-` and in any case.

    Raises:
        FileRefusedError: a name or a value is unknown, or an option is given twice with two values.
    """
    given = _by_name(metadata)
    mode = next((mode for mode in MODES if mode == given.get("mode", "upsert").lower()), None)
    if mode is None:
        raise FileRefusedError("mode_unknown", mode=repr(given["mode"][:50]), modes=MODES)
    dry_run, send_welcome = (_flag(given, name) for name in ("dry-run", "send-welcome"))
    encoding = csv_files.codec(given["encoding"]) if given.get("encoding") else None
    delimiter, date_order = _delimiter(given.get("delimiter", "")), _date_order(given.get("date-order", ""))
    return ImportOptions(mode, dry_run, send_welcome, encoding, delimiter, date_order)


def _by_name(metadata: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for spelling, text in metadata.items():
        name = spelling.strip().lower().replace("_", "-")
        value = text if text.isspace() else text.strip()  # a tab is a delimiter
        if name in _OF_TOOLS:
            continue
        if name not in OPTIONS:
            raise _unknown(spelling, name)
        if given.setdefault(name, value) != value:
            raise FileRefusedError("option_twice", name=name)
    return given


def _unknown(spelling: str, name: str) -> FileRefusedError:
    squeezed = {option.replace("-", ""): option for option in OPTIONS}
    similar = difflib.get_close_matches(re.sub(r"[^a-z]", "", name), squeezed, n=1, cutoff=0.7)
    if similar:
        return FileRefusedError("option_meant", name=repr(spelling[:50]), meant=squeezed[similar[0]])
    return FileRefusedError("option_unknown", name=repr(spelling[:50]), options=OPTIONS)


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false").lower()
    if value not in _YES + _NO:
        raise FileRefusedError("flag_invalid", name=name, value=repr(value[:50]))
    return value in _YES


def _delimiter(text: str) -> str | None:
    delimiter = _NAMED_DELIMITERS.get(text.lower(), text)
    if delimiter and delimiter not in DELIMITERS:
        raise FileRefusedError("delimiter_unknown", delimiter=repr(delimiter[:50]))
    return delimiter or None


def _date_order(text: str) -> DateOrder | None:
    order = DATE_ORDERS.get(re.sub(r"[^a-z]", "", text.lower()))
    if text and order is None:
        raise FileRefusedError("date_order_unknown", order=repr(text[:50]), orders=tuple(DATE_ORDERS))
    return order
