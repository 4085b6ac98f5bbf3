"""What an operator may set, and what samconfig.toml sets for them."""

import re
import tomllib
from typing import Any

import pytest
from tests.support.template_file import PROJECT, template

PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
SAMCONFIG = tomllib.loads((PROJECT / "samconfig.toml").read_text(encoding="utf-8"))


def allows(parameter: dict[str, Any], value: str) -> bool:
    if "AllowedValues" in parameter:
        return value in [str(allowed) for allowed in parameter["AllowedValues"]]
    return re.fullmatch(parameter["AllowedPattern"], value) is not None


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_says_what_it_is_and_what_it_takes(name: str) -> None:
    assert PARAMETERS[name]["Description"]
    assert {"AllowedValues", "AllowedPattern"} & PARAMETERS[name].keys()


@pytest.mark.parametrize("name", [name for name in PARAMETERS if "Default" in PARAMETERS[name]])
def test_defaults_are_allowed(name: str) -> None:
    assert allows(PARAMETERS[name], str(PARAMETERS[name]["Default"]))


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("Stage", "Prod"),
        ("Stage", "a-name-with-dashes"),
        ("SenderAddress", "a@example.com, b@example.com"),
        ("SenderAddress", "Shop <a@example.com>"),
        ("ImportConcurrency", "0"),
        ("ImportWriteUnitsPerSecond", "50"),
        ("OrderConcurrency", "1"),
        ("MaxReadUnitsPerSecond", "99"),
        ("MaxWriteUnitsPerSecond", "-1"),
        ("StreamConcurrency", "11"),
        ("ExportConcurrency", "1"),
        ("ExportConcurrency", "101"),
        ("ExportRetentionDays", "0"),
        ("ExportReaderStore", "a/*"),
        ("ExportReaderAccount", "1234"),
    ],
)
def test_nonsense_is_refused_before_anything_is_deployed(name: str, refused: str) -> None:
    assert not allows(PARAMETERS[name], refused)


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
@pytest.mark.parametrize("command", ["build", "deploy"])
def test_samconfig_gives_allowed_values(environment: str, command: str) -> None:
    overrides = SAMCONFIG[environment][command]["parameters"].get("parameter_overrides", "")
    for name, value in (pair.split("=", 1) for pair in overrides.split()):
        assert allows(PARAMETERS[name], value)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_samconfig_builds_for_the_processor_it_deploys_to(environment: str) -> None:
    for command in ("build", "deploy"):
        assert "Architecture=arm64" in SAMCONFIG[environment][command]["parameters"]["parameter_overrides"]


def test_production_is_protected() -> None:
    assert "DeletionProtection=true" in SAMCONFIG["prod"]["deploy"]["parameters"]["parameter_overrides"]


def test_every_output_says_what_it_is() -> None:
    assert all(output["Description"] for output in template()["Outputs"].values())
