"""The sentences of refusals, as the code has them: the keys of their translations."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.template_file import PROJECT

LANGUAGES = ("es", "it", "fr", "de", "pt")
DOMAIN = PROJECT / "layers" / "clientela" / "clientela"
# Their sentences are in logs and mails, not in answers, reports and messages of jobs.
OTHER_ROOMS = {"migrations", "notifications", "aws", "vat", "handlers"}
_OPERATORS = {"sender_checks.py"}  # `clientela doctor` prints them in English, as all its texts
_OTHER_ARGUMENTS = {"description"}  # of parameters
_OTHER_CALLS = {"create_model", "RuntimeError", "ResultMissingError"}  # models, faults


@cache
def refusals() -> frozenset[str]:
    """The titles of all errors, and all sentences outside docstrings."""
    rooms = (file for file in DOMAIN.rglob("*.py") if file.relative_to(DOMAIN).parts[0] not in OTHER_ROOMS)
    files = [file for file in rooms if file.name not in _OPERATORS]
    files += (PROJECT / "functions").rglob("*.py")
    return frozenset(sentence for file in files for sentence in _of_file(file))


def _of_file(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text("utf-8"))
    skipped = {id(constant) for node in ast.walk(tree) for constant in _no_refusals(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="title")], value=ast.Constant(value=str(text))):
                yield text
            case ast.Constant(value=str(text)) if id(node) not in skipped and is_sentence(text):
                yield text


def _no_refusals(node: ast.AST) -> list[ast.AST]:
    """Docstrings, and texts about parameters and models."""
    match node:
        case ast.Expr(value=ast.Constant() as text):
            return [text]
        case ast.Dict(keys=[ast.Constant(value="description"), *_]):
            return list(ast.walk(node))
        case ast.keyword(arg=name, value=value) if name in _OTHER_ARGUMENTS:
            return list(ast.walk(value))
        case ast.Call(func=ast.Name(id=name)) if name in _OTHER_CALLS:
            return list(ast.walk(node))
    return []


def is_sentence(text: str) -> bool:
    """Whether a text of the code is a sentence for people."""
    return (
        bool(re.match(r"[A-Z“]|\{reason\} |\w+(\(\))? (must|may) ", text))
        and text.endswith((".", ".”", "}?"))
        and " " in text
    )


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return set(re.findall(r"\{(\w+)\}", text))
