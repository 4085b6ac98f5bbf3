"""Errors as one line for people and an exit code for scripts."""

from collections.abc import Sequence

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)
from pydantic import ValidationError

from clientela.errors import BusyError, ClientelaError, FieldError
from clientela.schema.validation_errors import field_errors

FAILED, USAGE, REJECTED, INTERRUPTED = 1, 2, 3, 130


class CommandError(Exception):
    """Ends the command. The message says what happened and what to do; `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def to_command_error(error: Exception) -> CommandError | None:
    """Return the error to show, or None if the error is unexpected and needs its traceback."""
    match error:
        case CommandError():
            return error
        case ValidationError():
            return CommandError(_list_fields(field_errors(error.errors(include_url=False))), USAGE)
        case BusyError():
            return CommandError("The database is busy or cannot be reached. Please try again.")
        case ClientelaError():
            return CommandError(_list_fields(error.fields) or error.detail or error.title)
        case NoCredentialsError():
            return CommandError("No AWS credentials found: sign in as for the AWS command line, or use --local.")
        case NoRegionError():
            return CommandError("No AWS region is set: give one with --region, or use --local.")
        case EndpointConnectionError():
            return CommandError(f"{error} Check the region and the network.")
        case ClientError() | BotoCoreError():
            return CommandError(" ".join(str(error).split()))
        case OSError(filename=str(name), strerror=str(reason)):
            return CommandError(f"{name}: {reason}")
        case _:
            return None


def _list_fields(fields: Sequence[FieldError]) -> str:
    """Return `currency: Use …; branding.colour: Use …`, with names as `--set` takes them."""
    names = (field.pointer.removeprefix("/").replace("/", ".") for field in fields)
    return "; ".join(f"{name}: {field.message}".removeprefix(": ") for name, field in zip(names, fields, strict=True))
