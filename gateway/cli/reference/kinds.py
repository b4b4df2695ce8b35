"""Finds every kind of finding in the sources of the program, with its English sentences."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import gateway
from gateway.core.explain import SENTENCES
from gateway.core.yamlerror import SENTENCES as YAML_SENTENCES

ROOMS = ("gateway", "drivers", "rules", "models")
_KIND = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_MAKERS = "finding|problem|error|refuse|remark|wrong"
_SPEAKERS = f"{_MAKERS}|say|denied|missing|misused|failed"


def kinds() -> Mapping[str, tuple[str, ...]]:
    """Each kind of finding and its sentences, of which it may have several."""
    return _found(_MAKERS)


def spoken() -> Mapping[str, tuple[str, ...]]:
    """The same, and the sentences of the screens (`say`) too: all that must exist in every language."""
    return _found(_SPEAKERS)


def _found(makers: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    root = Path(gateway.__file__).parents[1]
    sources = (path for room in ROOMS for path in sorted((root / room).rglob("*.py")))
    pairs = [pair for source in sources for pair in _made_in(source, re.compile(f"(?i){makers}"))]
    for kind, sentence in (*SENTENCES.values(), *YAML_SENTENCES.values(), *pairs):
        sentences = found.setdefault(kind, [])
        if sentence and sentence not in sentences:
            sentences.append(sentence)
    return {kind: tuple(found[kind]) for kind in sorted(found)}


def _made_in(source: Path, makers: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Kind and sentence of every problem that a file makes, where both are written out."""
    tree = ast.parse(source.read_text("utf-8"))
    texts = _texts(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) >= 2 and makers.search(ast.unparse(node.func)):
            kind = _text(node.args[0])
            if kind is not None and _KIND.fullmatch(kind):
                yield kind, _text(node.args[1]) or _last_text(texts, node)


def _texts(tree: ast.AST) -> list[tuple[int, str, str]]:
    """Line, name and text of every name that is given a text."""
    return [
        (node.lineno, target.id, text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and (text := _text(node.value)) is not None
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def _last_text(texts: list[tuple[int, str, str]], call: ast.Call) -> str:
    """The text that the call's second argument was last given above it."""
    name = call.args[1].id if isinstance(call.args[1], ast.Name) else ""
    return max(((line, text) for line, given, text in texts if given == name and line <= call.lineno), default=(0, ""))[
        1
    ]


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
