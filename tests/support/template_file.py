"""Reads template.yaml with CloudFormation's short forms, so that tests look at the very file that is deployed."""

from functools import cache
from pathlib import Path
from typing import Any

from tools.template_checks.templates import load

PROJECT = Path(__file__).parents[2]


@cache
def template() -> dict[str, Any]:
    """The template as plain dicts, intrinsics in their long form. Shared between tests: nobody may change it."""
    return load("template.yaml")


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type by logical id, such as `resources("AWS::SQS::Queue")`."""
    return {name: body for name, body in template()["Resources"].items() if body["Type"] == kind}
