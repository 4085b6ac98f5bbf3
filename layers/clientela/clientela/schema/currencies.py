"""Currencies: which there are, and how many decimals each has."""

import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field, StringConstraints

from clientela.schema.documents import on_input

# ISO 4217, table A.1, "minor unit": all others have two.
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_DECIMALS = {code: decimals for decimals, codes in ((0, _NONE), (3, _THREE), (4, _FOUR)) for code in codes.split()}


def require_known(code: str) -> str:
    """An ISO 4217 code of money, which may have gone out of use since 2000. ValueError for any other."""
    if code not in _known():
        raise ValueError(f"{code!r} is not a currency: use an ISO 4217 code such as EUR")
    return code


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's minor unit, halves away from zero: 7.0885714… USD → 7.09, 1234.5 JPY → 1235."""
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), ROUND_HALF_UP)


def format_amount(amount: Decimal, currency: str) -> Decimal:
    """The same amount with the currency's minor unit, and more only where it has more: 5 USD → 5.00, 1.0050 → 1.005."""
    short = round_amount(amount, currency)
    return short if short == amount else amount.normalize()


@cache
def _known() -> frozenset[str]:
    """See tools/currency_codes.py."""
    return frozenset(json.loads(files("clientela.schema").joinpath("currency_codes.json").read_text("utf-8")))


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"]), on_input(require_known)]
