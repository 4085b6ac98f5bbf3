"""The rights that template.yaml grants: by role, a resource in short and an action."""

import re
from collections.abc import Iterator
from typing import Any

from tests.support.template_file import resources

ROLES = resources("AWS::IAM::Role")


def label(resource: Any) -> str:
    """A resource in short: its logical id, or the service and name of an ARN that is written out."""
    if isinstance(resource, str):
        return resource
    ((kind, value),) = resource.items()
    if kind == "Fn::GetAtt":
        return ".".join(value).removesuffix(".Arn")
    if kind == "Ref":
        return str(value)
    # Only this account and region, and names of this stage: what is left of an ARN in the label must have ${Stage}.
    in_account = re.sub(r"^arn:\$\{AWS::Partition\}:(\w+):(\$\{AWS::Region\}:\$\{AWS::AccountId\}|:):", r"\1:", value)
    return re.sub(r"-\$\{AWS::AccountId\}-\$\{AWS::Region\}", "", in_account).replace("${Table.Arn}", "Table")


def condition(statement: dict[str, Any]) -> str:
    tests = [f"{key} like {value}" for key, value in statement.get("Condition", {}).get("StringLike", {}).items()]
    return f" if {' and '.join(tests)}" if tests else ""


def granted(role: str) -> Iterator[tuple[str, str]]:
    """Each resource, with the condition, and each action that a role may do with it."""
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert statement.get("Condition", {}).keys() <= {"StringLike"}
        for resource in listed(statement["Resource"]):
            yield from ((label(resource) + condition(statement), action) for action in statement["Action"])


def statements(role: str) -> list[dict[str, Any]]:
    """The statements of all policies of a role, but those that a parameter adds."""
    return [statement for statement in _all_statements(role) if "Fn::If" not in statement]


def added_statements(role: str) -> dict[str, dict[str, Any]]:
    """The statements that a role has only if a condition of the template holds, by that condition."""
    choices = [statement["Fn::If"] for statement in _all_statements(role) if "Fn::If" in statement]
    assert all(otherwise == {"Ref": "AWS::NoValue"} for _condition, _statement, otherwise in choices)
    return {condition_: statement for condition_, statement, _otherwise in choices}


def _all_statements(role: str) -> list[dict[str, Any]]:
    policies = ROLES[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(found: Any) -> list[Any]:
    """The value as a list, as IAM reads a policy."""
    return found if isinstance(found, list) else [found]
