"""What went wrong, for the log: of what kind and where. Never in words, which may quote an address, a token or a row."""

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from traceback import walk_tb
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from clientela.aws.json_protocol import RefusedError
from clientela.errors import ClientelaError
from clientela.schema.documents import Model

logger = Logger()


class FaultError(Exception):
    """A function has failed: its class has the name of the error that stopped it, which is in the log."""


def log(error: BaseException) -> None:
    """Write a fault of ours to the log."""
    logger.error("unhandled", **error_details(error))


def error_details(error: BaseException) -> dict[str, Any]:
    """The names, codes and stack positions of an error and of its causes."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "error": type(error).__name__,
        **_codes(error),
        "stack": [_position(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)],
        **({"cause": error_details(cause)} if cause else {}),
    }


def redact_errors[A](handler: Callable[[dict[str, Any], Any], A]) -> Callable[[dict[str, Any], Any], A]:
    """A function whose failures are logged here: Lambda, which logs what is raised word by word, gets the name alone."""

    @wraps(handler)
    def handled(event: dict[str, Any], context: Any) -> A:
        try:
            return handler(event, context)
        except Exception as error:
            log(error)
            # The name is what Step Functions and failure destinations go by.
            raise type(type(error).__name__, (FaultError,), {})() from None

    return handled


def _codes(error: BaseException) -> dict[str, Any]:
    match error:
        case ValidationError():
            complaints = error.errors(include_url=False, include_context=False, include_input=False)
            return {"fields": [f"{_place(complaint['loc'])}: {complaint['type']}" for complaint in complaints]}
        case ClientError():
            return {"code": error.response["Error"]["Code"]}
        case ClientelaError() | RefusedError():
            return {"code": error.code}
        case ExceptionGroup():
            return {"errors": [error_details(part) for part in error.exceptions]}
        case _:
            return {}


def _place(location: tuple[int | str, ...]) -> str:
    """`order.items.2.price`. Names that are in no schema of ours came with the input: they are left out."""
    return ".".join(str(part) for part in location if isinstance(part, int) or part in _names(Model))


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(model.model_fields).union(*(_names(part) for part in model.__subclasses__()))


def _position(file: str, line: int) -> str:
    """`clientela/web.py:143`."""
    return f"{'/'.join(Path(file).parts[-2:])}:{line}"
