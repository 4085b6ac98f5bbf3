"""Layers: built for the processor they run on, and a changed layer reaches the functions."""

import copy
import subprocess
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from tests.support.template_file import PROJECT, resources, template

LAYERS = resources("AWS::Serverless::LayerVersion")
FUNCTIONS = resources("AWS::Serverless::Function")


def deployed(dependencies: str) -> dict[str, Any]:
    """What CloudFormation gets when `sam deploy` has uploaded the dependencies' layer under a key of that name."""
    packaged = copy.deepcopy(template())
    packaged["Globals"]["Function"]["CodeUri"] = "s3://bucket/functions"
    for machine in resources("AWS::Serverless::StateMachine"):
        packaged["Resources"][machine]["Properties"]["DefinitionUri"] = "s3://bucket/machine"
    packaged["Resources"]["ClientelaLayer"]["Properties"]["ContentUri"] = "s3://bucket/clientela"
    packaged["Resources"]["DependenciesLayer"]["Properties"]["ContentUri"] = f"s3://bucket/{dependencies}"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
    found: dict[str, Any] = translator.translate(packaged, {"SenderAddress": "accounts@example.com"})["Resources"]
    return found


def layer_versions(deployment: dict[str, Any]) -> set[str]:
    return {name for name, body in deployment.items() if body["Type"] == "AWS::Lambda::LayerVersion"}


def test_a_changed_layer_is_a_new_version_and_every_function_uses_it() -> None:
    before, after = deployed("one"), deployed("two")
    new = layer_versions(after) - layer_versions(before)
    assert len(new) == 1
    for name in FUNCTIONS:
        assert {"Ref": next(iter(new))} in after[name]["Properties"]["Layers"]


def test_an_unchanged_layer_stays_the_version_it_is() -> None:
    assert layer_versions(deployed("one")) == layer_versions(deployed("one"))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_built_for_the_processor_of_the_functions(name: str) -> None:
    assert LAYERS[name]["Metadata"]["BuildMethod"] == "makefile"
    assert LAYERS[name]["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    assert LAYERS[name]["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_wheels_are_taken_for_the_processor_of_the_functions(architecture: str, machine: str) -> None:
    assert architecture in template()["Parameters"]["Architecture"]["AllowedValues"]
    makefile = f"{architecture}/Makefile"
    command = ["make", "--dry-run", "--makefile", makefile, "build-DependenciesLayer", "ARTIFACTS_DIR=/opt"]
    folder = PROJECT / "layers/dependencies"
    commands = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    platforms = {word.rsplit("_", 1)[-1] for word in commands.split() if word.startswith("manylinux")}
    assert platforms == {machine.rsplit("_", 1)[-1]}
    assert f"manylinux_2_34_{machine}" in commands


def test_every_function_uses_both_layers() -> None:
    assert template()["Globals"]["Function"]["Layers"] == [{"Ref": "ClientelaLayer"}, {"Ref": "DependenciesLayer"}]
    assert [name for name, body in FUNCTIONS.items() if "Layers" in body["Properties"]] == []
