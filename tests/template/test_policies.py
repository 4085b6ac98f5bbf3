"""Least privilege: what each role may do, read statement by statement."""

from collections.abc import Iterator
from itertools import product

import pytest
from tests.template_file import resources

ROLES = resources("AWS::IAM::Role")
# Vended log delivery cannot name resources; see the comment in the template.
UNBOUND_ACTIONS = {"logs:" + name for name in (
    "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries",
    "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups",
)}  # fmt: skip


def grants(role: str) -> Iterator[tuple[str, str]]:
    """Each action a role may do with each resource; a resource given by an intrinsic as its text."""
    for policy in ROLES[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            found = statement["Resource"]
            named = [str(resource) for resource in (found if isinstance(found, list) else [found])]
            yield from product(statement["Action"], named)


def roles_that_may(action: str) -> set[str]:
    return {role for role in ROLES if action in dict(grants(role))}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_each_action(role: str) -> None:
    assert [action for action, _resource in grants(role) if "*" in action] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_its_resources(role: str) -> None:
    assert {action for action, resource in grants(role) if resource == "*"} <= UNBOUND_ACTIONS


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_only_this_deployment(role: str) -> None:
    """An ARN written out holds the stage: deployments in one account stay apart. Mail identities have none."""
    written_out = {resource for _action, resource in grants(role) if "arn:" in resource}
    assert [resource for resource in written_out if "${Stage}" not in resource and ":identity/*" not in resource] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_no_managed_policies(role: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[role]["Properties"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_each_action_on_a_resource_once(role: str) -> None:
    granted = list(grants(role))
    assert len(granted) == len(set(granted))


def test_only_what_makes_codes_or_cursors_reads_the_signing_secret() -> None:
    readers = {"CustomersApiRole", "StorefrontApiRole", "EmailSenderRole", "BulkChangesRole"}
    assert roles_that_may("secretsmanager:GetSecretValue") == readers


def test_only_the_mail_sender_sends_mail() -> None:
    assert roles_that_may("ses:SendEmail") == {"EmailSenderRole"}


def test_the_public_api_cannot_list_customers() -> None:
    """Sign-in and account never need the directory indexes: the function that anybody may call is not given them."""
    assert [resource for _action, resource in grants("StorefrontApiRole") if "/index/" in resource] == []
