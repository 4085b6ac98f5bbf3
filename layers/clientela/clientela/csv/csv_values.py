"""Values of CSV cells: parse the texts that merchants write."""

import re
from datetime import date
from functools import cache, lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from clientela.csv import csv_dates
from clientela.schema.countries import Country
from clientela.schema.languages import Language
from clientela.schema.text import fold_for_search, trim
from clientela.schema.validation_errors import field_errors
from clientela.sentences import Sentence

_YES = {
    *(
        "yes",
        "y",
        "true",
        "t",
        "1",
        "1.0",
        "x",
        "on",
        "oui",
        "o",
        "ja",
        "j",
        "sim",
        "vero",
        "vrai",
        "wahr",
        "verdadeiro",
    ),
    *("si", "sì", "sí", "s", "verdadero", "exempt", "enabled"),
}
_NO = {
    *("no", "n", "false", "f", "0", "0.0", "off", "non", "nein", "não", "nao", "falso", "faux", "falsch"),
    *("taxable", "none", "disabled"),
}
# Words about a newsletter, folded. `pending` and `transactional` are neither: unknown is not yes.
_SUBSCRIBED = {
    *("subscribed", "subscriber", "opted in", "opted-in", "opt in", "opt-in", "optin", "confirmed", "accepted"),
    *("single opt-in", "double opt-in", "suscrito", "suscrita", "suscriptor", "acepta", "iscritto", "iscritta"),
    *("accetta", "inscrit", "inscrite", "abonne", "abonnee", "accepte", "abonniert", "angemeldet", "eingewilligt"),
    *("inscrito", "inscrita", "subscrito", "subscrita", "aceita", "aceite"),
}
_UNSUBSCRIBED = {
    *("unsubscribed", "not subscribed", "not_subscribed", "non-subscribed", "nonsubscribed", "opted out", "opted-out"),
    *("opt out", "opt-out", "optout", "cleaned", "declined", "revoked", "redacted", "dado de baja", "de baja"),
    *("no suscrito", "no suscrita", "disiscritto", "disiscritta", "non iscritto", "non iscritta", "desabonne"),
    *("desabonnee", "desinscrit", "desinscrite", "non inscrit", "non abonne", "abgemeldet", "nicht abonniert"),
    *("cancelado", "cancelada", "nao inscrito", "nao subscrito", "descadastrado"),
}
_STATUSES = {
    "active": "active activo activa attivo attiva actif active aktiv ativo ativa enabled approved 1 1.0 true yes"
    " habilitado habilitada abilitato activado attivato aktiviert ativado aprobado approvato approuve genehmigt"
    " freigegeben aprovado si sim oui ja",
    "disabled": "disabled inactive inactivo inactiva inattivo inattiva inactif inaktiv inativo inativa blocked bloqueado"
    " bloccato bloque gesperrt banned suspended suspendido sospeso suspendu deactivated desactivado deshabilitado"
    " disattivato disabilitato desactive deaktiviert desativado declined denied rejected 0 0.0 false no non nein nao",
    "pending": "pending pendiente in-attesa en-attente ausstehend wartend pendente invited unapproved"
    " awaiting-approval pending-approval",
}
CHANGED_CODE = re.compile(r"\d+\.0")  # a code that a spreadsheet took for a number
_SYSTEM = re.compile(r"[a-z0-9_-]{1,40}")
_MAX_EXTERNAL_ID = 200  # characters
_STATUS = {word: status for status, words in _STATUSES.items() for word in words.split()}


def parse_flag(text: str) -> bool:
    """Parse yes or no in one of six languages — ValueError if it is neither."""
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError(Sentence("“{text}” is neither yes nor no.", text=text))


def parse_consent(text: str) -> bool:
    """Parse yes or no, or a newsletter's word for it — ValueError if it is neither."""
    word = fold_for_search(text)
    if word in _SUBSCRIBED or word in _UNSUBSCRIBED:
        return word in _SUBSCRIBED
    return parse_flag(text)


def parse_status(text: str) -> str:
    """Return a customer's status; the words of other systems and languages become ours."""
    return _STATUS.get(fold_for_search(text).replace(" ", "-"), text.lower())


def parse_list(text: str) -> list[str]:
    """Split a cell at `;` and `,` without empty parts and duplicates.

    Mailchimp writes `"VIP","B2B"` into one cell.
    """
    return list(dict.fromkeys(part for each in re.split("[;,]", text) if (part := _unquoted(trim(each)))))


def parse_external_ids(text: str) -> dict[str, str]:
    """Parse ids of other systems: `shopify:6543; pos:77` — ValueError if a part is no such pair."""
    found = {}
    for part in filter(None, map(trim, text.split(";"))):
        system, _, id_ = (trim(each) for each in part.partition(":"))
        if not _SYSTEM.fullmatch(system.lower()) or not 0 < len(id_) <= _MAX_EXTERNAL_ID:
            raise ValueError(Sentence("“{text}” is not an external id such as shopify:6543.", text=part))
        found[system.lower()] = id_
    return found


def parse_code(text: str) -> str:
    """Return a postal code or a phone as it was before a spreadsheet: `28001.0` → `28001`.

    An apostrophe says that the rest is a text as it is: `'1.0` → `1.0`.
    """
    if text.startswith("'"):
        return text[1:]
    return text[:-2] if CHANGED_CODE.fullmatch(text) else text


def parse_custom_fields(text: str) -> dict[str, Any]:
    """Parse the merchant's own fields from a JSON object — ValueError for any other text."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(Sentence("“{text}” is not a JSON object with fields and their values.", text=text))
    return found


def parse_day(text: str) -> date:
    """Parse a day: `2027-01-31` — ValueError if it is none."""
    return csv_dates.parse(text).date()


@lru_cache(maxsize=1024)
def parse_language(text: str) -> str:
    """Parse a language tag — ValueError if it cannot be one."""
    return _validate(Language, text)


@lru_cache(maxsize=1024)
def parse_country(text: str) -> str:
    """Parse a country's code or name — ValueError if it is neither."""
    return _validate(Country, text)


def _unquoted(text: str) -> str:
    return trim(text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


# Built when first used: an export parses nothing.
@cache
def _adapter(kind: Any) -> TypeAdapter[str]:
    return TypeAdapter(kind)


def _validate(kind: Any, text: str) -> str:
    try:
        return _adapter(kind).validate_python(text)
    except ValidationError as error:
        raise ValueError(field_errors(error.errors())[0].message) from None
