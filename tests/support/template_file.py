"""Reads template.yaml with CloudFormation's short forms, so that tests look at the very file that is deployed."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]


class _CloudFormationLoader(yaml.SafeLoader):
    """A loader of its own: teaching yaml.SafeLoader itself would change it for everybody in the process."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: Any) -> dict[str, Any]:
    """`!Ref x` → {"Ref": "x"}, `!GetAtt x.Arn` → {"Fn::GetAtt": ["x", "Arn"]}, `!Sub x` → {"Fn::Sub": "x"}."""
    if tag == "Ref":
        return {"Ref": loader.construct_scalar(node)}
    if tag == "GetAtt":
        return {"Fn::GetAtt": loader.construct_scalar(node).split(".", 1)}
    if isinstance(node, yaml.SequenceNode):
        return {f"Fn::{tag}": loader.construct_sequence(node, deep=True)}
    return {f"Fn::{tag}": loader.construct_scalar(node)}


_CloudFormationLoader.add_multi_constructor("!", _long_form)


@cache
def template() -> dict[str, Any]:
    """The template as plain dicts, intrinsics in their long form. Shared between tests: nobody may change it."""
    return load("template.yaml")


def load(path: str) -> dict[str, Any]:
    """A CloudFormation template of the project as plain dicts, intrinsics in their long form."""
    text = (PROJECT / path).read_text(encoding="utf-8")
    parsed: dict[str, Any] = yaml.load(text, Loader=_CloudFormationLoader)  # a SafeLoader
    return parsed


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type by logical id, such as `resources("AWS::SQS::Queue")`."""
    return {name: body for name, body in template()["Resources"].items() if body["Type"] == kind}
