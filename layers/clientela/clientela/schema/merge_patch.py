"""JSON Merge Patch (RFC 7396)."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from clientela.schema.documents import Model
from clientela.schema.validation_errors import invalid_input


def merge(target: Any, patch: Any) -> Any:
    """The target with the patch applied: objects are merged, null removes, everything else replaces."""
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
    """The model's fields of a document with a patch applied, checked as a whole. InvalidInputError."""
    written = before.model_dump(mode="json", include=set(model.model_fields))
    try:
        return model.model_validate(merge(written, changes))
    except ValidationError as error:
        raise invalid_input(error) from None


def all_optional(base: type[Model]) -> dict[str, Any]:
    """The fields of a model for `create_model`, each of them optional: the form of a merge patch."""
    return {
        name: (Annotated[field.annotation, Field(), *field.metadata] | None, None)
        for name, field in base.model_fields.items()
    }
