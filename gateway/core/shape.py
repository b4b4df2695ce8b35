"""What a pydantic model accepts at a path of keys: the valid keys, and where secrets belong."""

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from gateway.core.document import KeyPath


def keys_at(annotation: Any, path: KeyPath) -> list[str]:
    """The keys that may stand at the path, as they are written in the file, in the model's order."""
    return [key for model in _types_at(annotation, path) if _is_model(model) for key in _keys(model)]


def secrets_in(annotation: Any, data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Paths of the texts in `data` that stand where the model wants a secret."""
    if _is_model(annotation) and not _may_hold_secrets(annotation):
        return
    if isinstance(data, str) and SecretStr in _members(annotation):
        yield path
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        for inner in _step(annotation, step):
            yield from secrets_in(inner, value, (*path, step))


@cache
def _may_hold_secrets(model: type[BaseModel]) -> bool:
    """Whether a secret may stand anywhere in a model: most files have none and many values."""
    looked_at: set[type[BaseModel]] = set()
    types_in: list[Any] = [model]
    while types_in:
        for member in _members(types_in.pop()):
            if member is SecretStr:
                return True
            if not _is_model(member):
                types_in += get_args(member)
            elif member not in looked_at:
                looked_at.add(member)
                types_in += [field.annotation for field in member.model_fields.values()]
    return False


def _types_at(annotation: Any, path: KeyPath) -> list[Any]:
    found = _members(annotation)
    for step in path:
        # A step that fits no member is one of pydantic's own labels, such as the tag of a union.
        found = [member for kind in found for member in _step(kind, step)] or found
    return found


def _step(annotation: Any, step: str | int) -> list[Any]:
    """The types one key or index further in."""
    return [inner for member in _members(annotation) for inner in _inside(member, step)]


def _inside(member: Any, step: str | int) -> list[Any]:
    if _is_model(member):
        return [
            inner
            for name, field in member.model_fields.items()
            if step in {name, field.alias}
            for inner in _members(field.annotation)
        ]
    arguments = [argument for argument in get_args(member) if argument is not Ellipsis]
    return _members(arguments[-1]) if arguments else []


def _members(annotation: Any) -> list[Any]:
    """The types behind Annotated, Optional and unions."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [member for argument in get_args(annotation) for member in _members(argument)]
    return [annotation]


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
