"""VIES, the EU's service that checks whether a VAT number is registered in a member state.

VIES forwards each request to one of 28 registries, which are often overloaded or closed. Only a
complete answer about the requested number counts; every other response says nothing about it.

The API: https://ec.europa.eu/taxation_customs/vies/#/technical-information. POST /check-vat-number
returns `{"countryCode", "vatNumber", "valid", "requestDate", "name", "address", …}`. Errors, also
with status 200, are `{"actionSucceed": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}`, or
`userError` beside `"valid": false`. GET /ms/{country}/vat/{number} returns `isValid` instead of
`valid`.
"""

from functools import cache
from typing import Any

import orjson
import urllib3
from stdnum.eu import vat as eu

from clientela import settings

# With XI, Northern Ireland.
MEMBER_STATES = {country.upper() for country in eu.MEMBER_STATES} - {"GR"} | {"EL"}

CONNECT_SECONDS = 3
READ_SECONDS = 15  # VIES waits ten seconds for a slow registry before it returns TIMEOUT

# "The provided country code is invalid or the VAT number is empty": VIES asks no registry.
_PERMANENT_ERRORS = {"INVALID_INPUT"}
_TEMPORARY_ERRORS = {
    "SERVICE_UNAVAILABLE",
    "MS_UNAVAILABLE",
    "TIMEOUT",
    "VAT_BLOCKED",
    "IP_BLOCKED",
    "GLOBAL_MAX_CONCURRENT_REQ",
    "GLOBAL_MAX_CONCURRENT_REQ_TIME",
    "MS_MAX_CONCURRENT_REQ",
    "MS_MAX_CONCURRENT_REQ_TIME",
}


class ViesUnavailableError(Exception):
    """No answer for now: ask again later. The text is VIES's error code, or one of this module."""


class ViesRefusedError(Exception):
    """VIES rejects the request; repeating it does not help."""


def member_state(vat_id: str) -> str | None:
    """Return a VAT ID's member state as VIES spells it.

    None outside the EU and Northern Ireland, and for a number that is no VAT number, such as an
    Italian codice fiscale.
    """
    return vat_id[:2] if vat_id[:2] in MEMBER_STATES and eu.is_valid(vat_id) else None


def is_registered(vat_id: str) -> bool:
    """Return whether a VAT ID is in its member state's registry. One HTTPS request.

    Raises:
        ViesUnavailableError: VIES or the registry did not answer.
        ViesRefusedError: VIES rejects the request.
    """
    request = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
    return _read(request, _json(_send(orjson.dumps(request))))


def _send(body: bytes) -> urllib3.BaseHTTPResponse:
    try:
        return _pool().request(
            "POST", f"{settings.vies_url()}/check-vat-number", body=body, headers=_HEADERS, retries=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise ViesUnavailableError(type(error).__name__) from None


def _json(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """Return VIES's answer — ViesUnavailableError for any other, such as a proxy's page."""
    try:
        answer = orjson.loads(response.data)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict) or (response.status != 200 and not _error_code(answer)):
        raise ViesUnavailableError(f"HTTP_{response.status}")
    return answer


def _read(request: dict[str, str], answer: dict[str, Any]) -> bool:
    code = _error_code(answer)
    if code in _PERMANENT_ERRORS:
        raise ViesRefusedError(code)
    if code:
        raise ViesUnavailableError(code if code in _TEMPORARY_ERRORS else "UNKNOWN")
    if any(answer.get(name) not in (None, requested) for name, requested in request.items()):
        raise ViesUnavailableError("OTHER_NUMBER")
    valid = answer.get("valid", answer.get("isValid"))
    if not isinstance(valid, bool) or answer.get("userError") not in (None, "", "VALID" if valid else "INVALID"):
        raise ViesUnavailableError("NO_ANSWER")
    return valid


def _error_code(answer: dict[str, Any]) -> str:
    """Return VIES's error code from the three places where it may be, or ""."""
    wrappers = answer.get("errorWrappers")
    if wrappers or answer.get("actionSucceed") is False:
        first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
        return str(first.get("error") if isinstance(first, dict) else None)
    code = answer.get("userError") or ""
    return "" if code in {"", "VALID", "INVALID"} else str(code)


_HEADERS = {"content-type": "application/json", "accept": "application/json", "user-agent": "clientela"}


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS))
