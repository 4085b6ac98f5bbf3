"""Countries: ISO 3166-1 alpha-2 codes, also from names in the product's six languages."""

import json
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from clientela.schema.documents import on_input
from clientela.schema.text import fold_for_search
from clientela.sentences import Sentence


def code(text: str) -> str:
    """Return the alpha-2 code of a code or name: `es`, `ESP`, `Spain`, `España`, `Spagna` → `ES`.

    Names come from Unicode's CLDR and from the spellings listed in tools/country_names.py.

    Raises:
        ValueError: the text is no country.
    """
    alpha_2 = _names().get(fold_for_search(text))
    if alpha_2 is None:
        raise ValueError(Sentence("“{text}” is not a country. Use an ISO 3166-1 code such as ES.", text=text))
    return alpha_2


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads(files("clientela.schema").joinpath("country_names.json").read_text("utf-8"))
    return names


Country = Annotated[str, Field(max_length=80, examples=["ES"]), on_input(code)]
