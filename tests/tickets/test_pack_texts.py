"""What the shipped rules tell people: why, what to do, and how to do it safely, in both languages."""

from pathlib import Path
from typing import Literal

import pytest
import yaml

from rules.rule import Pack, Rule

PACKS = Path(__file__).parents[2] / "rules/packs"
FILES = [file for file in sorted(PACKS.glob("*.yaml")) if not file.name.endswith(".test.yaml")]
RULES = [rule for file in FILES for rule in Pack.model_validate(yaml.safe_load(file.read_text("utf-8"))).rules]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_shipped_rule_speaks_both_languages(rule: Rule) -> None:
    for told in (rule.title, rule.advice, rule.basis, rule.guide):
        assert set(told) == {"zh", "en"}
        assert not told["zh"].isascii()
        assert told["en"].strip()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(("language", "tools", "safety"), [("zh", "工具：", "安全："), ("en", "Tools: ", "Safety: ")])
def test_every_guide_has_tools_steps_and_safety(
    rule: Rule, language: Literal["zh", "en"], tools: str, safety: str
) -> None:
    first, *steps, last = rule.guide[language].splitlines()
    assert first.startswith(tools)
    assert [step.split(" ", 1)[0] for step in steps] == [f"{i}." for i in range(1, len(steps) + 1)]
    assert len(steps) >= 3
    assert last.startswith(safety)
