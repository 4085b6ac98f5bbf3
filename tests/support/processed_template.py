"""template.yaml as CloudFormation gets it after SAM's transform."""

import copy
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from tests.support.template_file import load, template

PARAMETERS = {"SenderAddress": "accounts@example.com"}
BUCKET = "bucket"  # that `sam deploy` has uploaded the code to


def packaged(dependencies: str = "dependencies") -> dict[str, Any]:
    """The template when `sam deploy` has uploaded the code, the dependencies' layer under this key."""
    found = copy.deepcopy(template())
    found["Globals"]["Function"]["CodeUri"] = f"s3://{BUCKET}/functions"
    found["Resources"]["ClientelaLayer"]["Properties"]["ContentUri"] = f"s3://{BUCKET}/clientela"
    found["Resources"]["DependenciesLayer"]["Properties"]["ContentUri"] = f"s3://{BUCKET}/{dependencies}"
    for body in found["Resources"].values():
        if body["Type"] == "AWS::Serverless::StateMachine":
            body["Properties"]["DefinitionUri"] = {"Bucket": BUCKET, "Key": body["Properties"]["DefinitionUri"]}
    return found


def transformed(template_: dict[str, Any]) -> dict[str, Any]:
    """Return the template that SAM's transform makes of a packaged one."""
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
    found: dict[str, Any] = translator.translate(template_, PARAMETERS)
    return found


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
