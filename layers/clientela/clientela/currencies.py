"""Currencies: how many decimals each has."""

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217, table A.1, "minor unit": all others have two.
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_DECIMALS = {code: decimals for decimals, codes in ((0, _NONE), (3, _THREE), (4, _FOUR)) for code in codes.split()}


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's minor unit, halves away from zero: 7.0885714… USD → 7.09, 1234.5 JPY → 1235."""
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> Decimal:
    """The same amount with the currency's minor unit, and more only where it has more: 5 USD → 5.00, 1.0050 → 1.005."""
    short = rounded(amount, currency)
    return short if short == amount else amount.normalize()
