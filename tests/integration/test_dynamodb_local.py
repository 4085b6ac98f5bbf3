"""The database of the integration tests: the deployed schema, and AWS's own engine behind it."""

import boto3
import pytest
from mypy_boto3_dynamodb import DynamoDBClient
from tests.support.schema import table_definition


def test_the_table_has_every_index_of_the_template(dynamodb: DynamoDBClient, table: str) -> None:
    found = dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    assert {index["IndexName"] for index in found} == {
        index["IndexName"] for index in table_definition()["GlobalSecondaryIndexes"]
    }


def test_a_client_made_as_the_functions_make_theirs_reaches_it(table: str) -> None:
    client = boto3.client("dynamodb")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert client.get_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"S": "b"}})["Item"]["pk"] == {"S": "a"}


def test_one_of_two_conditional_writes_wins(dynamodb: DynamoDBClient, table: str) -> None:
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
