"""Reads the project's CloudFormation templates, and expands their loops."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]


class _CloudFormationLoader(yaml.SafeLoader):
    """A loader of its own, because another constructor of yaml.SafeLoader would be everybody's."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: Any) -> dict[str, Any]:
    """`!Ref x` → {"Ref": "x"}, `!GetAtt x.Arn` → {"Fn::GetAtt": ["x", "Arn"]}, and so on."""
    if tag in ("Ref", "Condition"):
        return {tag: loader.construct_scalar(node)}
    if tag == "GetAtt":
        return {"Fn::GetAtt": loader.construct_scalar(node).split(".", 1)}
    if isinstance(node, yaml.SequenceNode):
        return {f"Fn::{tag}": loader.construct_sequence(node, deep=True)}
    return {f"Fn::{tag}": loader.construct_scalar(node)}


_CloudFormationLoader.add_multi_constructor("!", _long_form)


def load(path: str) -> dict[str, Any]:
    """Return a template of the project as plain dicts, intrinsics in their long form."""
    text = (PROJECT / path).read_text(encoding="utf-8")
    parsed: dict[str, Any] = yaml.load(text, Loader=_CloudFormationLoader)  # noqa: S506 (a SafeLoader)
    return parsed


def expanded(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource by its logical id, those of `Fn::ForEach` once for each value."""
    for name, body in resources.items():
        if not name.startswith("Fn::ForEach::"):
            yield name, body
            continue
        variable, values, inner = body
        for value in values:
            alphanumeric = re.sub(r"[^A-Za-z0-9]", "", value)
            for inner_name, inner_body in inner.items():
                yield inner_name.replace(f"&{{{variable}}}", alphanumeric), _replaced(inner_body, variable, value)


def _replaced(body: Any, variable: str, value: str) -> Any:
    if isinstance(body, dict):
        if body == {"Ref": variable}:
            return value
        return {key: _replaced(each, variable, value) for key, each in body.items()}
    if isinstance(body, list):
        return [_replaced(each, variable, value) for each in body]
    return body.replace(f"${{{variable}}}", value) if isinstance(body, str) else body
