"""Thresholds watched all at once say what the same rules say one by one."""

import numpy as np
import pytest

from rules.plan import plan_rules
from rules.rule import Rule
from rules.vocabulary import Frame, Vocabulary
from rules.watch import Formulas, Thresholds

CONDITIONS = ["a > 1", "a >= 1", "a < 1", "a <= 1", "1 > a", "1 >= b", "-1 < a", "b <= -1", "not a > 1", "not (1 <= b)"]
AT_THE_EDGE = [0.0, 1.0, -1.0, np.nextafter(1, 2), np.nextafter(1, 0), np.nan, np.inf, -np.inf, 5e-324]


@pytest.mark.parametrize("clear", [None, "a < 0.5", "1 <= b"])
@pytest.mark.parametrize("red", CONDITIONS)
@pytest.mark.parametrize("yellow", CONDITIONS)
def test_thresholds_are_formulas(plain: Vocabulary, yellow: str, red: str, clear: str | None) -> None:
    rule = Rule.model_validate({"id": "r", "yellow": {"when": yellow}, "red": {"when": red}, "clear": clear})
    (plan,), _ = plan_rules([rule], plain, {})
    assert set(plan.thresholds) == {0, 1, 2}
    values = np.random.default_rng(1).choice(AT_THE_EDGE, (40, 3, 3))
    frame = Frame(np.arange(40.0), values, values, {}, plain.calendar)
    together, alone = Thresholds({0: plan}, 3, 3), Formulas({0: plan}, 3)
    assert set(alone.candidates(frame)) <= set(together.candidates(frame))
    cells = np.arange(3)
    np.testing.assert_array_equal(together.conditions(frame, cells), alone.conditions(frame, cells))


@pytest.mark.parametrize(
    "when", ["a == 1", "a > b", "a > 1 and b > 1", "a", "avg(a, 5m) > 1", "a > 1 or b > 2", "a + 1 > 2"]
)
def test_what_is_no_threshold(plain: Vocabulary, when: str) -> None:
    (plan,), _ = plan_rules([Rule.model_validate({"id": "r", "red": {"when": when}})], plain, {})
    assert plan.thresholds == {}


def test_hours_make_a_formula(plain: Vocabulary) -> None:
    rule = Rule.model_validate({"id": "r", "red": {"when": "a > 1", "between": "06:00-07:00"}})
    (plan,), _ = plan_rules([rule], plain, {})
    assert plan.thresholds == {}
