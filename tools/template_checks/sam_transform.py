"""What CloudFormation makes of template.yaml after `sam deploy` has uploaded the code."""

import copy
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

PARAMETERS = {"SenderAddress": "accounts@example.com"}
BUCKET = "bucket"  # that the code is uploaded to


def packaged(template: dict[str, Any], dependencies: str = "dependencies") -> dict[str, Any]:
    """Return the template after `sam deploy` has uploaded the code.

    `dependencies` is the key of the dependencies' layer.
    """
    found = copy.deepcopy(template)
    found["Globals"]["Function"]["CodeUri"] = f"s3://{BUCKET}/functions"
    found["Resources"]["ClientelaLayer"]["Properties"]["ContentUri"] = f"s3://{BUCKET}/clientela"
    found["Resources"]["DependenciesLayer"]["Properties"]["ContentUri"] = f"s3://{BUCKET}/{dependencies}"
    for body in found["Resources"].values():
        if body["Type"] == "AWS::Serverless::StateMachine":
            body["Properties"]["DefinitionUri"] = {"Bucket": BUCKET, "Key": body["Properties"]["DefinitionUri"]}
    return found


def transformed(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template that SAM's transform makes of a packaged one."""
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
    found: dict[str, Any] = translator.translate(template, PARAMETERS)
    return found
