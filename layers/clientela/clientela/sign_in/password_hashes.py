r"""Hashes of passwords: our own, and imported ones of other shops.

Ours is Argon2id with 19 MiB, 2 passes and 1 lane, the first choice of OWASP. Accepted imported
formats:

| Format | Bounds |
|---|---|
| `$argon2id$v=19$m=…,t=…,p=…$salt$hash` (PHC) | m ≤ 65536 KiB, t ≤ 8, p ≤ 8, m·t ≤ 262144 |
| `$2a$`, `$2b$`, `$2y$` + two digits + `$` + 53 characters (bcrypt) | cost 4-14, 128 bits salt |
| `$scrypt$ln=…,r=…,p=…$salt$hash` (PHC) | 128·2^ln·r ≤ 64 MiB, ln < 16·r, p ≤ 4 |
| `pbkdf2_sha256$iterations$salt$hash` (Django) | 1,000 to 2,000,000 iterations |
| `$pbkdf2-sha256$iterations$salt$hash` (PHC as passlib writes it) | the same |
| `$P$` or `$H$` + 31 characters (phpass: WordPress before 6.8, phpBB) | 2^7 to 2^18 rounds |
| `$wp$2y$…` (WordPress since 6.8: bcrypt of an HMAC-SHA-384) | as bcrypt |

The bounds limit the memory and time that one sign-in takes of a function with 512 MB.
Sources: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
https://github.com/P-H-C/phc-string-format
https://www.openwall.com/phpass/
https://make.wordpress.org/core/2025/02/17/wordpress-6-8-will-use-bcrypt-for-password-hashing/
"""

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata

import argon2
import bcrypt
from argon2.exceptions import VerificationError

_OWN = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_OWN_PREFIX = "$argon2id$v=19$m=19456,t=2,p=1$"
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc"

_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,5}),t=(\d),p=(\d)\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{16,86}", re.ASCII
)
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}", re.ASCII)
_SCRYPT = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d)\$([A-Za-z0-9+/]{0,86})\$([A-Za-z0-9+/]{22,86})", re.ASCII
)
_PBKDF2 = re.compile(r"pbkdf2_sha256\$(\d{4,7})\$([!-#%-~]{1,64})\$([A-Za-z0-9+/]{43}=)", re.ASCII)
_PBKDF2_PHC = re.compile(r"\$pbkdf2-sha256\$(\d{4,7})\$([A-Za-z0-9./]{0,86})\$([A-Za-z0-9./]{43})", re.ASCII)

_PHPASS = re.compile(r"\$[PH]\$([5-9A-G])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})", re.ASCII)
_WORDPRESS = "$wp"  # before a hash of bcrypt
_CRYPT_64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Hashes that are not accepted: hexadecimal ones, with or without a salt, and `{SSHA}…`.
_OTHER_HASH = re.compile(
    r"([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})(:\S{1,128})?"
    r"|\{\w{2,12}\}\S{8,}|\$\w{1,20}\$\S{8,}|(pbkdf2|scrypt|bcrypt|argon2|sha\d*|md5)\w*\$\S{8,}"
)

_MIB = 2**20


def hash_password(password: str) -> str:
    """Return our hash of a password. About 21 ms of CPU and 19 MiB."""
    return _OWN.hash(normalize(password))


def is_own(text: str) -> bool:
    """Return whether a hash has the parameters of `hash_password`."""
    return text.startswith(_OWN_PREFIX)


def looks_like_hash(text: str) -> bool:
    """Return whether a text is meant as a hash: no person's password looks like one."""
    prefixes = ("$2", "$argon2", "$scrypt$", "$pbkdf2", "pbkdf2_", "$P$", "$H$", "$wp$", "$1$", "$5$", "$6$")
    return text.startswith(prefixes) or _OTHER_HASH.fullmatch(text) is not None


