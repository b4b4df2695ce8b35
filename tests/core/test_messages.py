"""Every kind of problem can be said in Chinese, with the values of the English sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.explain import SENTENCES
from gateway.core.messages import chinese, fill, language_of, say
from gateway.core.yamlerror import SENTENCES as YAML_SENTENCES

ROOT = Path(__file__).parents[2]
_KIND = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_MAKERS = re.compile(r"(?i)finding|problem|error|refuse|remark|say|wrong")
_PLACES = re.compile(r"\{(\w+)")


def _sources() -> Iterator[Path]:
    for room in ("gateway", "drivers", "rules", "models"):
        yield from (ROOT / room).rglob("*.py")


def _kinds(source: Path) -> Iterator[tuple[str, str]]:
    """Kind and English sentence of every problem that a file makes, as far as they are written out."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and len(node.args) >= 2 and _MAKERS.search(ast.unparse(node.func)):
            kind, text = node.args[:2]
            if isinstance(kind, ast.Constant) and isinstance(kind.value, str) and _KIND.fullmatch(kind.value):
                yield kind.value, text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else ""


def _all_kinds() -> dict[str, str]:
    """Each kind and its English sentences, of which it may have several."""
    found = [pair for source in _sources() for pair in _kinds(source)]
    kinds: dict[str, str] = {}
    for kind, text in (*found, *SENTENCES.values(), *YAML_SENTENCES.values()):
        kinds[kind] = f"{kinds.get(kind, '')} {text}".strip()
    return kinds


KINDS = _all_kinds()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_chinese_sentence(kind: str) -> None:
    assert kind in chinese(), f"gateway/core/messages_zh.yaml lacks {kind}: {KINDS[kind]}"


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if KINDS[kind] and kind in chinese()))
def test_a_chinese_sentence_uses_only_values_that_the_problem_has(kind: str) -> None:
    assert set(_PLACES.findall(chinese()[kind])) <= {*_PLACES.findall(KINDS[kind]), "hint"}


def test_the_scan_sees_the_kinds() -> None:
    assert {"unknown_key", "duration_without_unit", "duplicate_device", "overlapping_points"} <= KINDS.keys()


def test_words_and_values() -> None:
    assert say("yaml_tab", "a tab", {}, "en") == "a tab"
    assert "制表符" in say("yaml_tab", "a tab", {}, "zh")
    assert say("no_such_kind", "told in {language}", {"language": "English"}, "zh") == "told in English"
    assert fill("{a!r} {b} {c}", {"a": "x", "b": 2.50}) == "x 2.5 {c}"
    assert fill("{a}", {"a": "y" * 500}).endswith("…")
    assert fill("{a}", {"a": "tcp://me:hunter2@host"}) == "tcp://***@host"
    assert [language_of(locale) for locale in ("zh_CN.UTF-8", "C.UTF-8", "")] == ["zh", "en", "en"]
