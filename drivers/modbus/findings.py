"""Several findings about one piece of YAML at once, each with its place."""

from collections.abc import Iterable
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError


def finding(kind: Any, message: Any, loc: tuple[str | int, ...], value: object, **context: object) -> InitErrorDetails:
    """What is wrong with `value` at `loc`; the message's braces are filled from the context."""
    return InitErrorDetails(type=PydanticCustomError(kind, message, context), loc=loc, input=value)


def raise_all(title: str, findings: Iterable[InitErrorDetails]) -> None:
    """Raise them together, if there are any."""
    if found := list(findings):
        raise ValidationError.from_exception_data(title, found)
