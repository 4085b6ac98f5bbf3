"""INSERT statements as conditional puts: moto's PartiQL has no parameters, DynamoDB Local's counts no units."""

import re
from collections.abc import Callable
from typing import Any

_INSERT = re.compile(r'INSERT INTO "([^"]+)" VALUE \{(.*)\}')
_NAME = re.compile(r"'(\w+)':\?")


def as_put(statement: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the PutItem that does what an INSERT of the domain does."""
    match = _INSERT.fullmatch(statement["Statement"])
    assert match, statement["Statement"]
    names = _NAME.findall(match[2])
    item = dict(zip(names, statement["Parameters"], strict=True))
    return {"TableName": match[1], "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def answered_by_puts(request: dict[str, Any], put: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Answer a BatchExecuteStatement; `put` sends a PutItem and returns whether its condition held."""
    puts = [as_put(statement) for statement in request["Statements"]]
    taken = {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
    return {"Responses": [{"TableName": each["TableName"]} | ({} if put(each) else taken) for each in puts]}
