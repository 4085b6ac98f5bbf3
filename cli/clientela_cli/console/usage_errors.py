"""Refused options, with the API's sentences in place of pydantic's."""

from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError
from typer.core import TyperGroup

from clientela.schema.validation_errors import field_errors


class CommandGroup(TyperGroup):
    """The outermost group of commands: the options of all commands are read below it."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Raises:
            BadParameter: Typer's, with the API's sentence, for an option with a wrong value.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as refusal:
            if isinstance(refusal.__cause__, ValidationError):
                refusal.message = _sentence(refusal.__cause__, refusal.param)
            raise


def _sentence(error: ValidationError, parameter: Any) -> str:
    """Return the API's sentence. Typer checks a choice by itself, so it is checked here again."""
    try:
        TypeAdapter(parameter.type_descriptor.annotation).validate_python(error.errors()[0]["input"])
    except ValidationError as same:
        error = same
    return field_errors(error.errors(include_url=False))[0].message
