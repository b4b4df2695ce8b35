"""The text of a condition -> Python's syntax tree, inside limits that make every hostile text a located finding.

A small tokenizer runs first: it takes the units off numbers ("0.35 MPa", "5m"), blanks them so that offsets stay
true, and puts them on the tree as `Constant.kind`, as written. What the names mean is decided in `expression`.
"""

import ast
import keyword
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import LiteralString

from pydantic_core import PydanticCustomError

MAX_CHARACTERS = 1_000
MAX_NODES = 200
MAX_DEPTH = 20
LARGEST_NUMBER = 1e15
_KEPT = 512  # trees: a start asks four times for that of each condition of a site

_TOKEN = re.compile(
    r"(?P<word>[A-Za-z_]\w*)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<open>\()|(?P<close>\))"
    r"|(?P<sign>[<>=!&|]+)|(?P<other>.)",
    re.ASCII | re.DOTALL,
)
_ANY_UNIT = re.compile(r"[A-Za-z_°℃%‰µμΩ][A-Za-z0-9_°℃²³·]*(?:/[A-Za-z]+[²³]?)?")
_NEVER = {"#": "comments", "'": "strings", '"': "strings", "\\": "escapes"}
_FOREIGN = {
    "=": "==",
    "===": "==",
    "!==": "!=",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "!": "not",
    "&&": "and",
    "||": "or",
}
_FOREIGN |= {"AND": "and", "OR": "or", "NOT": "not"}
_FULL_WIDTH = {"≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/", "−": "-"} | {
    chr(ord(c) + 0xFEE0): c for c in "(),<>+-*/=!"
}
_SPELLINGS = {"℃": "°C", "μ": "µ"}  # one character or the other, the same unit


def parse(text: str, units: Iterable[str]) -> ast.expr:
    """Parse a condition; `units` are the units of its points, so that "m³/h" is one word.

    Every constant carries its unit as written in `kind`, and every node its offsets in `text`. The same text may give
    the same tree, so nobody changes one. Raises PydanticCustomError with a `span`.
    """
    return _parsed(text, frozenset(units))


@lru_cache(_KEPT)
def _parsed(text: str, units: frozenset[str]) -> ast.expr:
    plain, written = _take_units_off(_within_length(text), _longest_first(units))
    tree = _python_tree(plain)
    indent = len(plain) - len(plain.lstrip())
    _check_size(tree, indent)
    for node in _expressions(tree):
        node.col_offset += indent
        node.end_col_offset = (node.end_col_offset or 0) + indent
        if isinstance(node, ast.Constant):
            _check_number(node)
            if unit := written.get(node.col_offset):
                node.kind = unit
                node.end_col_offset += len(unit)
    return tree


def span(node: ast.expr) -> tuple[int, int]:
    """Where a node stands in the text."""
    return node.col_offset, node.end_col_offset or node.col_offset + 1


def as_written(node: ast.expr, text: str) -> str:
    """A part of the text, on one line."""
    start, end = span(node)
    return " ".join(text[start:end].split())


def finding(
    kind: LiteralString, message: LiteralString, where: tuple[int, int], **ctx: str | float
) -> PydanticCustomError:
    """One finding at a place in the text."""
    return PydanticCustomError(kind, message, {**ctx, "span": where})


def spelled(unit: str) -> str:
    """A unit in the spelling that is compared."""
    return "".join(_SPELLINGS.get(letter, letter) for letter in unit.strip())


def per_second(unit: str) -> str:
    """The unit of the rate of what is in a unit."""
    return f"{unit}/s"


def _longest_first(units: Iterable[str]) -> list[str]:
    known = {*units} - {""}
    return sorted(known | {per_second(unit) for unit in known}, key=len, reverse=True)


def _within_length(text: str) -> str:
    if not text.strip():
        raise finding("empty_condition", "the condition is empty", (0, max(1, len(text))))
    if len(text) > MAX_CHARACTERS:
        where = (MAX_CHARACTERS, MAX_CHARACTERS + 1)
        message = "the condition has more than {limit} characters"
        raise finding("condition_too_long", message, where, limit=MAX_CHARACTERS)
    return re.sub(r"[\t\r\n]", " ", text)


