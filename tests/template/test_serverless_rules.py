"""The rules of cdk-nag's pack for serverless applications, on the template after SAM's transform.

A rule that is not kept has its reason in WAIVED. What is not waived holds for every resource, and a waiver that nothing
needs any more fails too.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.processed_template import of_type, processed

# Rule → resources (a pattern of logical ids) → reason.
WAIVED: dict[str, dict[str, str]] = {
    "LambdaTracing": {".*": "traces are switched on by a parameter"},
    "StepFunctionStateMachineXray": {".*": "as LambdaTracing"},
    "SQSRedrivePolicy": {".*DeadLetterQueue|FailedCallsQueue": "they are the queues of what failed"},
    "IAMNoWildcardPermissions": {
        "(Import|Export)StateMachineRole": "the delivery of logs has no resource names",
        "ScheduleKeeperRole": "ListSchedules has no resource names",
        "EmailSenderRole": "a store's sender is an identity of its own",
        ".*": "keys of objects, index names and ids of executions, schedules and streams: below one named resource",
    },
    "LambdaEventSourceMappingDestination": {
        "(?!FollowUps|EventPublisher).*": "Lambda gives the messages of a queue back to it, for its dead-letter queue"
    },
}


def policy_statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def has_wildcard(statement: dict[str, Any]) -> bool:
    statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
    actions, found = statement["Action"], statement["Resource"]
    names = [actions] if isinstance(actions, str) else actions
    texts = [
        each.get("Fn::Sub", "") if isinstance(each, dict) else each
        for each in (found if isinstance(found, list) else [found])
    ]
    return any("*" in name for name in names) or any(isinstance(text, str) and "*" in text for text in texts)


type Rule = Callable[[str, dict[str, Any]], bool]

RULES: dict[str, tuple[str, Rule]] = {
    "APIGWAccessLogging": (
        "AWS::ApiGatewayV2::Stage",
        lambda _, stage: bool(stage["AccessLogSettings"]["DestinationArn"]),
    ),
    "APIGWStructuredLogging": (
        "AWS::ApiGatewayV2::Stage",
        lambda _, stage: stage["AccessLogSettings"]["Format"].startswith('{"'),
    ),
    "APIGWDefaultThrottling": (
        "AWS::ApiGatewayV2::Stage",
        lambda _, stage: {"ThrottlingBurstLimit", "ThrottlingRateLimit"} <= stage["DefaultRouteSettings"].keys(),
    ),
    "CloudWatchLogGroupRetentionPeriod": ("AWS::Logs::LogGroup", lambda _, group: "RetentionInDays" in group),
    "EventBusDLQ": (
        "AWS::Events::Rule",
        lambda _, rule: all("DeadLetterConfig" in target for target in rule["Targets"]),
    ),
    "IAMNoWildcardPermissions": ("AWS::IAM::Role", lambda _, role: not any(map(has_wildcard, policy_statements(role)))),
    "LambdaAsyncFailureDestination": (
        "AWS::Lambda::EventInvokeConfig",
        lambda _, config: "Destination" in config["DestinationConfig"]["OnFailure"],
    ),
    "LambdaDefaultMemorySize": ("AWS::Lambda::Function", lambda _, function: function.get("MemorySize", 128) != 128),
    "LambdaDefaultTimeout": ("AWS::Lambda::Function", lambda _, function: function.get("Timeout", 3) != 3),
    "LambdaEventSourceMappingDestination": (
        "AWS::Lambda::EventSourceMapping",
        lambda _, mapping: "OnFailure" in mapping.get("DestinationConfig", {}),
    ),
    "LambdaLatestVersion": ("AWS::Lambda::Function", lambda _, function: function["Runtime"] == "python3.13"),
    "LambdaStarPermissions": (
        "AWS::Lambda::Permission",
        lambda _, permission: (
            permission["Principal"] != "*" and {"SourceArn", "SourceAccount"} & permission.keys() != set()
        ),
    ),
    "LambdaTracing": (
        "AWS::Lambda::Function",
        lambda _, function: function.get("TracingConfig", {}).get("Mode") == "Active",
    ),
    "SQSRedrivePolicy": ("AWS::SQS::Queue", lambda _, queue: "RedrivePolicy" in queue),
    "StepFunctionStateMachineXray": (
        "AWS::StepFunctions::StateMachine",
        lambda _, machine: machine.get("TracingConfiguration", {}).get("Enabled") is True,
    ),
    # Of the pack AwsSolutions, beyond those and the other tests of this folder.
    "DDB3": (
        "AWS::DynamoDB::Table",
        lambda _, table: table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
    ),
    "S1-S10": (
        "AWS::S3::Bucket",
        lambda name, _: {"Ref": name} in [policy["Bucket"] for policy in of_type("AWS::S3::BucketPolicy").values()],
    ),
    "SF1": (
        "AWS::StepFunctions::StateMachine",
        lambda _, machine: machine["LoggingConfiguration"]["Level"] in ("ALL", "ERROR"),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_resource_keeps_the_rule_or_has_a_waiver(rule: str) -> None:
    kind, is_kept = RULES[rule]
    found = of_type(kind)
    assert found
    breaking = {name for name, properties in found.items() if not is_kept(name, properties)}
    waivers = WAIVED.get(rule, {})
    assert {name for name in breaking if not any(re.fullmatch(pattern, name) for pattern in waivers)} == set()
    for pattern in waivers:
        assert any(re.fullmatch(pattern, name) for name in breaking), f"nothing needs the waiver {pattern}"


def test_the_template_stays_far_below_the_limits_of_cloudformation() -> None:
    assert len(processed()["Resources"]) < 250  # of 500
    assert len(repr(processed())) < 500_000  # of a million
