"""Says what became of rule tests: in sentences with a drawing for people, as plain data for machines."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.core.messages import Language, say
from gateway.workbench.testing.judge import Failure
from gateway.workbench.testing.misfits import misfit_sentences
from gateway.workbench.testing.moments import moment
from gateway.workbench.testing.picture import picture
from gateway.workbench.testing.play import Verdict
from gateway.workbench.testing.plot import draw
from gateway.workbench.testing.subject import Subject
from gateway.workbench.testing.testfile import Change, Expectation

_CHANGES: Mapping[Change, tuple[str, str]] = {
    "fired": ("change_fired", "fired {level}"),
    "escalated": ("change_escalated", "escalated to {level}"),
    "cleared": ("change_cleared", "cleared {level}"),
}


def explain(verdict: Verdict, subject: Subject, language: Language) -> Iterator[str]:
    """The lines that explain a failed test: for each rule what differs, and a drawing of what it saw."""
    for rule in dict.fromkeys(failure.rule for failure in verdict.failures):
        failures = [failure for failure in verdict.failures if failure.rule == rule]
        yield from (f"  {line}" for failure in failures for line in sentences(failure, language))
        drawn = picture(rule, failures, verdict, subject, language)
        yield from (f"    {line}".rstrip() for line in (draw(drawn) if drawn.marks else ()))


def sentences(failure: Failure, language: Language) -> list[str]:
    """What was expected and what came."""
    if failure.misfits:
        return misfit_sentences(failure, language)
    words = {"rule": failure.rule, "expected": _expected(failure, language), "actual": _actual(failure, language)}
    return [say("test_differs", "{rule}: expected {expected}, got {actual}", words, language)]


def as_data(verdict: Verdict) -> list[dict[str, Any]]:
    """The failures for machines; moments in seconds since the beginning of the test."""
    return [_failure_data(failure) for failure in verdict.failures]


def _failure_data(failure: Failure) -> dict[str, Any]:
    expected, actual = failure.expected, failure.actual
    return {
        "rule": failure.rule,
        "message": "; ".join(sentences(failure, "en")),
        "expected": expected and expected.model_dump(exclude_none=True, exclude={"rule", "ticket"}),
        "actual": actual and {actual.transition.change: actual.transition.level, "at": actual.at},
        "ticket": {m.field: {"expected": m.expected, "actual": m.actual} for m in failure.misfits},
    }


def _expected(failure: Failure, language: Language) -> str:
    expectation = failure.expected
    if expectation is None or expectation.change is None:
        return say("no_change", "nothing", {}, language)
    return f"{_change(expectation.change, expectation.level or '', language)}{_when(expectation, language)}"


def _actual(failure: Failure, language: Language) -> str:
    if failure.actual is None:
        return say("no_change", "nothing", {}, language)
    change = _change(failure.actual.transition.change, failure.actual.transition.level, language)
    return f"{change}{say('when_at', ' at {at}', {'at': moment(failure.actual.at)}, language)}"


def _change(change: Change, level: str, language: Language) -> str:
    return say(*_CHANGES[change], {"level": level}, language)


def _when(expectation: Expectation, language: Language) -> str:
    english = {"at": " at {at}", "after": " after {after}", "before": " before {before}"}
    given = {key: at for key in english if (at := getattr(expectation, key)) is not None}
    return "".join(say(f"when_{key}", english[key], {key: moment(at)}, language) for key, at in given.items())
