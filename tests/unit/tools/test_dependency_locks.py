"""The locks fit pyproject.toml and each other, told without a network; `make lock` mends what fails here."""

import json
import re
import tomllib
from functools import cache
from typing import Any

import pytest
from local.paths import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = re.compile(r"^([\w.-]+)==(\S+)(.*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
DEV = "requirements/dev.txt"
LAYER = "layers/dependencies/requirements.txt"
API_TOOLS = "requirements/api-tools.txt"
BENCHMARKS = "requirements/benchmarks.txt"


@cache
def lock(path: str) -> dict[str, str]:
    """Versions by name. Only what carries a hash counts."""
    found = PINNED.findall((ROOT / path).read_text())
    return {canonicalize_name(name): version for name, version, *_rest in found}


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def runtime() -> list[str]:
    requirements: list[str] = project()["project"]["dependencies"]
    return requirements


def development() -> list[str]:
    return [*runtime(), *project()["project"]["optional-dependencies"]["cli"], *project()["dependency-groups"]["dev"]]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [(LAYER, text) for text in runtime()]
    + [(DEV, text) for text in development()]
    + [(API_TOOLS, text) for text in project()["dependency-groups"]["api-tools"]]
    + [(BENCHMARKS, text) for text in project()["dependency-groups"]["benchmarks"]],
)
def test_each_requirement_is_locked_in_a_version_that_fits(path: str, wanted: str) -> None:
    requirement = Requirement(wanted)
    assert lock(path).get(canonicalize_name(requirement.name), "missing") in requirement.specifier


def test_tests_run_the_versions_that_ship() -> None:
    tested = {name: lock(DEV).get(name) for name in lock(LAYER)}
    assert tested == lock(LAYER)


@pytest.mark.parametrize("path", [DEV, LAYER, API_TOOLS, BENCHMARKS])
def test_every_locked_package_has_a_hash(path: str) -> None:
    assert len(lock(path)) == (ROOT / path).read_text().count("==")


def test_every_node_package_has_a_hash_and_no_address() -> None:
    """npm takes them from the registry that it is configured for."""
    wanted = json.loads((ROOT / "requirements/node/package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / "requirements/node/package-lock.json").read_text())["packages"]
    assert packages[""]["devDependencies"] == wanted
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
