"""Every kind of problem can be said in Chinese, with the values of the English sentence."""

import re

import pytest

from gateway.cli.reference.kinds import spoken
from gateway.core.messages import chinese, fill, language_of, say

_PLACES = re.compile(r"\{(\w+)")
KINDS = {kind: " ".join(sentences) for kind, sentences in spoken().items()}


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
