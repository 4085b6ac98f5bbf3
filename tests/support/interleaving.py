"""One fixed interleaving: something happens right before, or right after, the first call of a function."""

from collections.abc import Callable
from typing import Any

import pytest


def before_first(patch: pytest.MonkeyPatch, owner: Any, name: str, happens: Callable[[], object]) -> None:
    """Let something happen right before the first call of `owner.name`, in which the call itself is the plain one."""
    plain = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        patch.setattr(owner, name, plain)
        happens()
        return plain(*arguments, **options)

    patch.setattr(owner, name, call)


def after_first(patch: pytest.MonkeyPatch, owner: Any, name: str, happens: Callable[[], object]) -> None:
    """Let something happen right after the first call of `owner.name`, whose result is by then an old one."""
    plain = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        patch.setattr(owner, name, plain)
        result = plain(*arguments, **options)
        happens()
        return result

    patch.setattr(owner, name, call)
