"""Countries: ISO 3166-1 alpha-2 codes, also from names in the product's six languages."""

import json
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from clientela.schema.documents import on_input
from clientela.schema.text import fold_for_search


def code(text: str) -> str:
    """The alpha-2 code of a code or name: `es`, `ESP`, `Spain`, `España`, `Spagna` → `ES`. ValueError for anything else.

    Names are those of Unicode's CLDR and the spellings listed in tools/country_names.py.
    """
    found = _names().get(fold_for_search(text))
    if found is None:
        raise ValueError(f"{text!r} is not a country: use an ISO 3166-1 code such as ES")
    return found


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads(files("clientela.schema").joinpath("country_names.json").read_text("utf-8"))
    return names


Country = Annotated[str, Field(max_length=80, examples=["ES"]), on_input(code)]
