"""VIES, through which the EU's member states answer whether a VAT number is registered.

VIES only passes the question on, to 28 registries that are often overloaded or closed. Only a whole answer about the
very number that was asked counts; whatever else comes back says nothing about the number.

The API: https://ec.europa.eu/taxation_customs/vies/#/technical-information. POST /check-vat-number answers
`{"countryCode", "vatNumber", "valid", "requestDate", "name", "address", …}`. Trouble comes, also with status 200, as
`{"actionSucceed": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}`, or as `userError` beside `"valid": false`;
GET /ms/{country}/vat/{number} says `isValid` for `valid`.
"""

from functools import cache
from typing import Any

import orjson
import urllib3
from stdnum.eu import vat as eu

from clientela import settings

MEMBER_STATES = {country.upper() for country in eu.MEMBER_STATES} - {"GR"} | {"EL"}  # with XI, Northern Ireland

CONNECT_SECONDS, READ_SECONDS = 3, 15  # a registry in trouble lets VIES wait for ten seconds before it says TIMEOUT

# "The provided country code is invalid or the VAT number is empty": no registry was asked, none will be.
_REFUSALS = {"INVALID_INPUT"}
_TROUBLES = {
    "SERVICE_UNAVAILABLE", "MS_UNAVAILABLE", "TIMEOUT", "VAT_BLOCKED", "IP_BLOCKED",
    "GLOBAL_MAX_CONCURRENT_REQ", "GLOBAL_MAX_CONCURRENT_REQ_TIME", "MS_MAX_CONCURRENT_REQ", "MS_MAX_CONCURRENT_REQ_TIME",
}  # fmt: skip


class UnavailableError(Exception):
    """No answer for now: ask again later. Its text is VIES's code for the reason, or one of our own."""


class RefusedError(Exception):
    """VIES does not take the question; asking again changes nothing."""


def member_state(vat_id: str) -> str | None:
    """The member state whose registry knows a VAT ID, as VIES spells it; None outside the EU and Northern Ireland."""
    return vat_id[:2] if vat_id[:2] in MEMBER_STATES else None


def registered(vat_id: str) -> bool:
    """Whether a member state's registry holds this VAT ID now. UnavailableError, RefusedError. One HTTPS request."""
    question = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
    return _read(question, _json(_send(orjson.dumps(question))))


def _send(body: bytes) -> urllib3.BaseHTTPResponse:
    try:
        return _pool().request(
            "POST", f"{settings.vies_url()}/check-vat-number", body=body, headers=_HEADERS, retries=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise UnavailableError(type(error).__name__) from None


def _json(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """The answer's object. A proxy's page, a redirect to a notice of maintenance: none of them is VIES speaking."""
    try:
        answer = orjson.loads(response.data)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict) or (response.status != 200 and not _trouble(answer)):
        raise UnavailableError(f"HTTP_{response.status}")
    return answer


def _read(question: dict[str, str], answer: dict[str, Any]) -> bool:
    trouble = _trouble(answer)
    if trouble in _REFUSALS:
        raise RefusedError(trouble)
    if trouble:
        raise UnavailableError(trouble if trouble in _TROUBLES else "UNKNOWN")
    if any(answer.get(name) not in (None, asked) for name, asked in question.items()):
        raise UnavailableError("OTHER_NUMBER")
    valid = answer.get("valid", answer.get("isValid"))
    if not isinstance(valid, bool) or answer.get("userError") not in (None, "", "VALID" if valid else "INVALID"):
        raise UnavailableError("NO_ANSWER")
    return valid


def _trouble(answer: dict[str, Any]) -> str:
    """VIES's code for why it gives no answer, in any of the three places it has for it; empty if there is none."""
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
