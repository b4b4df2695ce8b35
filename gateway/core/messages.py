"""The words for people: English stands where it is said, Chinese in the catalogue beside this file, by kind."""

import os
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

Language = Literal["zh", "en"]

_PLACE = re.compile(r"\{(\w+)(?:!r)?\}")
_LOGIN = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")
_LONGEST = 120


def say(kind: str, english: str, context: Mapping[str, Any], language: Language) -> str:
    """The sentence for this kind in the language, English where the catalogue has none."""
    template = chinese().get(kind, english) if language == "zh" else english
    return fill(template, context)


def fill(template: str, context: Mapping[str, Any]) -> str:
    """Put the context's values in the {places}; foreign text is cut and cannot drive a terminal."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return _shown(context[name]) if name in context else match[0]

    return printable(_PLACE.sub(value, template))


def printable(text: str) -> str:
    """The text without characters that move the cursor, colour the screen or turn the reading direction."""
    return "".join(char if char.isprintable() else " " if char in "\t\n" else "\ufffd" for char in text)


def language_of(locale: str) -> Language:
    """The language of a locale such as zh_CN.UTF-8."""
    return "zh" if locale.lower().startswith("zh") else "en"


def machine_language(environment: Mapping[str, str] = os.environ) -> Language:
    """The language of this machine's messages, from the locale variables in their order of precedence."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return language_of(next((locale for name in names if (locale := environment.get(name))), ""))


@cache
def chinese() -> Mapping[str, str]:
    """The Chinese catalogue, kind to template."""
    text = files("gateway.core").joinpath("messages_zh.yaml").read_text("utf-8")
    catalogue: dict[str, str] = yaml.load(text, Loader=yaml.CSafeLoader)  # every start in Chinese reads it
    return catalogue


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    text = _LOGIN.sub("***", f"{value:g}" if isinstance(value, float) else str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