def is_accepted(text: str) -> bool:
    """Return whether a hash has an accepted format, within its bounds."""
    if match := _ARGON2ID.fullmatch(text):
        memory, passes, lanes = map(int, match.groups())
        return 8 * lanes <= memory <= 65536 and 1 <= passes <= 8 and 1 <= lanes <= 8 and memory * passes <= 262144
    if match := _BCRYPT.fullmatch(text.removeprefix(_WORDPRESS)):
        return 4 <= int(match[1]) <= 14
    if match := _SCRYPT.fullmatch(text):
        cost, block, lanes = (int(match[number]) for number in (1, 2, 3))
        bounded = 1 <= cost < 16 * block and 1 <= lanes <= 4 and 128 * 2**cost * block <= 64 * _MIB
        return bounded and _decode_base64(match[5]) != b""
    if match := _PBKDF2.fullmatch(text) or _PBKDF2_PHC.fullmatch(text):
        return 1_000 <= int(match[1]) <= 2_000_000
    return _PHPASS.fullmatch(text) is not None


def verify(text: str, password: str) -> bool:
    """Return whether a password, as typed or in NFKC, matches an accepted hash."""
    spellings = dict.fromkeys((normalize(password), password))
    return is_accepted(text) and any(_verified(text, spelling.encode()) for spelling in spellings)


def normalize(password: str) -> str:
    """Return the password in NFKC, because keyboards compose the same character in different ways.

    Source: NIST SP 800-63B, section 3.1.1.2.
    """
    return unicodedata.normalize("NFKC", password)


def _verified(text: str, password: bytes) -> bool:
    if text.startswith("$argon2id$"):
        try:
            return argon2.low_level.verify_secret(text.encode(), password, argon2.Type.ID)
        except VerificationError:
            return False
    if text.startswith(_WORDPRESS):
        mac = hmac.digest(b"wp-sha384", password.strip(), "sha384")
        return bcrypt.checkpw(base64.b64encode(mac), text.removeprefix(_WORDPRESS).encode())
    if match := _PHPASS.fullmatch(text):
        return _is_phpass(match, password)
    if text.startswith("$2"):
        return bcrypt.checkpw(password[:72], text.encode())  # bcrypt ignores the rest
    if match := _SCRYPT.fullmatch(text):
        return _is_scrypt(match, password)
    if match := _PBKDF2.fullmatch(text):
        expected = base64.b64decode(match[3])
        return _same(hashlib.pbkdf2_hmac("sha256", password, match[2].encode(), int(match[1])), expected)
    match = _PBKDF2_PHC.fullmatch(text)
    if match is None:
        return False
    salt, expected = (_decode_base64(match[number].replace(".", "+")) for number in (2, 3))
    return _same(hashlib.pbkdf2_hmac("sha256", password, salt, int(match[1])), expected)


def _is_scrypt(match: re.Match[str], password: bytes) -> bool:
    salt, expected = _decode_base64(match[4]), _decode_base64(match[5])
    cost, block, lanes = 2 ** int(match[1]), int(match[2]), int(match[3])
    computed = hashlib.scrypt(
        password, salt=salt, n=cost, r=block, p=lanes, maxmem=65 * _MIB + 128 * block * lanes, dklen=len(expected)
    )
    return _same(computed, expected)


def _is_phpass(match: re.Match[str], password: bytes) -> bool:
    computed = hashlib.md5(match[2].encode() + password, usedforsecurity=False).digest()
    for _ in range(2 ** _CRYPT_64.index(match[1])):
        computed = hashlib.md5(computed + password, usedforsecurity=False).digest()
    return _same(_encode_crypt_64(computed).encode(), match[3].encode())


def _encode_crypt_64(digest: bytes) -> str:
    """Encode a digest as phpass does: groups of three bytes, the lowest bits first."""
    groups = (int.from_bytes(digest[start : start + 3], "little") for start in range(0, len(digest), 3))
    text = "".join(_CRYPT_64[group >> shift & 63] for group in groups for shift in (0, 6, 12, 18))
    return text[: (len(digest) * 8 + 5) // 6]


def _decode_base64(text: str) -> bytes:
    """Decode base64 without padding; empty if it is invalid."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _same(left: bytes, right: bytes) -> bool:
    return bool(right) and hmac.compare_digest(left, right)
