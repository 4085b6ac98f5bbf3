"""template.yaml as CloudFormation gets it after SAM's transform."""

from functools import cache
from typing import Any

from tests.support.template_file import template
from tools.template_checks import sam_transform
from tools.template_checks.sam_transform import transformed
from tools.template_checks.templates import load


def packaged(dependencies: str = "dependencies") -> dict[str, Any]:
    """The template when `sam deploy` has uploaded the code, the dependencies' layer under this key."""
    return sam_transform.packaged(template(), dependencies)


@cache
def processed() -> dict[str, Any]:
    """The processed template, with the state machines' definitions in it. Shared: nobody may change it."""
    template_ = packaged()
    for body in template_["Resources"].values():
        if body["Type"] == "AWS::Serverless::StateMachine":
            definition = load(body["Properties"].pop("DefinitionUri")["Key"])
            body["Properties"]["Definition"] = definition
    return transformed(template_)


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the processed template's resources of one type, by logical id."""
    return {name: body["Properties"] for name, body in processed()["Resources"].items() if body["Type"] == kind}
