"""Errors in the log: names, codes and stack positions, without messages.

A message may quote an address, a token or a row.
"""

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from traceback import walk_tb
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from clientela import deadlines
from clientela.aws.json_protocol import RefusedError
from clientela.errors import ClientelaError
from clientela.schema.documents import Model

logger = Logger()


class FaultError(Exception):
    """Base of the errors that a failed function raises: classes named as the logged error."""


def log(error: BaseException) -> None:
    """Log an unhandled error."""
    logger.error("unhandled", **error_details(error))


def error_details(error: BaseException) -> dict[str, Any]:
    """Return the names, codes and stack positions of an error and its causes."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "error": type(error).__name__,
        **_codes(error),
        "stack": [_position(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)],
        **({"cause": error_details(cause)} if cause else {}),
    }


def redact_errors[A](handler: Callable[[dict[str, Any], Any], A]) -> Callable[[dict[str, Any], Any], A]:
    """Wrap a handler: log its errors without their messages, and raise the name alone.

    Lambda would otherwise log the message. All calls of AWS end before Lambda ends the handler.
    """

    @wraps(handler)
    def wrapper(event: dict[str, Any], context: Any) -> A:
        try:
            with deadlines.within(deadlines.seconds_left(context)):
                return handler(event, context)
        except Exception as error:
            log(error)
            # Step Functions and failure destinations use the name.
            raise type(type(error).__name__, (FaultError,), {})() from None

    return wrapper


def _codes(error: BaseException) -> dict[str, Any]:
    match error:
        case ValidationError():
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            return {"fields": [f"{_field(each['loc'])}: {each['type']}" for each in errors]}
        case ClientError():
            return {"code": error.response["Error"]["Code"]}
        case ClientelaError() | RefusedError():
            return {"code": error.code}
        case ExceptionGroup():
            return {"errors": [error_details(part) for part in error.exceptions]}
        case _:
            return {}


def _field(location: tuple[int | str, ...]) -> str:
    """Return a field's path, such as `order.items.2.price`.

    Names of no model come from the input and are left out.
    """
    return ".".join(str(part) for part in location if isinstance(part, int) or part in _field_names(Model))


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(model.model_fields).union(*(_field_names(part) for part in model.__subclasses__()))


def _position(file: str, line: int) -> str:
    """Return a stack position, such as `web/http_app.py:143`."""
    return f"{'/'.join(Path(file).parts[-2:])}:{line}"
