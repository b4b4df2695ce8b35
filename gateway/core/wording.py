"""Letters as templates: text, `{{ variables }}` and `{% if %}`, and nothing with which a file could do harm.

A letter has no loops, calls, attributes or arithmetic, so it takes as long as it is long. What it may hold is looked up
before Jinja compiles it: even folding `10 ** 10 ** 10` would stand still. Jinja's sandbox is the second wall.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment
from pydantic_core import PydanticCustomError

from gateway.core.document import Document, Span
from gateway.core.explain import nearest
from gateway.core.findings import Finding, in_order
from gateway.core.messages import Language

LetterName = Literal["accepted", "entrapment", "progress", "delay", "review"]
LETTERS: tuple[LetterName, ...] = get_args(LetterName)
LANGUAGES: tuple[Language, ...] = get_args(Language)

VARIABLES: Mapping[str, str] = {
    "site": "the site's name",
    "device": "the device's name, or its id",
    "location": "where it stands",
    "level": "Red alert or Yellow alert, in the language of the letter",
    "title": "the ticket's title",
    "advice": "what the rule's author tells the person who goes there",
    "basis": "the standard or reason that the limit comes from",
    "facts": "the values beside their limits, and since when",
    "ticket_no": "the ticket's id",
    "assignee": "who works on it",
    "eta": "when that will be done, or somebody will be there; empty if nobody knows, or if it has passed",
    "minutes_left": "whole minutes until then",
    "percent": "how far the work is, 0 to 100",
    "missed": "the time limit that was missed last",
    "report_group": "where progress is reported",
    "now": "date and time of the letter",
    "since": "when the problem began",
    "cause": "of a review: what failed",
    "change": "of a review: what changes",
    "plan_b": "of a delay: what helps until then",
    "open_day": "of a review: when the equipment room is open to visitors",
}
"""What a letter may name. All of them are text; what is not known is empty."""

FILTERS = ("default", "lower", "trim", "upper")
LONGEST_LETTER = 8 * 1024
"""Bytes of UTF-8, of the template as of the letter."""

_DEEPEST = 20
_COMPARISONS = {"eq", "ne"}
_MOST_ARGUMENTS = {"default": 2}
_WORDS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const, nodes.Filter)
_SIGNS = (nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Compare, nodes.Operand)
_JINJA = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
_JINJA.globals.clear()
_JINJA.filters = {name: _JINJA.filters[name] for name in FILTERS}


@dataclass(frozen=True, slots=True)
class Wording:
    """The letters of a site, by name and language."""

    letters: Mapping[tuple[LetterName, Language], Template] = field(default_factory=dict)


def filled(letter: Template, variables: Mapping[str, str]) -> str:
    """The letter; one that would be too long ends with an ellipsis."""
    parts, size = [], 0
    for part in letter.generate(variables):
        parts.append(part)
        size += len(part.encode())
        if size > LONGEST_LETTER:
            break
    text = "".join(parts).strip()
    whole = text.encode()
    return text if len(whole) <= LONGEST_LETTER else whole[: LONGEST_LETTER - 3].decode(errors="ignore") + "…"


def read_wording(folder: Path) -> tuple[Wording, list[Finding]]:
    """The letters that stand in a folder as NAME.LANGUAGE.txt, and what is wrong with them."""
    letters: dict[tuple[LetterName, Language], Template] = {}
    findings: list[Finding] = []
    known = {f"{name}.{language}.txt": (name, language) for name in LETTERS for language in LANGUAGES}
    if not folder.is_dir():
        problem = PydanticCustomError("no_texts_there", "there is no folder {path}", {"path": str(folder)})
        return Wording(), [Document(folder).finding_at(problem, (0, 0))]
    for file in sorted(folder.glob("*.txt")):
        if (key := known.get(file.name)) is None:
            context: dict[str, Any] = {"name": file.name, **nearest(file.name, known)}
            problem = PydanticCustomError("unknown_letter", "{name} is not the name of a letter", context)
            findings.append(Document(file).finding_at(problem, (0, 0)))
            continue
        letter, problems = _read(file)
        findings += problems
        if letter:
            letters[key] = letter
    return Wording(letters), findings


def compiled(document: Document) -> tuple[Template | None, list[Finding]]:
    """A letter from its text, or what is wrong with it."""
    text = document.text
    found: list[tuple[PydanticCustomError, Span]] = []
    try:
        tree = _parsed(text)
    except TemplateSyntaxError as error:
        problem = PydanticCustomError(
            "letter_syntax", "this cannot be read as a letter: {reason}", {"reason": error.message}
        )
        found = [(problem, _place(text, error.lineno, ""))]
    except RecursionError:
        found = [(_too_deep(), _place(text, 1, ""))]
    except PydanticCustomError as error:
        found = [(error, (0, 1))]
    else:
        found = list(_problems(tree, text))
        if not found:
            return _JINJA.from_string(tree), []
    return None, in_order(document.finding_at(*each) for each in found)


def _parsed(text: str) -> nodes.Template:
    if len(text.encode()) > LONGEST_LETTER:
        raise PydanticCustomError("letter_too_long", "a letter has at most {limit} bytes", {"limit": LONGEST_LETTER})
    return _JINJA.parse(text)


def _read(file: Path) -> tuple[Template | None, list[Finding]]:
    try:
        with file.open("rb") as opened:
            return compiled(Document(file, opened.read(LONGEST_LETTER + 1).decode("utf-8-sig")))
    except OSError as error:
        problem = PydanticCustomError("no_such_text", "this cannot be read: {reason}", {"reason": error.strerror})
    except UnicodeDecodeError as error:
        problem = PydanticCustomError("not_utf8", "the file is not UTF-8 text (byte {offset})", {"offset": error.start})
    return None, [Document(file).finding_at(problem, (0, 0))]


def _problems(tree: nodes.Template, text: str) -> Iterator[tuple[PydanticCustomError, Span]]:
    """What a letter may not hold, from top to bottom."""
    level: list[nodes.Node] = [tree]
    for _ in range(_DEEPEST):
        for node in level:
            if found := _problem(node):
                problem, word = found
                yield problem, _place(text, node.lineno, word)
        level = [child for node in level if not _problem(node) for child in node.iter_child_nodes()]
    if level:
        yield _too_deep(), _place(text, level[0].lineno, "")


def _problem(node: nodes.Node) -> tuple[PydanticCustomError, str] | None:
    """What is wrong with a part of a letter, and the word in it that shows where."""
    match node:
        case nodes.Name(name=name, ctx="load") if name not in VARIABLES:
            context = {"name": name, "choices": list(VARIABLES), **nearest(name, VARIABLES)}
            return PydanticCustomError("unknown_variable", "{name} is not a variable of letters", context), name
        case nodes.Filter(name=name) if name not in FILTERS:
            context = {"name": name, "choices": list(FILTERS)}
            return PydanticCustomError("unknown_filter", "letters have no filter {name}", context), name
        case nodes.Filter(name=name) if _has_wrong_arguments(node):
            return PydanticCustomError("filter_arguments", "{name} is not written so", {"name": name}), name
        case nodes.Compare(ops=ops) if any(each.op not in _COMPARISONS for each in ops):
            return _not_in_letters("comparisons but == and !="), ""
        case _ if not isinstance(node, _WORDS + _SIGNS):
            return _not_in_letters(type(node).__name__), ""
    return None


def _not_in_letters(what: str) -> PydanticCustomError:
    message = "a letter names variables and may use if, else, and, or, not; it has no {what}"
    return PydanticCustomError("not_in_letters", message, {"what": what})


def _has_wrong_arguments(node: nodes.Filter) -> bool:
    special = node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None
    return bool(special) or len(node.args) > _MOST_ARGUMENTS.get(node.name, 0)


def _too_deep() -> PydanticCustomError:
    return PydanticCustomError("letter_too_deep", "the letter is nested deeper than {limit}", {"limit": _DEEPEST})


def _place(text: str, line: int, word: str) -> Span:
    """Where a word stands in a line, else the first thing there that is no plain text, else the line."""
    lines = text.splitlines(keepends=True) or [""]
    at = min(max(line, 1), len(lines)) - 1
    start, source = sum(len(each) for each in lines[:at]), lines[at].rstrip("\r\n")
    pattern = rf"\b{re.escape(word)}\b" if word else r"\{[{%#].*?(?:[}%#]\}|$)"
    found = re.search(pattern, source) or re.search(r"\S.*", source)
    return (start + found.start(), start + found.end()) if found else (start, start + 1)