def _take_units_off(text: str, units: list[str]) -> tuple[str, dict[int, str]]:
    """Blank the units behind numbers; return them by the offset of their number."""
    written: dict[int, str] = {}
    plain: list[str] = []
    depth = position = 0
    while match := _TOKEN.match(text, position):
        plain.append(match[0])
        position = match.end()
        depth += (match.lastgroup == "open") - (match.lastgroup == "close")
        if depth > MAX_DEPTH:
            raise _too_deep(match.span())
        if problem := _cannot_stand(match):
            raise problem
        if match.lastgroup == "number" and (unit := _unit_at(text, position, units)):
            written[match.start()] = unit
            plain.append(" " * len(unit))
            position += len(unit)
    return "".join(plain), written


def _cannot_stand(match: re.Match[str]) -> PydanticCustomError | None:
    """Find out whether this is a sign or word that only other languages have."""
    what, where = match[0], match.span()
    if match.lastgroup == "other" and not " " <= what <= "~":
        message = "{what} cannot stand here; names and signs are plain ASCII"
        shown = what if what.isprintable() else ascii(what)
        return finding("not_ascii", message, where, what=shown, **_hint(_FULL_WIDTH.get(what)))
    if instead := _FOREIGN.get(what):
        message = "{what} is written {instead} here"
        return finding("foreign_sign", message, where, what=what, instead=instead, hint=instead)
    if reason := _NEVER.get(what):
        message = "this cannot be read as a condition: {reason}"
        return finding("condition_syntax", message, where, reason=f"a condition has no {reason}")
    return None


def _hint(instead: str | None) -> dict[str, str]:
    return {"hint": instead} if instead else {}


def _unit_at(text: str, position: int, units: list[str]) -> str:
    """Return the unit behind a number, with the space before it; "" if there is none."""
    start = position + (len(text[position:]) - len(text[position:].lstrip(" ")))
    for unit in units:
        end = start + len(unit)
        whole = not (text[end : end + 1].isalnum() and unit[-1].isalnum())
        if whole and spelled(text[start:end]) == spelled(unit):
            return text[position:end]
    match = _ANY_UNIT.match(text, start)
    if match is None or (start > position and (keyword.iskeyword(match[0]) or match[0] in _FOREIGN)):
        return ""
    return text[position : match.end()]


def _python_tree(text: str) -> ast.expr:
    try:
        return ast.parse(text.lstrip(), mode="eval").body
    except SyntaxError as error:
        start = error.offset - 1 + len(text) - len(text.lstrip()) if error.offset else len(text)  # without one: the end
        start = min(max(start, 0), max(len(text.rstrip()) - 1, 0))
        message = "this cannot be read as a condition: {reason}"
        raise finding("condition_syntax", message, (start, start + 1), reason=error.msg) from None
    except (RecursionError, MemoryError):
        raise _too_deep((0, len(text))) from None
    except ValueError as error:  # a number with thousands of digits, a null character
        message = "this cannot be read as a condition: {reason}"
        raise finding("condition_syntax", message, (0, len(text)), reason=str(error)) from None


def _check_size(tree: ast.expr, indent: int) -> None:
    nodes = 0
    level = [tree]
    for _ in range(MAX_DEPTH):
        if not level:
            break
        nodes += len(level)
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if level:
        start, end = span(level[0])
        raise _too_deep((start + indent, end + indent))
    if nodes > MAX_NODES:
        message = "the condition has more than {limit} parts; split it into two rules"
        raise finding("condition_too_large", message, (0, indent + (tree.end_col_offset or 1)), limit=MAX_NODES)


def _check_number(node: ast.Constant) -> None:
    """Here once, so that nobody has to compute with an integer of a thousand digits."""
    if isinstance(node.value, (int, float)) and not abs(node.value) < LARGEST_NUMBER:
        raise finding("number_too_large", "numbers end at 1e15", span(node))


def _expressions(tree: ast.expr) -> Iterable[ast.expr]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr)]


def _too_deep(where: tuple[int, int]) -> PydanticCustomError:
    return finding("condition_too_deep", "the condition is nested deeper than {limit}", where, limit=MAX_DEPTH)


def nearest(name: str, known: Iterable[str]) -> dict[str, str]:
    """The known name that was probably meant, as the hint of a finding; empty if none is near."""
    return {"hint": near[0]} if (near := get_close_matches(name, sorted(known), 1)) else {}
