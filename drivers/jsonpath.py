"""Where a value lies in a JSON payload: `status.door`, `values[0].rms`."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PATH = re.compile(r"([^.\[\]]+|\[\d+\])(\.[^.\[\]]+|\[\d+\])*")
ABSENT = object()
"""What is found where there is nothing; null is something."""


def _checked_path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise PydanticCustomError(
            "bad_json_path",
            "{path} is not a path into a JSON payload",
            {"path": text, "hint": "keys joined by dots and places in a list in brackets: status.door, values[0].rms"},
        )
    return text


Path = Annotated[str, AfterValidator(_checked_path)]
"""Where a value lies in a payload: `status.door`, `values[0].rms`."""


def steps(path: str) -> tuple[str | int, ...]:
    """The keys and places of a path, outermost first."""
    return tuple(name or int(place) for name, place in _STEP.findall(path))


def follow(value: Any, path: Iterable[str | int]) -> Any:
    """What lies at the end of the path, or ABSENT."""
    for step in path:
        value = child(value, step)
    return value


def child(value: Any, step: str | int) -> Any:
    """One member of an object or item of a list, or ABSENT."""
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return ABSENT
