"""The definitions of the figures, as every report and docs/reports.md have them, in English."""

import json
from functools import cache
from importlib.resources import files


@cache
def definitions() -> dict[str, str]:
    """Return the definitions by term."""
    texts: dict[str, str] = json.loads(files("clientela.reports").joinpath("definitions.json").read_text("utf-8"))
    return texts
