"""What `sam build` makes, as Lambda gets it: nothing but the built folders on the path."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.template_file import PROJECT, resources

FUNCTIONS = resources("AWS::Serverless::Function")
MEGABYTE = 1_000_000
# Flags of a .pyc (PEP 552): checked against its source by hash, and that never.
UNCHECKED_HASH = 0b01
# Enough for whatever a module reads when it is imported: nothing may connect then.
ENVIRONMENT = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "clientela"}


def run_as_lambda(build: Path, function: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in the bare interpreter of this environment with one function and the layers on the path."""
    folders = [build / function, build / "ClientelaLayer" / "python", build / "DependenciesLayer" / "python"]
    environment = ENVIRONMENT | {"PYTHONPATH": ":".join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    bare = getattr(sys, "_base_executable", sys.executable)
    command = [bare, "-S", "-s", "-P", "-W", "error", "-c", code]
    return subprocess.run(command, env=environment, cwd=build, capture_output=True, text=True, check=False)


def services_in_code() -> set[str]:
    """Services that the code makes clients of; DynamoDB's is made by pynamodb and clientela.dynamodb."""
    sources = [*PROJECT.glob("layers/clientela/**/*.py"), *PROJECT.glob("functions/**/*.py")]
    calls = re.compile(r"""(?:\.client|create_client)\(\s*["']([a-z0-9-]+)["']""")
    return {name for source in sources for name in calls.findall(source.read_text("utf-8"))} | {"dynamodb"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_can_be_imported_from_the_built_folders_alone(build: Path, name: str) -> None:
    module, handler = FUNCTIONS[name]["Properties"]["Handler"].split(".")
    result = run_as_lambda(build, name, f"import {module}; assert callable({module}.{handler})")
    assert result.returncode == 0, result.stderr


def test_every_client_of_the_code_can_be_made_from_the_built_layer(build: Path) -> None:
    code = f"import boto3\nfor service in {sorted(services_in_code())}: boto3.client(service)"
    result = run_as_lambda(build, "CustomersApi", code)
    assert result.returncode == 0, result.stderr


def test_no_service_is_shipped_that_the_code_does_not_use(build: Path) -> None:
    data = build / "DependenciesLayer/python/botocore/data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == services_in_code()


@pytest.mark.parametrize("folder", ["ClientelaLayer", "DependenciesLayer", "CustomersApi"])
def test_bytecode_is_shipped_that_lambda_takes_without_looking_at_the_source(build: Path, folder: str) -> None:
    headers = [path.read_bytes()[:8] for path in (build / folder).rglob("*.pyc")]
    assert set(headers) == {importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little")}


@pytest.mark.parametrize("folder", ["ClientelaLayer", "DependenciesLayer", "CustomersApi"])
def test_no_module_is_left_uncompiled(build: Path, folder: str) -> None:
    sources = (build / folder).rglob("*.py")
    assert [path for path in sources if not Path(importlib.util.cache_from_source(path)).exists()] == []


def test_bytecode_names_the_paths_of_lambda_and_none_of_this_machine(build: Path) -> None:
    compiled = [*(build / "ClientelaLayer").rglob("*.pyc"), *(build / "CustomersApi").rglob("*.pyc")]
    assert [path for path in compiled if str(PROJECT).encode() in path.read_bytes()] == []


def test_the_layers_stay_small(build: Path) -> None:
    """Lambda unpacks them at each cold start. As pip installs them they are 70 MB with bytecode."""
    assert _size(build / "DependenciesLayer") < 22 * MEGABYTE
    assert _size(build / "ClientelaLayer") < 5 * MEGABYTE


def test_the_build_leaves_nothing_of_its_own_behind(build: Path) -> None:
    assert [path.name for path in build.glob("*Layer/*")] == ["python", "python"]
    assert not (build / "CustomersApi/Makefile").exists()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
