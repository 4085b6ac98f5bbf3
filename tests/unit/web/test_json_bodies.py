import json

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from clientela.web import json_bodies
from clientela.web.json_bodies import MAX_DEPTH


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_a_body_is_bounded_in_depth(opened: str) -> None:
    closed = "]" if opened == "[" else "}"

    def body(depth: int) -> str:
        return opened * (depth - 1) + ("[1]" if depth else "1") + closed * (depth - 1)

    for depth in (0, 1, MAX_DEPTH - 1):
        assert json_bodies.parse(body(depth)) == json.loads(body(depth))
    for depth in (MAX_DEPTH + 1, 1000):
        with pytest.raises(RequestValidationError) as refused:
            json_bodies.parse(body(depth))
        assert refused.value.errors()[0]["msg"] == f"Use at most {MAX_DEPTH} nested levels."


@pytest.mark.parametrize("text", ["", "{", "NaN", '"\\ud800"', "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json_bodies.parse(text)
