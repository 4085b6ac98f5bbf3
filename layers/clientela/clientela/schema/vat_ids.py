"""VAT IDs. `vat_rules` has their rules with python-stdnum; `vies` checks registration.

The rules are imported where an ID is read, because most calls read none.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

MAX_LENGTH = 32  # characters


def normalize(text: str, country: str | None = None) -> str:
    """Return a VAT ID in its compact spelling: `es B-1234567 4` → `ESB12345674`.

    A VAT ID starts with the two letters of its country; Greece is EL, as in VIES. A national number
    without them, such as a NIF or a partita IVA, is read with `country` and gets them: `B12345674`
    of ES → `ESB12345674`. A label before a valid number, such as `NIF:` or `P.IVA`, is left out; it
    counts more than `country`. A French SIREN or SIRET, a Swedish organisationsnummer and a
    Hungarian adószám become the VAT number of the same company.

    The rules are those of the EU and of every other country for which python-stdnum has VAT
    numbers, and of the Italian codice fiscale. A Swiss number may lack its MWST, TVA, IVA or TPV; a
    Norwegian number gets its MVA. An ID of any other country is only written in capitals and
    without spaces.

    Raises:
        ValueError: the check digits are wrong, or the text is no VAT ID.
    """
    from clientela.schema import vat_rules

    return vat_rules.normalize(text, country)


def search_spellings(text: str, possible_countries: Iterable[str | None]) -> list[str]:
    """Return the compact spellings that a typed VAT ID may have, if it is one of these countries.

    The text itself is one of them, in capitals and without spaces.
    """
    from clientela.schema import vat_rules

    return vat_rules.search_spellings(text, possible_countries)


# The model that has the addresses normalizes it, because a national number needs a country.
VatId = Annotated[str, Field(max_length=MAX_LENGTH, examples=["ESB12345674"])]
