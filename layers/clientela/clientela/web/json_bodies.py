"""JSON bodies of requests, bounded in depth."""

import itertools
from typing import Any

import orjson
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from clientela.sentences import Sentence

MAX_DEPTH = 32  # the deepest valid body has 5 levels; merging and validating are recursive


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Unlike json.loads, orjson refuses NaN, Infinity and lone surrogates.

    Raises:
        orjson.JSONDecodeError: the text is not JSON.
        RequestValidationError: it has more than MAX_DEPTH levels.
    """
    value = orjson.loads(text)
    level = [value]
    for _ in range(MAX_DEPTH):
        level = list(itertools.chain.from_iterable(map(_parts, level)))
        if not level:
            return value
    message = Sentence("Use at most {max} nested levels.", max=MAX_DEPTH)
    error = {"type": "value_error", "loc": ("body",), "msg": message, "ctx": {"error": ValueError(message)}}
    raise RequestValidationError([error])


def _parts(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
