"""The parser's words for broken YAML, turned into what a person can act on."""

import re
from collections.abc import Mapping

import yaml
from pydantic_core import PydanticCustomError

from gateway.core.document import Span

SENTENCES: Mapping[str, tuple[str, str]] = {
    "mapping values are not allowed": (
        "yaml_colon",
        "a second ': ' cannot stand here; put the value in quotes, or check how the line is indented",
    ),
    "did not find expected key": ("yaml_indent", "this line is indented unlike the lines that it belongs to"),
    "did not find expected '-'": ("yaml_indent", "this line is indented unlike the lines that it belongs to"),
    "did not find expected ','": ("yaml_bracket", "a comma or a closing bracket is missing before this"),
    "unexpected end of stream": ("yaml_quote", "a quote is opened and never closed"),
    "could not find expected ':'": ("yaml_no_colon", "a key needs ': ' and a value"),
    "unknown escape character": ("yaml_escape", 'in "double quotes" a backslash must be doubled; use single quotes'),
}
"""Part of the parser's words -> our kind and its sentence in English."""


class Refused(Exception):
    """The file asks for something that a configuration may not hold."""

    def __init__(self, problem: PydanticCustomError, span: Span = (0, 1)) -> None:
        super().__init__(problem.message())
        self.problem = problem
        self.span = span


def in_plain_words(error: yaml.YAMLError, text: str) -> tuple[PydanticCustomError, int]:
    """What is wrong, and the character at which the parser saw it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        index = min(error.problem_mark.index, len(text))
        return _told(error.problem or "", text, index), _visible(text, index)
    unprintable = re.search(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    problem = PydanticCustomError("yaml_control", "the file holds a character that is not text")
    return problem, unprintable.start() if unprintable else 0


def _told(problem: str, text: str, index: int) -> PydanticCustomError:
    if problem.startswith("found character that cannot start"):
        if text[index : index + 1] == "\t":
            return PydanticCustomError("yaml_tab", "a tab cannot indent in YAML; use spaces")
        return PydanticCustomError("yaml_character", "a value cannot begin with this character; put it in quotes")
    for words, (kind, sentence) in SENTENCES.items():
        if words in problem:
            return PydanticCustomError(kind, sentence)
    return PydanticCustomError("yaml_syntax", "this is not YAML: {problem}", {"problem": problem})


def _visible(text: str, index: int) -> int:
    """At the end of the file, the last character that can be seen."""
    return index if text[index:].strip() else max(len(text.rstrip()) - 1, 0)
