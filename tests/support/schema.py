"""The table as template.yaml declares it: tests and benchmarks make theirs from here, so it is the one deployed."""

from typing import Any

from tests.support.template_file import template

# What create_table takes as it stands in the template. Ttl, backups and deletion protection are calls of their own.
CREATION_KEYS = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")


def table_definition() -> dict[str, Any]:
    """Keyword arguments of boto3's `create_table`, all but TableName."""
    declared = template()["Resources"]["Table"]["Properties"]
    stream = {"StreamEnabled": True, **declared["StreamSpecification"]}
    indexes = [
        {key: value for key, value in index.items() if key != "OnDemandThroughput"}
        for index in declared["GlobalSecondaryIndexes"]
    ]
    definition = {key: declared[key] for key in CREATION_KEYS}
    return definition | {"StreamSpecification": stream, "GlobalSecondaryIndexes": indexes}


def ttl_specification() -> dict[str, Any]:
    """The TimeToLiveSpecification of boto3's `update_time_to_live`."""
    declared: dict[str, Any] = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    return declared


def create_table(client: Any, name: str, *, with_stream: bool = True) -> None:
    """Create the table `name` by a low-level client (AWS, DynamoDB Local or moto) and wait until it can be used.

    Without the stream where nobody reads it: 20,000 records in one make every table of a DynamoDB Local slow.
    """
    definition = table_definition()
    if not with_stream:
        del definition["StreamSpecification"]
    client.create_table(TableName=name, **definition)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl_specification())
