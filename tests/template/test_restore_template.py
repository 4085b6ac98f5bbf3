"""The template that takes a restored table into a new stack (docs/stack.md, "Restore")."""

import json
import warnings

import boto3
from moto import mock_aws
from tests.support.template_file import template
from tools.restore_template import restore_template


def test_it_has_what_outlives_a_stack_as_the_stack_has_it() -> None:
    found, whole = restore_template(), template()["Resources"]
    assert found["Resources"].keys() == {"Table", "ErasureSecret"}
    assert all(whole[name] == body for name, body in found["Resources"].items())
    # CloudFormation imports only resources whose deletion policy is written down.
    assert all(body["DeletionPolicy"].startswith("Retain") for body in found["Resources"].values())


def test_it_needs_nothing_but_itself() -> None:
    """CloudFormation refuses a template whose references lead nowhere; moto creates the table it describes."""
    with mock_aws(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # moto skips the secret
        boto3.client("cloudformation", "eu-west-1").create_stack(
            StackName="restored",
            TemplateBody=json.dumps(restore_template()),
            Parameters=[{"ParameterKey": "DeletionProtection", "ParameterValue": "false"}],
        )
        (name,) = boto3.client("dynamodb", "eu-west-1").list_tables()["TableNames"]
        table = boto3.client("dynamodb", "eu-west-1").describe_table(TableName=name)["Table"]
    indexes = template()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {each["IndexName"] for each in indexes}
