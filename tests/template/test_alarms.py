"""The alarms of deploy/alarms.yaml: nothing of template.yaml goes unwatched, and each alarm has its runbook."""

import re
from typing import Any

import pytest
from tests.support.template_file import PROJECT, resources, template
from tools.template_checks.templates import expanded, load

RUNBOOKS = re.findall(r"^## ([a-z-]+)$", (PROJECT / "docs/alarms.md").read_text(encoding="utf-8"), re.MULTILINE)


STACK = dict(expanded(load("deploy/alarms.yaml")["Resources"]))
ALARMS = {name: body["Properties"] for name, body in STACK.items() if body["Type"] == "AWS::CloudWatch::Alarm"}


def names(kind: str, property_: str) -> set[str]:
    return {body["Properties"][property_]["Fn::Sub"] for body in resources(kind).values()}


def queue_names(*, has_consumer: bool) -> set[str]:
    """Queues with a consumer have a queue for their dead letters; those for dead letters have none."""
    queues = [body["Properties"] for body in resources("AWS::SQS::Queue").values()]
    return {queue["QueueName"]["Fn::Sub"] for queue in queues if ("RedrivePolicy" in queue) == has_consumer}


def watched(metric: str) -> set[str]:
    """The names whose metric has an alarm."""
    watched_ = set()
    for alarm in ALARMS.values():
        queries = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        for query in [*queries, alarm]:
            if query.get("MetricName") == metric:
                watched_ |= {plain(dimension["Value"]) for dimension in query["Dimensions"][-1:]}
    return watched_


def plain(value: Any) -> str:
    return str(value["Fn::Sub"] if isinstance(value, dict) and "Fn::Sub" in value else value)


def test_every_function_has_alarms_for_errors_and_throttles() -> None:
    functions = names("AWS::Serverless::Function", "FunctionName")
    assert watched("Errors") == functions
    assert watched("Throttles") == functions


def test_every_queue_of_failed_messages_has_an_alarm() -> None:
    assert watched("ApproximateNumberOfMessagesVisible") == queue_names(has_consumer=False)


def test_every_queue_with_a_consumer_has_an_alarm_for_messages_that_wait() -> None:
    consumed = queue_names(has_consumer=True)
    assert watched("ApproximateAgeOfOldestMessage") == consumed
    limits = load("deploy/alarms.yaml")["Mappings"]["LongestWait"]
    assert {f"clientela-${{Stage}}-{name}" for name in limits} == consumed


def test_every_function_that_reads_the_stream_has_an_alarm_for_its_delay() -> None:
    readers = {
        body["Properties"]["FunctionName"]["Fn::Sub"]
        for body in resources("AWS::Serverless::Function").values()
        for event in body["Properties"].get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    }
    assert readers
    assert watched("IteratorAge") == readers


def test_every_state_machine_has_an_alarm_for_failures() -> None:
    machines = names("AWS::Serverless::StateMachine", "Name")
    assert {name.rpartition(":")[2] for name in watched("ExecutionsFailed")} == machines
    assert {name.rpartition(":")[2] for name in watched("ExecutionsTimedOut")} == machines


def test_the_table_and_each_index_have_alarms() -> None:
    table = {"{'Ref': 'TableName'}"}
    indexes = template()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert watched("ReadThrottleEvents") == watched("TransactionConflict") == table
    assert watched("WriteThrottleEvents") == table | {index["IndexName"] for index in indexes}


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_tells_the_topic_and_names_its_runbook(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == [{"Fn::If": ["HasOwnTopic", {"Ref": "OwnTopic"}, {"Ref": "AlarmTopic"}]}]
    runbook = re.search(r"See docs/alarms\.md, ([a-z-]+)\.$", plain(alarm["AlarmDescription"]))
    assert runbook
    assert runbook[1] in RUNBOOKS


def test_each_runbook_belongs_to_an_alarm() -> None:
    descriptions = " ".join(plain(alarm["AlarmDescription"]) for alarm in ALARMS.values())
    assert [name for name in RUNBOOKS if f"docs/alarms.md, {name}." not in descriptions] == []


def test_a_budget_tells_the_address_before_and_when_it_is_exceeded() -> None:
    budget = STACK["Budget"]["Properties"]
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"], each["Subscribers"][0]["Address"])
        for each in budget["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 80, {"Ref": "AlarmEmail"}), ("FORECASTED", 100, {"Ref": "AlarmEmail"})]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    assert STACK["Budget"]["Condition"] == "HasBudget"  # needs the address, too


def test_alarm_names_are_unique() -> None:
    alarm_names = [plain(alarm["AlarmName"]) for alarm in ALARMS.values()]
    assert len(set(alarm_names)) == len(alarm_names)
