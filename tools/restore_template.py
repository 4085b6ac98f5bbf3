"""`python -m tools.restore_template` prints the template that imports a restored table.

It has what outlives a stack, as template.yaml has it: the table and the secret of erasures.
docs/stack.md ("Restore") says how it is used.
"""

import json
import sys
from typing import Any

from tools.template_checks.templates import load

KEPT = "RetainExceptOnCreate"


def restore_template() -> dict[str, Any]:
    """Return the resources that outlive a stack, with the parameters and conditions they use."""
    template = load("template.yaml")
    kept = {name: body for name, body in template["Resources"].items() if body.get("DeletionPolicy") == KEPT}
    conditions = _used(template["Conditions"], kept)
    parameters = {name: body for name, body in template["Parameters"].items() if _mentions([kept, conditions], name)}
    return {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Description": template["Description"],
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": kept,
    }


def _used(conditions: dict[str, Any], body: Any) -> dict[str, Any]:
    """Return the conditions that a body names, and those that these name."""
    found = {name: each for name, each in conditions.items() if _mentions(body, name)}
    more = {name: each for name, each in conditions.items() if _mentions([body, found], name)}
    return found if more == found else _used(conditions, [body, found])


def _mentions(body: Any, name: str) -> bool:
    if isinstance(body, dict):
        return any(_mentions(each, name) for each in body.values())
    if isinstance(body, list):
        return any(_mentions(each, name) for each in body)
    return bool(body == name)


if __name__ == "__main__":
    json.dump(restore_template(), sys.stdout, indent=1)
