"""Currencies: their ISO 4217 codes and decimals."""

import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field, StringConstraints

from clientela.schema.documents import on_input
from clientela.sentences import Sentence

# ISO 4217, table A.1, "minor unit": all others have two decimals.
_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_DECIMALS = {
    code: decimals
    for decimals, codes in ((0, _ZERO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
    for code in codes.split()
}
_MINOR_UNITS = {code: Decimal(1).scaleb(-decimals) for code, decimals in _DECIMALS.items()}
_CENT = Decimal("0.01")


def require_known(code: str) -> str:
    """Return the code if it is in ISO 4217 or was since 2000, else raise ValueError."""
    if code not in _codes():
        raise ValueError(Sentence("“{text}” is not a currency. Use an ISO 4217 code such as EUR.", text=code))
    return code


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round an amount to the currency's minor unit, half away from zero.

    7.0885714… USD → 7.09, 1234.5 JPY → 1235.
    """
    return amount.quantize(_MINOR_UNITS.get(currency, _CENT), ROUND_HALF_UP)


def format_amount(amount: Decimal, currency: str) -> Decimal:
    """Return an equal amount with the currency's decimals, or with more if it needs them.

    5 USD → 5.00, 1.0050 USD → 1.005.
    """
    rounded = round_amount(amount, currency)
    return rounded if rounded == amount else amount.normalize()


@cache
def _codes() -> frozenset[str]:
    """Return the codes that tools/currency_codes.py has written."""
    return frozenset(json.loads(files("clientela.schema").joinpath("currency_codes.json").read_text("utf-8")))


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"]), on_input(require_known)]
