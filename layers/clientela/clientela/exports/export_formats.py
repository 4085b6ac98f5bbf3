"""The format of an exported file: delimiter, decimal sign, language of the headers, times, marks.

A spreadsheet splits a file at the list separator of its country and reads numbers with that
country's decimal sign. `spreadsheet: es` sets what Excel expects in Spain, so that a double click
shows columns, numbers that add up and times that sort.

Decimal signs are those of CLDR. A country with a decimal comma has `;` as list separator, because
the comma is taken, and so have Switzerland and Liechtenstein; the others have `,`. These are the
regional settings of Windows, which Excel uses.
"""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, StrictBool

from clientela.errors import FieldError, InvalidInputError
from clientela.schema import languages
from clientela.schema.documents import Model
from clientela.schema.languages import SUPPORTED, SupportedLanguage
from clientela.sentences import Sentence
from clientela.stores.stores import Store

Delimiter = Literal[",", ";", "\t", "|"]
DecimalSign = Literal[".", ","]
Times = Literal["local", "iso"]

# By CLDR: the countries in whose main language the decimal sign is a point.
_POINTS = """
AE AF AG AI AS AU BB BD BH BM BS BT BW BZ CA CC CH CK CN CU CW CX DG DM DO EG EH ER ET FJ FK FM GB GD GG GH GI
GM GS GT GU GY HK HN IE IL IM IN IO IQ IR JE JM JO JP KE KH KI KM KN KP KR KW KY LC LI LK LR LS MG MH ML MM MN MO
MP MS MT MV MW MX MY NE NF NG NI NP NR NU NZ OM PA PE PG PH PK PN PR PS PW PY QA SA SB SD SG SH SL SO SS SV SX SY
SZ TC TD TH TK TO TT TV TW TZ UG UM US VC VG VI VU WS YE ZM ZW
"""
_DECIMAL_POINT = frozenset(_POINTS.split())
_POINT_AND_SEMICOLON = frozenset({"CH", "LI"})
_COMMA_IN_FRENCH = frozenset({"CA", "CH"})  # countries of several languages: the point is that of the others
_MAIN_COUNTRY = {"en": "US", "es": "ES", "it": "IT", "fr": "FR", "de": "DE", "pt": "PT"}
_SPREADSHEET = re.compile(r"([A-Za-z]{2})(?:[-_]([A-Za-z]{2}))?")
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}


def _spreadsheet(text: str) -> str:
    """Return the language and country of a spreadsheet in their usual spelling."""
    match = _SPREADSHEET.fullmatch(text.strip())
    try:
        found = languages.tag(text) if match else ""
    except ValueError:
        found = ""
    if found.partition("-")[0] not in SUPPORTED:
        known = ", ".join(SUPPORTED)
        raise ValueError(Sentence("Use one of {languages}, with or without a country: es, es-MX.", languages=known))
    return found


Spreadsheet = Annotated[str, Field(max_length=5, examples=["es"]), AfterValidator(_spreadsheet)]


class ExportFormat(Model):
    """The format of a file."""

    delimiter: Delimiter
    """The character between two cells. Example: ;"""
    decimal: DecimalSign
    """The decimal sign of amounts. Example: ,"""
    header_language: SupportedLanguage
    """The language of the headers, and of yes and no. Example: es"""
    bom: StrictBool
    """Whether the file begins with a byte-order mark: without it Excel reads UTF-8 in the machine's
    old code page. Example: true"""
    times: Times
    """`local`: 2026-11-21 10:00:00 in the store's time zone; `iso`: 2026-11-21T09:00:00.000Z, in
    UTC."""
    mark_texts: StrictBool
    """Whether a text that a spreadsheet would turn into another value has an apostrophe in front:
    '08001, '1-2, 'TRUE. The import removes it. Example: true"""


class FormatChoices(Model):
    """The parts of a format that are chosen; the others follow `spreadsheet`, else the store."""

    delimiter: Delimiter | None = None
    """The character between two cells. Example: ;"""
    decimal: DecimalSign | None = None
    """The decimal sign of amounts. Example: ,"""
    header_language: SupportedLanguage | None = None
    """The language of the headers, and of yes and no. Example: es"""
    bom: StrictBool | None = None
    """Whether the file begins with a byte-order mark. Example: true"""
    times: Times | None = None
    """`local`: in the store's time zone; `iso`: in UTC."""
    mark_texts: StrictBool | None = None
    """Whether a text that a spreadsheet would change has an apostrophe in front. Example: true"""


