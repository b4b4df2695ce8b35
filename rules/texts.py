"""Titles as templates: `{bearing_temp:.0f}` and nothing cleverer, checked when a rule is loaded, safe when rendered."""

import math
import re
import string
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

UNKNOWN = "–"
DEVICE, DOUBTS, SIGNAL = "device", "doubts", "signal"
"""What a title may show beside numbers: the device, the readings that the rule doubts, and the point that drives the
scores which it reads."""

_NUMBER_FORMAT = re.compile(r"\+?,?(?:\.\d{1,2})?[feg%]?", re.ASCII)


def render(template: str, fields: Mapping[str, float | str]) -> str:
    """Fill a template that `template_problems` found good; a field that is absent or NaN is shown as a dash."""
    parts = []
    for literal, name, spec, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(_shown(fields.get(name), spec or ""))
    return "".join(parts)


def template_fields(template: str) -> frozenset[str]:
    """Names that a template mentions; empty when it cannot be read."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
    except ValueError:
        return frozenset()


def template_problems(
    template: str, numbers: Collection[str], words: Collection[str] = (DEVICE,)
) -> list[PydanticCustomError]:
    """Say what is wrong with a template over these words and numbers: names, formats, braces."""
    problems: list[PydanticCustomError] = []
    try:
        fields = [field for field in string.Formatter().parse(template) if field[1] is not None]
    except ValueError as error:
        ctx = {"reason": str(error), "span": (0, len(template))}
        return [PydanticCustomError("bad_template", "the braces of this text do not fit: {reason}", ctx)]
    position = 0
    for _, name, spec, conversion in fields:
        position = template.index("{" + str(name), position) + 1
        span = (position, position + max(1, len(str(name))))
        if problem := _field_problem(str(name), spec or "", conversion, numbers, words, span):
            problems.append(problem)
    return problems


def _field_problem(
    name: str,
    spec: str,
    conversion: str | None,
    numbers: Collection[str],
    words: Collection[str],
    span: tuple[int, int],
) -> PydanticCustomError | None:
    known = {*words, *numbers}
    if name not in known:
        near = get_close_matches(name, sorted(known), 1)
        return PydanticCustomError(
            "unknown_field",
            "{name} is neither a point nor a rating of this device type, nor `device`",
            {"name": name[:80], "span": span} | ({"hint": near[0]} if near else {}),
        )
    if conversion or (spec if name in words else not _NUMBER_FORMAT.fullmatch(spec)):
        return PydanticCustomError(
            "bad_format",
            "{name} cannot be shown in this way; use a format such as .0f or .1f for numbers, none for words",
            {"name": name, "span": span, "hint": f"{{{name}}}" if name in words else f"{{{name}:.1f}}"},
        )
    return None


def _shown(value: float | str | None, spec: str) -> str:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    return value if isinstance(value, str) else format(value, spec or ".6g")
