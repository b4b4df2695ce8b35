"""One table of keys for a pydantic model: type, default and meaning of everything that a person may write there."""

import math
from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, SecretStr
from pydantic.fields import FieldInfo

from gateway.cli.reference.markdown import anchor, code, table, words
from rules.duration import time_of_day

HEAD = ("key", "type", "default", "meaning")
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", SecretStr: "`!secret NAME`"}
_MADE_BY = {
    "duration_s": "duration",
    "size_bytes": "size",
    "hours_s": "hours",
    "month_day": "day of the year",
    "in_all_languages": "text, or one per language",
}
_DURATIONS = (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001))
_SIZES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def keys(model: type[BaseModel], beyond: type[BaseModel] | None = None) -> str:
    """The table of a model; of a driver's model only what it adds to the common one, `beyond`."""
    common = beyond.model_fields if beyond else {}
    return table(HEAD, (_row(model, name, field) for name, field in model.model_fields.items() if name not in common))


def meaning(model: type[BaseModel], key: str) -> str:
    """What a key means, in the words of the nearest class that has some. Raises KeyError."""
    for owner in model.__mro__:
        if text := words("keys").get(f"{owner.__name__}.{key}"):
            return str(text)
    raise KeyError(f"gateway/cli/reference/words/keys.yaml does not say what {model.__name__}.{key} means")


def shown(value: Any, kind: str) -> str:
    """A value as it is written in YAML, in the largest unit that needs no fraction."""
    units: Iterable[tuple[str, float]] = {"duration": _DURATIONS, "size": _SIZES}.get(kind, ())
    for unit, size in units if value else ():
        if math.isclose(value / size, round(value / size)) and round(value / size):
            return f"{round(value / size)}{unit}"
    if kind == "hours":
        return "-".join(map(time_of_day, value))
    return "0s" if kind == "duration" else _yaml(value)


def _row(model: type[BaseModel], name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    key = field.alias or name
    kind = _kind(field.rebuild_annotation())
    return code(key), _with_limits(kind, field), _default(field, kind), meaning(model, key)


def _kind(annotation: Any) -> str:
    """A type in the words of somebody who writes YAML."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        makers = [mark.func.__name__ for mark in inner[1:] if isinstance(mark, (BeforeValidator, PlainValidator))]
        return next((_MADE_BY[maker] for maker in makers if maker in _MADE_BY), "") or _kind(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(each) for each in inner if each is not type(None)))
    if origin in (Literal, dict, tuple):
        return _compound(origin, inner)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}]({anchor(annotation.__name__)})"
    return _PLAIN.get(annotation, "file")


def _compound(origin: Any, inner: tuple[Any, ...]) -> str:
    if origin is Literal:
        return ", ".join(code(_yaml(each)) for each in inner)
    if origin is dict:
        return "keys and values" if inner[1] is Any else f"names, each with {_kind(inner[1])}"
    return "list" if inner[0] is Any else f"list of {_kind(inner[0])}"


def _with_limits(kind: str, field: FieldInfo) -> str:
    limits = [
        f"{word} {shown(limit, kind)}"
        for mark in field.metadata
        for name, word in _LIMITS.items()
        if (limit := getattr(mark, name, None)) is not None
    ]
    return ", ".join([kind, *limits])


def _default(field: FieldInfo, kind: str) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, (BaseModel, SecretStr)) or value in ("", (), {}):
        return ""
    if isinstance(value, tuple) and isinstance(value[0], BaseModel):
        return ""
    if isinstance(value, float) and math.isinf(value):
        return "no limit"
    return code(shown(value, kind))


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
