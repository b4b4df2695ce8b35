"""Turns what pydantic found wrong into findings: a place in the file, a sentence for people, what would be right."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Name, Point
from gateway.core.document import Document, KeyPath, SecretRef
from gateway.core.findings import Finding, Severity
from gateway.core.shape import keys_at, secrets_in

M = TypeVar("M")

SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("missing_key", "{key} is missing here"),
    "extra_forbidden": ("unknown_key", "{key} is not a setting here"),
    "string_type": ("not_text", "this must be text"),
    "int_type": ("not_a_whole_number", "this must be a whole number"),
    "int_parsing": ("not_a_whole_number", "this must be a whole number"),
    "int_from_float": ("not_a_whole_number", "this must be a whole number"),
    "float_type": ("not_a_number", "this must be a number"),
    "float_parsing": ("not_a_number", "this must be a number"),
    "finite_number": ("not_a_number", "this must be a number"),
    "bool_type": ("not_true_or_false", "this must be true or false"),
    "bool_parsing": ("not_true_or_false", "this must be true or false"),
    "literal_error": ("not_a_choice", "this is not one of the words that can stand here"),
    "enum": ("not_a_choice", "this is not one of the words that can stand here"),
    "union_tag_invalid": ("not_a_choice", "this is not one of the words that can stand here"),
    "greater_than": ("too_small", "this must be more than {limit}"),
    "greater_than_equal": ("below_minimum", "this must be at least {limit}"),
    "less_than": ("too_large", "this must be less than {limit}"),
    "less_than_equal": ("above_maximum", "this must be at most {limit}"),
    "string_pattern_mismatch": ("bad_form", "this does not have the form {pattern}"),
    "name_pattern": ("bad_name", "a name has letters, digits and . _ - only, at most 64 of them"),
    "point_pattern": ("bad_point_name", "a point's name has small letters, digits and _, and begins with a letter"),
    "string_too_short": ("too_short", "this text is too short: at least {min_length} characters"),
    "string_too_long": ("too_long", "this text is too long: at most {max_length} characters"),
    "too_short": ("too_few", "at least {min_length} of these are needed"),
    "too_long": ("too_many", "at most {max_length} of these can stand here"),
    "list_type": ("not_a_list", "this must be a list"),
    "tuple_type": ("not_a_list", "this must be a list"),
    "dict_type": ("not_a_mapping", "this must be keys and values"),
    "mapping_type": ("not_a_mapping", "this must be keys and values"),
    "model_type": ("not_a_mapping", "this must be keys and values"),
    "model_attributes_type": ("not_a_mapping", "this must be keys and values"),
    "dataclass_type": ("not_a_mapping", "this must be keys and values"),
    "path_not_file": ("no_such_file", "there is no such file"),
    "value_error": ("bad_value", "this value is wrong: {error}"),
    "assertion_error": ("bad_value", "this value is wrong: {error}"),
}
"""Pydantic's type of error -> our kind and its sentence in English; errors of our own rooms bring their sentence."""

_PATTERNS = {
    TypeAdapter(Name).json_schema()["pattern"]: "name_pattern",
    Point.model_json_schema()["properties"]["name"]["pattern"]: "point_pattern",
}


def validated(model: Any, document: Document, at: KeyPath = (), data: Any = None) -> tuple[Any, list[Finding]]:
    """The part of the document at a path as the model (any type that pydantic knows), or None and what is wrong.

    `data` replaces what the document has there, for values that were resolved since.
    """
    value = document.at(at) if data is None else data
    findings = inline_secrets(model, document, at)
    try:
        read = TypeAdapter(model).validate_python(value)
    except ValidationError as error:
        return None, [*findings, *explain(error, document, at, model)]
    return (None if findings else read), findings


def inline_secrets(model: Any, document: Document, at: KeyPath = ()) -> list[Finding]:
    """Passwords that stand in the file itself. The finding hides them."""
    findings = []
    for path in secrets_in(model, document.at(at)):
        document.hide((*at, *path))
        context = {"key": path[-1], "hint": f"!secret {path[-1]}"}
        problem = PydanticCustomError("inline_secret", "{key} is a secret and must not stand in this file", context)
        findings.append(document.finding(problem, (*at, *path)))
    return findings


def explain(
    errors: ValidationError | Iterable[InitErrorDetails],
    document: Document,
    at: KeyPath = (),
    model: Any = None,
    severity: Severity = "error",
) -> list[Finding]:
    """One finding per error; their locations are taken from `at` on. The model, if given, knows the valid keys."""
    if not isinstance(errors, ValidationError):
        errors = ValidationError.from_exception_data("file", list(errors))
    return [_finding(error, document, at, model, severity) for error in errors.errors(include_url=False)]


def nearest(word: Any, words: Iterable[str]) -> dict[str, Any]:
    """Context that says what would be right: the nearest of the words, else all of them if they are few."""
    listed = list(words)
    if close := difflib.get_close_matches(str(word), listed, n=1, cutoff=0.6):
        return {"hint": close[0]}
    return {"choices": listed} if 0 < len(listed) <= 30 else {}


def _finding(error: Any, document: Document, at: KeyPath, model: Any, severity: Severity) -> Finding:
    path: KeyPath = (*at, *error["loc"])
    context = {"key": str(path[-1]) if path else "", **error.get("ctx", {})}
    is_secret = isinstance(error["input"], SecretRef) or type(error["input"]).__name__ == "SecretStr"
    if is_secret and error["type"] != "extra_forbidden":
        problem = PydanticCustomError("not_a_secret", "{key} is no secret; write it as it is", context)
        return document.finding(problem, path, "value", severity)
    known = _PATTERNS.get(context.get("pattern"), error["type"])
    kind, sentence = SENTENCES.get(known, (error["type"], error["msg"]))
    context |= _what_is_right(kind, context, error, model)
    on_key = kind in {"missing_key", "unknown_key"} or path[-1:] == ("[key]",)
    path = path[:-1] if kind == "missing_key" or path[-1:] == ("[key]",) else path
    return document.finding(PydanticCustomError(kind, sentence, context), path, "key" if on_key else "value", severity)


def _what_is_right(kind: str, context: Mapping[str, Any], error: Any, model: Any) -> dict[str, Any]:
    """More context for some kinds: the nearest word, the limit, the value in quotes."""
    match kind:
        case "unknown_key" if model is not None:
            return nearest(context["key"], keys_at(model, error["loc"][:-1]))
        case "not_a_choice":
            return nearest(error["input"], re.findall(r"'([^']*)'", str(context.get("expected", ""))))
        case "too_small" | "below_minimum" | "too_large" | "above_maximum":
            return {"limit": next(context[key] for key in ("gt", "ge", "lt", "le") if key in context)}
        case "not_text" if isinstance(error["input"], (bool, int, float)):
            return {"hint": f'"{error["input"]}"'}
        case _:
            return {}
