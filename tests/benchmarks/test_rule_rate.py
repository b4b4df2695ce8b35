"""The rule book and the plain objects of the benchmark see the same alerts; no figure is asserted."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plain_rules import Alert, PlainBook
from benchmarks.rule_rate import (
    BETWEEN,
    CLEAR,
    FOR_S,
    LIMIT,
    LONG,
    OVER,
    USUAL,
    Different,
    RuleLoad,
    check,
    excursions,
    product_book,
    rule_rate,
)

SMALL = RuleLoad(devices=30, points=4, ticks=60, rounds=2, flapping=0.02)


@given(st.lists(st.sampled_from([USUAL, BETWEEN, OVER]), min_size=1, max_size=150))
def test_the_twins_agree_on_any_course_of_a_value(course: list[float]) -> None:
    book, plain = product_book(1, 1), PlainBook([(LIMIT, FOR_S, CLEAR)], 1)
    age = np.zeros((1, 1))
    for second, value in enumerate(course):
        values = np.array([[value]])
        assert check(book, float(second), values, age) == plain.update(float(second), values.tolist())


def test_an_alert_fires_after_its_time_and_clears_below_its_limit() -> None:
    plain = PlainBook([(LIMIT, FOR_S, CLEAR)], 1)
    course = [OVER] * 40 + [BETWEEN] * 5 + [USUAL] * 2
    seen = [change for second, value in enumerate(course) for change in plain.update(float(second), [[value]])]
    assert seen == [(30.0, 0, 0, "fired"), (45.0, 0, 0, "cleared")]


def test_the_twins_agree_on_the_load_of_the_benchmark() -> None:
    book, plain = product_book(30, 4), PlainBook([(LIMIT, FOR_S, CLEAR)] * 4, 30)
    age = np.zeros((30, 4))
    seen = 0
    for time, values in islice(excursions(SMALL, 0.02), 400):
        changes = plain.update(time, values.tolist())
        assert check(book, time, values, age) == changes
        seen += len(changes)
    assert seen > 5


def test_excursions_are_as_rare_as_they_were_asked_for() -> None:
    ticks = [values for _, values in islice(excursions(RuleLoad(devices=500), 0.002), 50)]
    over = np.mean([np.mean(values >= OVER) for values in ticks])
    assert 0.001 < over < 0.002 * (1.0 + LONG * 50.0) * 1.5


def test_both_cases_are_measured() -> None:
    told: list[str] = []
    result = rule_rate(SMALL, told.append)
    names = [figure.name for figure in result.figures]
    assert len(told) == 2
    assert "quiet: rule book over objects" in names
    assert "flapping: rule book over objects" in names
    assert all(len(figure.rounds) == SMALL.rounds and min(figure.rounds) >= 0 for figure in result.figures)
    fired = next(figure for figure in result.figures if figure.name == "flapping: transitions")
    assert fired.high > 0
    assert len(result.goals) == 2


def test_a_disagreement_is_an_error_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Alert, "step", lambda *_: None)
    with pytest.raises(Different, match="transitions against 0"):
        rule_rate(SMALL, lambda _: None)
