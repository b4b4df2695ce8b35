"""What is shorter than the time between two readings: waits and windows that never see a second one."""

from collections.abc import Iterator, Mapping

from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.duration import written
from rules.language.arguments import windows_in
from rules.language.source import finding, parse, span
from rules.lint.spelling import window_s
from rules.rule import Rule
from rules.vocabulary import Vocabulary

Place = tuple[int | str, ...]


def pace_problems(
    rules: Mapping[int, Rule], vocabulary: Vocabulary, period_s: float, tick_s: float
) -> list[InitErrorDetails]:
    """Remarks about rules that compile; `period_s` is how often the fastest device delivers, `loc` begins as usual.

    A value is held until the next one. What is true at one reading therefore stays true until the next, at every tick.
    """
    return [remark for number, rule in rules.items() for remark in _of_rule(number, rule, vocabulary, period_s, tick_s)]


def _of_rule(
    number: int, rule: Rule, vocabulary: Vocabulary, period_s: float, tick_s: float
) -> Iterator[InitErrorDetails]:
    conditions: dict[Place, str] = {(number, name, "when"): level.when for name, level in rule.levels.items()}
    if rule.clear is not None:
        conditions[number, "clear"] = rule.clear
    for place, text in conditions.items():
        for problem in _short_windows(text, vocabulary, period_s):
            yield InitErrorDetails(type=problem, loc=place, input=text)
    for name, level in rule.levels.items():
        if 0.0 < level.for_s <= period_s - tick_s:
            message = "readings come every {period}: one of them is enough for {for_}, so this only delays the alert"
            words = {"for_": written(level.for_s), "period": written(period_s), "hint": written(2 * period_s)}
            problem = PydanticCustomError("for_within_one_reading", message, words)
            yield InitErrorDetails(type=problem, loc=(number, name, "for"), input=written(level.for_s))


def _short_windows(text: str, vocabulary: Vocabulary, period_s: float) -> Iterator[PydanticCustomError]:
    for call in windows_in(parse(text, vocabulary.units.values())):
        length_s = window_s(call)
        if 0.0 < length_s < period_s:
            message = "readings come every {period}: a window of {length} seldom sees two of them"
            words = {"length": written(length_s), "period": written(period_s)}
            yield finding("window_within_one_reading", message, span(call.args[-1]), **words)
