"""Columns that may hold passwords or other secrets: by their header, or by their values.

No report, note or stored state repeats the cells of such a column. A column that is taken for a
secret by mistake only misses in the report, so the rules lean towards secrecy.
"""

import re
from collections.abc import Iterable

from clientela.schema.text import fold_for_search

# Parts of normalised headers: words for a password in the product's languages, and in some others.
_PASSWORD_WORDS = tuple(map(fold_for_search, (
    *("passw", "passcode", "passphrase", "passkey", "userpass", "passhash", "pwd"),
    *("contrasen", "clave", "parola", "motdepasse", "motpasse", "mdp", "codesecret", "codicesegreto"),
    *("passwort", "kennwort", "losungswort", "zugangscode", "senha", "palavrapasse", "palavrachave", "codigosecreto"),
    *("wachtwoord", "haslo", "heslo", "losenord", "passord", "adgangskode", "salasana", "jelszo", "sifre", "geslo"),
    *("lozinka", "парол", "κωδικοσ", "パスワード", "密码", "密碼"),
)))  # fmt: skip
_PASS = re.compile(r"(?<!com)(?<!by)pass(?!port|eng|age|agi|ion|iv|au|o)")
# Whole words: they are part of too many harmless ones.
_SECRET_WORDS = {
    *("secret", "secrets", "secreto", "secreta", "segreto", "segreta", "segredo"),
    *("token", "salt", "hash", "pin", "otp", "apikey", "cvv", "cvc", "pw"),
}
# `Código de acceso`, `Zugangsdaten`: one signs in with them, or enters a closed shop.
_ACCESS = re.compile(
    r"access(code|key)|(codigo|codice|code|cod|clave|chiave|chave|clef?)(de|di|d)?(acceso|accesso|acces|acesso)"
    r"|geheim|zugangsdaten|anmeldedaten|credential|credenzial|credencia"
)
# A header with one of these says something about a password and does not hold one.
_ABOUT = re.compile(r"hint|question|pregunta|chang|reset|expir|updat|date|fecha|datum|^has(?!h)|salt|strength")

_HASH = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}"
    r"|[0-9a-fA-F]{32,128}:\S{1,128}"  # Magento, PrestaShop: hash and salt
    r"|\$\w{1,20}\$\S{8,}|\{\w{2,12}\}\S{8,}|(pbkdf2|scrypt|bcrypt|argon2|sha\d*|md5)\w*[$:]\S{8,}"
    r"|(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)[A-Za-z0-9+/_-]{22,}={0,2}"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HARMLESS = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|(https?|ftp)://\S*|www\.\S+|[\w.-]+\.[a-z]{2,}(/\S*)?"  # addresses of mail and web
    r"|[A-Z]{1,6}[-_/. ]?\d+|[\d.,:/TZ+-]+|\d{1,4}[-./]?\w{3}[-./]?\d{2,4}"  # codes, numbers, times
)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LIKE_ADDRESS = re.compile(r"[\w.+-]{2,}@[\w.-]+")  # `ana@example`: a slip, and not a password
_MIN_SHARE = 0.3  # of a column's values: some customers have no password


def is_password_header(name: str) -> bool:
    """Return whether a header, as `csv_headers.normalize` returns it, names passwords."""
    return not _ABOUT.search(name) and _names_password(name)


def is_secret_header(name: str, words: Iterable[str]) -> bool:
    """Return whether a header names a secret; `words` are the words of the header as written."""
    return _names_password(name) or _ACCESS.search(name) is not None or not _SECRET_WORDS.isdisjoint(words)


def looks_hashed(text: str) -> bool:
    """Return whether a cell looks like a hash, a token or a key."""
    return bool(_HASH.fullmatch(text)) and not _UUID.fullmatch(text)


def look_secret(values: Iterable[str]) -> bool:
    """Return whether the values of a column look like passwords, hashes or keys."""
    filled = [text for text in values if text]
    if any(map(looks_hashed, filled)):
        return True
    return bool(filled) and sum(map(_looks_chosen, filled)) >= _MIN_SHARE * len(filled)


def are_shifted(email: str, secrets: Iterable[str]) -> bool:
    """Return whether a row's cells are in wrong columns: its address is in a column of secrets."""
    return not _ADDRESS.fullmatch(email.strip()) and any(_ADDRESS.fullmatch(cell.strip()) for cell in secrets)


def may_be_shifted(email: str, text: str) -> bool:
    """Return whether a cell of a row without an address may be a password of another column."""
    is_address = _ADDRESS.fullmatch(email.strip()) or _LIKE_ADDRESS.fullmatch(text)
    return not is_address and look_secret([text])


def _names_password(name: str) -> bool:
    return any(word in name for word in _PASSWORD_WORDS) or _PASS.search(name) is not None


def _looks_chosen(text: str) -> bool:
    """Return whether a text looks like a password: one word of letters and digits or symbols."""
    if not 6 <= len(text) <= 72 or any(map(str.isspace, text)) or _UUID.fullmatch(text) or _HARMLESS.fullmatch(text):
        return False
    has_letter, has_digit = any(map(str.isalpha, text)), any(map(str.isdigit, text))
    has_symbol = any(char in "!\"#$%&'()*+,:;<=>?@[\\]^`{|}~" for char in text)
    return has_letter and (has_digit or has_symbol)