# What a spreadsheet's country decides. Times and marks are a matter of taste.
_OF_SPREADSHEET = ("delimiter", "decimal", "header_language", "bom")


def of_spreadsheet(spreadsheet: str) -> ExportFormat:
    """Return the format that opens in a country's spreadsheet with a double click."""
    language, _, country = spreadsheet.partition("-")
    return _of_country(language, country or _MAIN_COUNTRY[language])


def default_of(store: Store) -> ExportFormat:
    """Return the format of a store that names none: by its language and its country."""
    language = store.language.partition("-")[0]
    country = store.country or store.language.partition("-")[2][-2:] or _MAIN_COUNTRY.get(language, "US")
    return _of_country(language, country)


def resolve(store: Store, spreadsheet: str | None, choices: FormatChoices | None) -> ExportFormat:
    """Return the format of an export that names a spreadsheet, a format, both or none.

    Raises:
        InvalidInputError: the format contradicts the spreadsheet.
    """
    base = of_spreadsheet(spreadsheet) if spreadsheet else default_of(store)
    chosen = choices.model_dump(exclude_none=True) if choices else {}
    if spreadsheet:
        _require_agreement(spreadsheet, base, chosen)
    return base.model_copy(update=chosen)


def parse_choices(texts: dict[str, str]) -> FormatChoices:
    """Return the choices in texts, as of a command line: `{"delimiter": "tab", "bom": "no"}`.

    Raises:
        InvalidInputError: a name or a value is unknown; the message says what there is.
    """
    values: dict[str, Any] = {}
    for name, text in texts.items():
        known = _VALUES.get(name)
        if known is None:
            message = Sentence("Unknown: use one of {names}.", names=", ".join(_VALUES))
            raise InvalidInputError(fields=[FieldError(f"/format/{name}", message)])
        if text.lower() not in known:
            message = Sentence("Use one of {values}.", values=_listed(known))
            raise InvalidInputError(fields=[FieldError(f"/format/{name}", message)])
        values[name] = known[text.lower()]
    return FormatChoices.model_validate(values)


def _of_country(language: str, country: str) -> ExportFormat:
    has_point = country in _DECIMAL_POINT and not (language == "fr" and country in _COMMA_IN_FRENCH)
    uses_comma = has_point and country not in _POINT_AND_SEMICOLON
    return ExportFormat(
        delimiter="," if uses_comma else ";",
        decimal="." if has_point else ",",
        header_language=next((each for each in SUPPORTED if each == language), "en"),
        bom=True,
        times="local",
        mark_texts=True,
    )


def _require_agreement(spreadsheet: str, base: ExportFormat, chosen: dict[str, Any]) -> None:
    errors = [
        FieldError(
            f"/format/{name}",
            Sentence(
                "The spreadsheet {spreadsheet} has another one: leave out one of the two.", spreadsheet=spreadsheet
            ),
        )
        for name in _OF_SPREADSHEET
        if name in chosen and chosen[name] != getattr(base, name)
    ]
    if errors:
        raise InvalidInputError(fields=errors)


def _listed(values: dict[str, Any]) -> str:
    """Return the first text of each value that a shell can show."""
    found: dict[Any, str] = {}
    for text, value in values.items():
        if text.isprintable():
            found.setdefault(value, text)
    return ", ".join(found.values())


_FLAGS = {"yes": True, "no": False, "true": True, "false": False}
# What `parse_choices` reads, by the name of the choice.
_VALUES: dict[str, dict[str, Any]] = {
    "delimiter": _NAMED_DELIMITERS | {sign: sign for sign in get_args(Delimiter)},
    "decimal": {"point": ".", "comma": ",", ".": ".", ",": ","},
    "header_language": {language: language for language in SUPPORTED},
    "bom": _FLAGS,
    "times": {"local": "local", "iso": "iso"},
    "mark_texts": _FLAGS,
}
