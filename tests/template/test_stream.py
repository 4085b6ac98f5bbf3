"""The functions that follow the table's stream: what reaches them, and what becomes of it when they fail."""

from typing import Any

import pytest
from tests.support.streams import arriving, record
from tests.support.template_file import template

RESOURCES: dict[str, Any] = template()["Resources"]
MAPPINGS = {
    name: event["Properties"]
    for name, body in RESOURCES.items()
    if body["Type"] == "AWS::Serverless::Function"
    for event in body["Properties"].get("Events", {}).values()
    if event["Type"] == "DynamoDB"
}


def item(sk: str, **attributes: str) -> dict[str, Any]:
    texts = {"pk": "STORE#demo#CUSTOMER#cus_1", "sk": sk} | attributes
    return {name: {"S": text} for name, text in texts.items()}


def reaches(before: dict[str, Any] | None, after: dict[str, Any] | None) -> set[str]:
    return {name for name in MAPPINGS if arriving(name, [record(before, after)])}


PROFILE, PENDING = item("PROFILE"), item("PROFILE", vat_id_pending="ESB12345674")
ORDER, SESSION = item("ORDER#2026-11-21T10:00:00.000Z#1001"), item("SESSION#ses_1")
DEVICE = item("DEVICE#Firefox on Windows")
RUNNING, ENDED = item("IMPORT#imp_1", status="running"), item("IMPORT#imp_1", status="succeeded")
SCHEDULE = item("EXPORT_SCHEDULE#exs_1")
AUDIT = item("AUDIT#2026-11-21T10:00:00.000Z#aud_1")
FOLLOW_UPS, EVENTS, NOBODY = {"FollowUps"}, {"EventPublisher"}, set[str]()
BOTH = FOLLOW_UPS | EVENTS


@pytest.mark.parametrize(
    ("before", "after", "functions"),
    [
        (None, PROFILE, BOTH),
        (PROFILE, PROFILE, EVENTS),
        (PROFILE, PENDING, BOTH),
        (PROFILE, None, EVENTS),
        (PENDING, None, EVENTS),
        (PROFILE, PROFILE | {"follow_up": {"BOOL": True}}, BOTH),
        (None, ORDER, EVENTS),
        (ORDER, ORDER, EVENTS),
        (ORDER, None, EVENTS),
        (None, SESSION, EVENTS),
        (SESSION, SESSION, NOBODY),
        (SESSION, None, NOBODY),
        (None, DEVICE, FOLLOW_UPS),
        (DEVICE, DEVICE, NOBODY),
        (DEVICE, None, NOBODY),
        (None, item("INVITATION#2026-11-21T10"), FOLLOW_UPS),
        (item("INVITATION#2026-11-21T10"), None, NOBODY),
        (None, RUNNING, NOBODY),
        (RUNNING, ENDED, BOTH),
        (ENDED, None, NOBODY),
        (None, item("EXPORT#exp_1", status="queued"), FOLLOW_UPS),
        (item("EXPORT#exp_1", status="running"), item("EXPORT#exp_1", status="failed"), BOTH),
        (None, SCHEDULE, FOLLOW_UPS),
        (SCHEDULE, SCHEDULE, FOLLOW_UPS),
        (SCHEDULE, None, FOLLOW_UPS),
        (None, item("EXPORT_SCHEDULES"), NOBODY),
        (None, item("EXPORT_SCHEDULE_STATE#exs_1"), NOBODY),
        (item("EXPORT_SCHEDULE_STATE#exs_1"), item("EXPORT_SCHEDULE_STATE#exs_1", status="failing"), EVENTS),
        (None, item("BULK#blk_1", status="failed"), NOBODY),
        (None, item("EVENT#0000000001#0"), NOBODY),
        (None, item("MAIL#welcome"), NOBODY),
        (None, item("CLAIM"), FOLLOW_UPS),
        (None, item("KEY#key_1"), NOBODY),
        (None, AUDIT, EVENTS),
        (AUDIT, AUDIT, NOBODY),
        (AUDIT, None, NOBODY),
        (None, item("SETTINGS"), EVENTS),
        (item("SETTINGS"), None, NOBODY),
        (None, item("REFERENCE"), NOBODY),
        (item("REFERENCE"), item("REFERENCE", money="{}"), EVENTS),
    ],
)
def test_a_function_is_started_by_what_concerns_it_alone(
    before: dict[str, Any] | None, after: dict[str, Any] | None, functions: set[str]
) -> None:
    assert reaches(before, after) == functions


def test_no_function_has_more_filters_than_lambda_takes_without_a_higher_quota() -> None:
    assert all(len(mapping["FilterCriteria"]["Filters"]) <= 5 for mapping in MAPPINGS.values())


def test_the_stream_feeds_two_functions_as_many_as_it_can() -> None:
    assert MAPPINGS.keys() == BOTH


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_batch_goes_on_at_the_first_failed_change_and_what_never_passes_is_kept(name: str) -> None:
    mapping = MAPPINGS[name]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["StartingPosition"] == "TRIM_HORIZON"  # nothing is missed between the table and the mapping
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]}


def test_an_outage_of_the_bus_is_waited_for_as_long_as_the_stream_keeps_its_records() -> None:
    events, follow_ups = MAPPINGS["EventPublisher"], MAPPINGS["FollowUps"]
    assert (events["MaximumRetryAttempts"], events["MaximumRecordAgeInSeconds"]) == (-1, 24 * 3600)
    assert follow_ups["MaximumRetryAttempts"] == 20
