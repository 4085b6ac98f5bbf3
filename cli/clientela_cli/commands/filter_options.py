"""The filters of the customer list as options of a command."""

import ast
import inspect
from collections.abc import Callable
from functools import wraps
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from clientela.customers.customer_filter import CustomerFilter

_NAMES = {"ids": "--id"}  # an option is given once for each value


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each filter, and call it with the filter as `filter_`.

    A filter that the API gets is an option at once. Each value is checked as the API checks it.
    """

    @wraps(command)
    def run(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in CustomerFilter.model_fields}
        filter_ = CustomerFilter.model_validate({name: value for name, value in given.items() if value is not None})
        command(filter_=filter_, **arguments)

    own = inspect.signature(command, eval_str=True)
    parameters = [each for each in own.parameters.values() if each.name != "filter_"]
    helps = _field_docs()
    parameters += [_option(name, field, helps.get(name)) for name, field in CustomerFilter.model_fields.items()]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by Typer
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _field_docs() -> dict[str, str]:
    """Return the text below each filter in its class, without the example.

    Pydantic knows no text: it would cost the functions time to start.
    """
    (class_,) = ast.parse(inspect.getsource(CustomerFilter)).body
    texts = {}
    for field, below in zip(class_.body, class_.body[1:], strict=False):  # type: ignore[attr-defined]
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.partition("Example: ")[0].split())
    return texts


def _option(name: str, field: FieldInfo, text: str | None) -> inspect.Parameter:
    kind: Any = _kind(field.annotation)
    flag = _NAMES.get(name, f"--{name.replace('_', '-')}")
    flags = f"{flag}/--no-{flag.removeprefix('--')}" if kind is bool else flag
    option = typer.Option(flags, help=text, show_default=False)
    annotation: Any = Annotated[kind | None, option]
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)


def _kind(annotation: Any) -> Any:
    """Return the type that Typer reads: a flag, a choice, a list or text."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (each for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if annotation is bool or get_origin(annotation) is Literal:
        return annotation
    return list[str] if get_origin(annotation) is list else str
