"""A level of a rule as the line of YAML that a person would paste."""

from rules.duration import time_of_day, written
from rules.rule import LevelName, Rule


def as_yaml(rule: Rule, level: LevelName) -> str:
    """As in `yellow: {when: "flow < 0.5", for: 5s, between: "06:00-23:00"}`.

    Raises KeyError if the rule lacks the level.
    """
    condition = rule.levels[level]
    when = " ".join(condition.when.split())
    keys = [f'when: "{when}"']
    if condition.for_s:
        keys.append(f"for: {written(condition.for_s)}")
    if condition.between:
        keys.append(f'between: "{"-".join(map(time_of_day, condition.between))}"')
    return f"{level}: {{{', '.join(keys)}}}"
