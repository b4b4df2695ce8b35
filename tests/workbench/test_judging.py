"""Whatever calls a person must be expected, and nothing else."""

from typing import Any

import pytest

from gateway.workbench.testing.judge import Event, Failure, judge
from gateway.workbench.testing.testfile import RuleTest
from rules.rule import Transition

BEGIN = 1704067200.0


def _judge(events: list[str], expect: list[dict[str, Any]], ignore: tuple[str, ...] = ()) -> list[str]:
    """Events such as "2m hot fired red"; the failures as "expected | actual"."""
    raw = {"name": "a", "device": {"profile": "p"}, "step": "1m", "series": {"x": "1x60"}}
    test = RuleTest.model_validate({**raw, "expect": expect, "ignore": ignore})
    return [_shown(failure) for failure in judge(test, [_event(text) for text in events])]


def _event(text: str) -> Event:
    minute, rule, change, level = text.split()
    time = BEGIN + 60.0 * float(minute.removesuffix("m"))
    transition = Transition(time, rule, 0, change, level, time, {})  # type: ignore[arg-type]
    return Event(BEGIN, transition, {})


def _shown(failure: Failure) -> str:
    want, got = failure.expected, failure.actual
    expected = "nothing" if want is None else "never" if want.never else f"{want.change} {want.level}"
    return f"{failure.rule}: {expected} | {f'{got.at / 60:g}m {got.transition.change}' if got else 'nothing'}"


def _expect(rule: str = "hot", **keys: Any) -> dict[str, Any]:
    return {"rule": rule, **keys}


@pytest.mark.parametrize(
    ("events", "expect", "failures"),
    [
        ([], [], []),
        (["5m hot fired red"], [_expect(at="5m", fired="red")], []),
        (["5m hot fired red"], [], ["hot: nothing | 5m fired"]),
        (["5m hot fired red"], [_expect(never=True)], ["hot: never | 5m fired"]),
        (["5m hot fired red"], [_expect("cold", never=True)], ["hot: nothing | 5m fired"]),
        ([], [_expect(never=True)], []),
        ([], [_expect(at="5m", fired="red")], ["hot: fired red | nothing"]),
        (["6m hot fired red"], [_expect(at="5m", fired="red")], ["hot: fired red | 6m fired"]),
        (["5m hot fired yellow"], [_expect(at="5m", fired="red")], ["hot: fired red | 5m fired"]),
        (
            ["5m cold fired red"],
            [_expect(at="5m", fired="red")],
            ["hot: fired red | nothing", "cold: nothing | 5m fired"],
        ),
        # Each change is expected on its own ...
        (
            ["5m hot fired yellow", "9m hot escalated red"],
            [_expect(at="5m", fired="yellow")],
            ["hot: nothing | 9m escalated"],
        ),
        # ... but clearing only where the test speaks of it.
        (["5m hot fired red", "9m hot cleared red"], [_expect(at="5m", fired="red")], []),
        (
            ["5m hot fired red", "9m hot cleared red"],
            [_expect(at="5m", fired="red"), _expect(at="8m", cleared="red")],
            ["hot: cleared red | 9m cleared"],
        ),
        # An exact moment takes one change, a stretch of time all that are left.
        (["5m hot fired red", "9m hot fired red"], [_expect(at="5m", fired="red")], ["hot: nothing | 9m fired"]),
        (["5m hot fired red", "9m hot fired red"], [_expect(fired="red", before="6m")], []),
        (["5m hot fired red", "9m hot fired red"], [_expect(fired="red"), _expect(at="5m", fired="red")], []),
        (["5m hot fired red"], [_expect(at="5m", fired="red")] * 2, ["hot: fired red | nothing"]),
        # A stretch ends before its limits, and its first change counts.
        (["5m hot fired red"], [_expect(fired="red", before="5m")], ["hot: fired red | 5m fired"]),
        (["5m hot fired red"], [_expect(fired="red", after="5m")], ["hot: fired red | 5m fired"]),
        (["5m hot fired red"], [_expect(fired="red", after="4m", before="6m")], []),
        (["5m hot fired red", "9m hot fired red"], [_expect(fired="red", after="6m")], ["hot: fired red | 5m fired"]),
    ],
)
def test_judging(events: list[str], expect: list[dict[str, Any]], failures: list[str]) -> None:
    assert _judge(events, expect) == failures


def test_an_ignored_rule_may_fire_but_what_is_expected_of_it_must_come() -> None:
    assert _judge(["5m hot fired red"], [], ("hot",)) == []
    assert _judge([], [_expect(at="5m", fired="red")], ("hot",)) == ["hot: fired red | nothing"]


def test_a_missed_change_is_shown_beside_the_nearest_one_of_its_rule() -> None:
    events = ["1m hot fired yellow", "9m hot fired red", "20m hot fired red"]
    assert _judge(events, [_expect(at="18m", fired="red")]) == [
        "hot: fired red | 20m fired",
        "hot: nothing | 1m fired",
        "hot: nothing | 9m fired",
    ]
