"""The state machine of large exports: whatever fails, the job is ended, and no row passes through it."""

import re
from typing import Any

import pytest
import yaml
from tests.support.template_file import PROJECT, template

TEXT = (PROJECT / "statemachines/export.asl.yaml").read_text(encoding="utf-8")
STATES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["States"]
PART: dict[str, Any] = STATES["WriteParts"]["ItemProcessor"]["States"]["WritePart"]
MACHINE: dict[str, Any] = template()["Resources"]["ExportStateMachine"]["Properties"]


def test_every_placeholder_is_substituted() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == MACHINE["DefinitionSubstitutions"].keys()


@pytest.mark.parametrize("name", ["WriteParts", "Finish"])
def test_any_error_ends_the_job_as_failed(name: str) -> None:
    assert STATES[name]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "FinishFailed"}]
    assert STATES["FinishFailed"]["Parameters"]["failed.$"] == "$.error.Error"
    assert STATES[STATES["FinishFailed"]["Next"]]["Type"] == "Fail"


@pytest.mark.parametrize("state", [PART, STATES["Finish"], STATES["FinishFailed"]])
def test_every_task_is_limited_in_time_and_tried_again(state: dict[str, Any]) -> None:
    assert "TimeoutSeconds" not in yaml.safe_load(TEXT)  # the machine would end without calling finish
    assert state["TimeoutSeconds"] > 900
    assert (state["Retry"][-1]["ErrorEquals"], state["Retry"][-1]["JitterStrategy"]) == (["States.ALL"], "FULL")


@pytest.mark.parametrize("state", [PART, STATES["Finish"], STATES["FinishFailed"]])
def test_calls_that_lambda_throttles_are_tried_apart_from_failures(state: dict[str, Any]) -> None:
    throttled, any_error = state["Retry"]
    assert "Lambda.TooManyRequestsException" in throttled["ErrorEquals"]
    assert (throttled["MaxAttempts"], any_error["MaxAttempts"]) == (20, 5)


def test_as_many_parts_run_at_a_time_as_the_parameter_says() -> None:
    assert STATES["WriteParts"]["MaxConcurrencyPath"] == "$.concurrency"
    function = template()["Resources"]["CustomerExport"]["Properties"]["Environment"]["Variables"]
    assert function["EXPORT_PART_CONCURRENCY"] == {"Ref": "ExportPartConcurrency"}


def test_neither_results_nor_rows_are_kept_in_the_state() -> None:
    assert (PART["ResultSelector"], STATES["WriteParts"]["ResultPath"]) == ({}, None)
    assert MACHINE["Logging"]["IncludeExecutionData"] is False
