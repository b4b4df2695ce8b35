"""What to draw of one rule in a failed test: the points that it reads, its limits, where it held, and the moments."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gateway.core.messages import Language, say
from gateway.workbench.testing.holding import Holding
from gateway.workbench.testing.judge import Failure
from gateway.workbench.testing.moments import moment
from gateway.workbench.testing.play import Verdict
from gateway.workbench.testing.plot import ACTUAL, EXPECTED, Curve, HoldingRow, Mark, Picture
from gateway.workbench.testing.subject import Subject
from rules.language.limits import limits
from rules.rule import Rule

_MOST_DRAWN = 6


def picture(rule: str, failures: Iterable[Failure], verdict: Verdict, subject: Subject, language: Language) -> Picture:
    """Everything about one rule; without marks there is nothing to draw."""
    held = verdict.held.get(rule, {})
    return Picture(
        samples=verdict.test.samples,
        step_s=verdict.test.step,
        curves=_curves(rule, verdict, subject, language),
        holdings=[_row(name, holding, language) for name, holding in held.items()],
        marks=[mark for failure in failures for mark in _marks(failure, verdict.test.end_s, language)],
    )


def _row(level: str, holding: Holding, language: Language) -> HoldingRow:
    label = say("row_true", "{level} true", {"level": level}, language)
    note = say("row_for", "for {time}", {"time": moment(holding.for_s)}, language) if holding.for_s else ""
    return HoldingRow(label, holding, note)


def _curves(rule: str, verdict: Verdict, subject: Subject, language: Language) -> list[Curve]:
    """The series that the rule reads, as far as they are known; if none is, all of them."""
    read = subject.read_by(rule)
    names = [name for name in verdict.seen if name in read] or list(verdict.seen)
    units = {point.name: point.unit for point in subject.profile.points}
    curves = [Curve(name, units.get(name, ""), verdict.seen[name]) for name in names[:_MOST_DRAWN]]
    ratings = verdict.test.device.ratings if verdict.test.device else {}
    by_name = _limits(subject.rules[rule], subject, ratings, language)
    return [replace(curve, limits=by_name.get(curve.name, {})) for curve in curves]


def _limits(
    rule: Rule, subject: Subject, ratings: Mapping[str, float], language: Language
) -> dict[str, dict[str, float]]:
    """Every number that is compared with something, by what that is, then by what is written beside the number."""
    words = subject.vocabulary(ratings)
    found: dict[str, dict[str, float]] = {}
    for level, text in _conditions(rule, language):
        for limit in limits(text, words):
            value = float(limit.values(words)[0])
            if not math.isnan(value):  # a rating that is unknown is no limit
                found.setdefault(limit.quantity, {})[f"{level} {limit.operator} {value:.4g}"] = value
    return found


def _conditions(rule: Rule, language: Language) -> Iterator[tuple[str, str]]:
    yield from ((name, level.when) for name, level in rule.levels.items())
    if rule.clear is not None:
        yield say("row_clear", "clear", {}, language), rule.clear


def _marks(failure: Failure, end_s: float, language: Language) -> Iterator[Mark]:
    """The moments to draw; a ticket that says something else came when it should."""
    expectation, actual = failure.expected, failure.actual
    if failure.misfits:
        return
    if expectation is not None and expectation.change:
        begin = expectation.after or 0.0 if expectation.at is None else expectation.at
        end = expectation.before or end_s if expectation.at is None else expectation.at
        yield Mark(say("mark_expected", "expected", {}, language), EXPECTED, begin, end)
    if actual is not None:
        yield Mark(say("mark_actual", "actual", {}, language), ACTUAL, actual.at, actual.at)
