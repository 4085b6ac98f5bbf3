"""The table: its keys, its directory indexes, and that tests get the very same one."""

from typing import Any

import boto3
import moto
import pytest
from tests.support.schema import create_table, table_definition
from tests.support.template_file import template

TABLE: dict[str, Any] = template()["Resources"]["Table"]["Properties"]
SORT_ORDERS = {
    "by_created": "created_key",
    "by_name": "name_key",
    "by_email": "email_key",
    "by_spent": "spent_key",
    "by_orders": "orders_key",
    "by_last_order": "last_order_key",
}


def key_names(schema: list[dict[str, str]]) -> list[str]:
    return [key["AttributeName"] for key in schema]


def test_items_have_a_partition_and_a_sort_key() -> None:
    assert key_names(TABLE["KeySchema"]) == ["pk", "sk"]


def test_there_is_one_directory_index_for_each_sort_order_and_one_for_the_search() -> None:
    indexes = {index["IndexName"]: key_names(index["KeySchema"]) for index in TABLE["GlobalSecondaryIndexes"]}
    assert indexes == {name: ["dir", key] for name, key in SORT_ORDERS.items()} | {"by_search": ["sdir"]}


def test_there_is_room_for_what_is_built_next() -> None:
    projected = [index["Projection"]["NonKeyAttributes"] for index in TABLE["GlobalSecondaryIndexes"]]
    assert sum(map(len, projected)) <= 60  # of the 100 that DynamoDB projects into all indexes of a table


def test_an_order_of_a_customer_with_orders_rewrites_no_index_that_is_not_sorted_by_orders() -> None:
    by_orders = {"by_spent", "by_orders", "by_last_order"}
    others = [index for index in TABLE["GlobalSecondaryIndexes"] if index["IndexName"] not in by_orders]
    changed_by_orders = {"buyer", "buyer_updated_at", "spent_key", "orders_key", "last_order_key", "version"}
    assert not changed_by_orders & {name for index in others for name in index["Projection"]["NonKeyAttributes"]}


def test_exactly_the_key_attributes_are_declared() -> None:
    declared = {attribute["AttributeName"] for attribute in TABLE["AttributeDefinitions"]}
    assert declared == {"pk", "sk", "dir", "sdir", *SORT_ORDERS.values()}


def test_data_can_be_restored_and_outlives_the_stack() -> None:
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}
    assert template()["Resources"]["Table"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_most_units_are_those_of_the_table_and_of_each_index() -> None:
    """An index without a limit of its own would serve, and cost, as much as it is asked."""
    most = TABLE["OnDemandThroughput"]
    assert [index["OnDemandThroughput"] for index in TABLE["GlobalSecondaryIndexes"]] == [most] * len(
        TABLE["GlobalSecondaryIndexes"]
    )
    condition, limits, otherwise = most["Fn::If"]
    assert (condition, otherwise) == ("HasMaxUnits", {"Ref": "AWS::NoValue"})
    for kind in ("Read", "Write"):
        parameter = {"Ref": f"Max{kind}UnitsPerSecond"}
        assert limits[f"Max{kind}RequestUnits"]["Fn::If"] == [f"HasMax{kind}Units", parameter, otherwise]


@pytest.fixture
def created() -> Any:
    with moto.mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_table(client, "schema-test")
        described = client.describe_table(TableName="schema-test")["Table"]
        yield {**described, **client.describe_time_to_live(TableName="schema-test")}


def test_a_table_made_for_tests_is_the_deployed_one(created: dict[str, Any]) -> None:
    assert created["KeySchema"] == TABLE["KeySchema"]
    assert {index["IndexName"] for index in created["GlobalSecondaryIndexes"]} == {*SORT_ORDERS, "by_search"}
    assert created["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert created["TimeToLiveDescription"] == {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"}


def test_the_definition_holds_no_intrinsics() -> None:
    assert "Fn::" not in repr(table_definition())
    assert "Ref" not in repr(table_definition())
