"""The ways in which a condition can be true, and what a rule doubts when one of them is."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from rules.book import Book
from rules.language.alternatives import alternatives
from rules.language.expression import compile_condition
from rules.rule import Rule
from rules.vocabulary import Frame, Vocabulary
from tests.rules.wall import UTC

TEXTS = {
    "a > 1": ("a > 1",),
    "a > 1 or b > 1  or c": ("a > 1", "b > 1", "c"),
    "a and (b or c > 2 and a < 9)": ("(a) and (b)", "(a) and (c > 2 and a < 9)"),
    "(a or b) and (b or c)": ("(b or c) and (a)", "(b or c) and (b)"),
    "a or b and (c or a > 3)": ("a", "(b) and (c)", "(b) and (a > 3)"),
    "not (a or b)": ("not (a or b)",),
    "held(a or b, 5m) > 0.5": ("held(a or b, 5m) > 0.5",),
}


@pytest.mark.parametrize("text", TEXTS)
def test_each_way_by_itself(text: str) -> None:
    assert alternatives(text, ()) == TEXTS[text]


@pytest.mark.parametrize("text", TEXTS)
def test_the_condition_is_true_when_one_of_them_is(plain: Vocabulary, text: str) -> None:
    rng = np.random.default_rng(7)
    values = rng.choice([0.0, 1.0, 2.5, 5.0, np.nan], (400, 3, 3))
    frame = Frame(np.arange(400.0), values, np.zeros_like(values), {}, UTC)

    def true(of: str) -> Any:
        windows: dict[str, Any] = {}
        condition, problems = compile_condition(of, plain, windows)
        assert condition is not None, problems
        with np.errstate(all="ignore"):
            for window in windows.values():
                window.feed(frame)
            return frame.full(condition.truth.true(frame))

    ways = [true(each) for each in alternatives(text, ())]
    np.testing.assert_array_equal(np.any(ways, axis=0), true(text))


STILL = {
    "id": "still",
    "yellow": {"when": "c < 9 and (stuck(a, 5s) or stuck(b, 5s))"},
    "doubts": ["a", "b"],
    "title": {"en": "{device}: {doubts}"},
}


def test_only_what_the_true_way_names_is_doubted(plain: Vocabulary) -> None:
    book = Book([Rule.model_validate(STILL)], plain)
    values = np.random.default_rng(3).normal(size=(20, 3, 3))
    values[5:, 0, 1] = values[5, 0, 1]
    values[8:, 2, :2] = 4.0
    values[..., 2] = 0.0
    got = book.update(np.arange(20.0), values, np.zeros_like(values), {})
    assert [(each.row, each.doubts) for each in got] == [(0, ("b",)), (2, ("a", "b"))]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"doubts": ["d"]}, "unknown_doubt"),
        ({"doubts": ["score.usual"]}, "unknown_doubt"),
        ({"doubts": ["a", "c"], "yellow": {"when": "stuck(a, 5s)"}}, "idle_doubt"),
        ({"doubts": []}, "unknown_field"),
        ({"title": {"en": "{doubts:.1f}"}}, "bad_format"),
    ],
)
def test_doubts_that_mean_nothing(plain: Vocabulary, changed: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Book([Rule.model_validate(STILL | changed)], plain)
    assert [each["type"] for each in raised.value.errors()] == [kind]
