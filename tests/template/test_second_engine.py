"""The template in a second engine: moto creates the stack, by its own reading of CloudFormation.

It shows that nothing depends on what the local cloud happens to accept. moto skips the types that it does not know.
"""

import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.support.processed_template import of_type, processed
from tools.template_checks.sam_transform import BUCKET, PARAMETERS

REGION = "eu-west-1"
SKIPPED = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::Secret",
}


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, Any]]:
    """The created stack: its physical ids by logical id, and its outputs."""
    with pytest.MonkeyPatch.context() as environment, mock_aws(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the types that moto skips
        for name, value in {
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            environment.setenv(name, value)
        _upload_code()
        formation = boto3.client("cloudformation", REGION)
        formation.create_stack(
            StackName="clientela",
            TemplateBody=json.dumps(processed()),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        (created,) = formation.describe_stacks(StackName="clientela")["Stacks"]
        resources = formation.list_stack_resources(StackName="clientela")["StackResourceSummaries"]
        yield {
            "status": created["StackStatus"],
            "outputs": {output["OutputKey"]: output["OutputValue"] for output in created["Outputs"]},
            "ids": {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources},
        }


def _upload_code() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("module.py", "")
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("functions", "clientela", "dependencies"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=file.getvalue())


def test_the_stack_is_created_with_every_resource_that_the_engine_knows(stack: dict[str, Any]) -> None:
    assert stack["status"] == "CREATE_COMPLETE"
    known = {name for name, body in processed()["Resources"].items() if body["Type"] not in SKIPPED}
    assert known <= stack["ids"].keys()


def test_the_table_has_its_indexes_its_stream_and_its_ttl(stack: dict[str, Any]) -> None:
    table = boto3.client("dynamodb", REGION).describe_table(TableName=stack["outputs"]["Table"])["Table"]
    wanted = of_type("AWS::DynamoDB::Table")["Table"]["GlobalSecondaryIndexes"]
    assert {each["IndexName"] for each in table["GlobalSecondaryIndexes"]} == {each["IndexName"] for each in wanted}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


@pytest.mark.parametrize(
    "queue", [name for name, body in of_type("AWS::SQS::Queue").items() if "RedrivePolicy" in body]
)
def test_a_queue_puts_aside_what_fails(stack: dict[str, Any], queue: str) -> None:
    sqs = boto3.client("sqs", REGION)
    attributes = sqs.get_queue_attributes(QueueUrl=stack["ids"][queue], AttributeNames=["All"])["Attributes"]
    target = of_type("AWS::SQS::Queue")[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    name = stack["ids"][target].rsplit("/", 1)[-1]
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(f":{name}")


# moto cannot say the variables of the publisher: it puts its own object in place of the bus's name.
@pytest.mark.parametrize("function", sorted(of_type("AWS::Lambda::Function").keys() - {"EventPublisher"}))
def test_a_function_gets_values_for_its_variables(stack: dict[str, Any], function: str) -> None:
    found = boto3.client("lambda", REGION).get_function(FunctionName=stack["ids"][function])["Configuration"]
    wanted = of_type("AWS::Lambda::Function")[function]["Environment"]["Variables"]
    of_skipped = {name for name, value in wanted.items() if _names_skipped(value)}
    variables = {name: value for name, value in found["Environment"]["Variables"].items() if name not in of_skipped}
    assert variables.keys() == wanted.keys() - of_skipped
    assert not [value for value in variables.values() if "${" in value or "Fn::" in value]


def _names_skipped(value: Any) -> bool:
    skipped = {name for name, body in processed()["Resources"].items() if body["Type"] in SKIPPED}
    return any(name in repr(value) for name in skipped)


@pytest.mark.parametrize("machine", of_type("AWS::StepFunctions::StateMachine"))
def test_a_state_machine_has_a_value_for_each_placeholder(stack: dict[str, Any], machine: str) -> None:
    states = boto3.client("stepfunctions", REGION)
    definition = states.describe_state_machine(stateMachineArn=stack["ids"][machine])["definition"]
    assert json.loads(definition)["StartAt"]
    substitutions = of_type("AWS::StepFunctions::StateMachine")[machine]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", definition)) == substitutions.keys()
