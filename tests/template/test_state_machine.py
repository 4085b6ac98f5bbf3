"""The import's state machine: whatever fails, the job is ended, and no row passes through it."""

import re
from typing import Any

import pytest
import yaml
from tests.support.template_file import PROJECT, template

TEXT = (PROJECT / "statemachines/import.asl.yaml").read_text(encoding="utf-8")
STATES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["States"]
CHUNK: dict[str, Any] = STATES["LoadChunks"]["ItemProcessor"]["States"]["LoadChunk"]
PASSWORDS: dict[str, Any] = STATES["StorePasswords"]["ItemProcessor"]["States"]["StoreChunkPasswords"]
TASKS = [CHUNK, PASSWORDS, STATES["Finish"], STATES["Expire"], STATES["FinishFailed"]]
MACHINE: dict[str, Any] = template()["Resources"]["ImportStateMachine"]["Properties"]


def test_every_placeholder_is_substituted() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == MACHINE["DefinitionSubstitutions"].keys()


@pytest.mark.parametrize("name", ["LoadChunks", "Finish"])
def test_any_error_ends_the_job_as_failed(name: str) -> None:
    assert STATES[name]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "FinishFailed"}]


def test_the_machine_has_no_time_limit_of_its_own() -> None:
    """It would end without calling finish: time is limited task by task, where the error is caught."""
    assert "TimeoutSeconds" not in yaml.safe_load(TEXT)
    assert all(state["TimeoutSeconds"] for state in (CHUNK, STATES["Finish"], STATES["FinishFailed"]))


def test_finish_learns_that_the_import_failed_and_the_execution_fails_with_it() -> None:
    assert STATES["FinishFailed"]["Parameters"]["failed.$"] == "$.error.Error"
    assert STATES[STATES["FinishFailed"]["Next"]]["Type"] == "Fail"


@pytest.mark.parametrize("state", TASKS)
def test_every_task_is_tried_again(state: dict[str, Any]) -> None:
    assert state["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    assert state["Retry"][-1]["JitterStrategy"] == "FULL"


def test_chunks_are_read_from_s3_and_a_parameter_says_how_many_run_at_a_time() -> None:
    assert STATES["LoadChunks"]["ItemReader"]["Resource"].endswith(":states:::s3:getObject")
    assert STATES["LoadChunks"]["MaxConcurrencyPath"] == "$.limits.chunks"
    assert "${Concurrency}" in STATES["Limits"]["Parameters"]["chunks.$"]
    assert MACHINE["DefinitionSubstitutions"]["Concurrency"] == {"Ref": "ImportConcurrency"}


@pytest.mark.parametrize("state", TASKS)
def test_a_call_that_lambda_throttles_waits_long_for_its_turn(state: dict[str, Any]) -> None:
    throttled, any_error = state["Retry"]
    assert "Lambda.TooManyRequestsException" in throttled["ErrorEquals"]
    assert (throttled["MaxAttempts"], throttled["JitterStrategy"]) == (20, "FULL")
    assert any_error["ErrorEquals"] == ["States.ALL"]


def test_neither_results_nor_rows_are_kept_in_the_state() -> None:
    assert CHUNK["ResultSelector"] == {}
    assert STATES["LoadChunks"]["ResultPath"] is None
    assert MACHINE["Logging"]["IncludeExecutionData"] is False
