"""JSON Merge Patch (RFC 7396)."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from clientela.schema.documents import Model
from clientela.schema.validation_errors import invalid_input


def merge(target: Any, patch: Any) -> Any:
    """Apply a patch to `target`: objects are merged, null removes, every other value replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def apply_patch[D: BaseModel](model: type[D], before: BaseModel, changes: Any) -> D:
    """Apply a patch to the document's fields of `model` and validate the result as a whole.

    Raises:
        InvalidInputError: the result is not a valid `model`.
    """
    current = before.model_dump(mode="json", include=set(model.model_fields))
    try:
        return model.model_validate(merge(current, changes))
    except ValidationError as error:
        raise invalid_input(error) from None


def all_optional(base: type[Model]) -> dict[str, Any]:
    """Return a model's fields for `create_model`, all optional: the form of a merge patch."""
    return {
        name: (Annotated[field.annotation, Field(examples=field.examples), *field.metadata] | None, None)
        for name, field in base.model_fields.items()
    }
