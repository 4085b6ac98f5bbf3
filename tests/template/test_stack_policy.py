"""No change of the stack replaces or deletes what holds data: deploy/stack-policy.json, and the template's own policies."""

import json

import pytest
from tests.support.template_file import PROJECT, resources

POLICY = json.loads((PROJECT / "deploy/stack-policy.json").read_text(encoding="utf-8"))
KEEPS_DATA = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::S3::Bucket"}


def test_an_update_may_neither_replace_nor_delete_what_holds_data() -> None:
    allowed, denied = POLICY["Statement"]
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", "Update:*", "*")
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "*")
    assert set(denied["Action"]) == {"Update:Replace", "Update:Delete"}
    assert set(denied["Condition"]["StringEquals"]["ResourceType"]) == KEEPS_DATA


@pytest.mark.parametrize("kind", sorted(KEEPS_DATA))
def test_without_that_policy_a_replaced_resource_stays_with_its_data(kind: str) -> None:
    found = resources(kind)
    assert found
    assert {body["UpdateReplacePolicy"] for body in found.values()} == {"Retain"}
