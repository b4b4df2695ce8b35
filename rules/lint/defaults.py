"""What is legal in a rule but pointless: defaults that are written out."""

from collections.abc import Sequence
from typing import LiteralString

from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.duration import DAY_S
from rules.rule import LevelCondition, Rule

Loc = tuple[int | str, ...]


def lint_rules(rules: Sequence[Rule]) -> list[InitErrorDetails]:
    """Remarks about the rules; `loc` begins with the rule's index. Nothing here changes what a rule does."""
    return [remark for i, rule in enumerate(rules) for remark in _remarks(rule, i)]


def _remarks(rule: Rule, i: int) -> list[InitErrorDetails]:
    remarks = [remark for name, level in rule.levels.items() for remark in _level_remarks(level, (i, name))]
    if "keep_s" in rule.model_fields_set and rule.keep_s == 0:
        remarks.append(_default((i, "keep"), "keep", "0s"))
    if "latch" in rule.model_fields_set and not rule.latch:
        remarks.append(_default((i, "latch"), "latch", "false"))
    if "per" in rule.model_fields_set and rule.per == "device":
        remarks.append(_default((i, "per"), "per", "device"))
    return remarks


def _level_remarks(level: LevelCondition, loc: Loc) -> list[InitErrorDetails]:
    remarks = []
    if "for_s" in level.model_fields_set and level.for_s == 0:
        remarks.append(_default((*loc, "for"), "for", "0s"))
    if level.between == (0.0, DAY_S):
        message = "this is the whole day; leave it away"
        remarks.append(_remark("whole_day", message, (*loc, "between"), "00:00-24:00"))
    return remarks


def _default(loc: Loc, key: str, value: str) -> InitErrorDetails:
    message = "{key}: {value} is the default; leave it away"
    problem = PydanticCustomError("written_default", message, {"key": key, "value": value})
    return InitErrorDetails(type=problem, loc=loc, input=value)


def _remark(kind: LiteralString, message: LiteralString, loc: Loc, text: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(kind, message), loc=loc, input=text)
