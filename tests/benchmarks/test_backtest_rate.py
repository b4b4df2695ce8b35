"""The rule book and the plain objects of the backtest benchmark see the same alerts; no figure is asserted."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import month as month_of_readings
from benchmarks import plain_windows
from benchmarks.backtest_rate import BacktestLoad, backtest_rate, seen
from benchmarks.journey import journey, write
from benchmarks.month import DAY_S, POINTS, START, STEP_S, Month, in_blocks, plant, words
from benchmarks.month_rules import FURTHER_RULES, MONTH_RULES
from benchmarks.plain_month import MonthAlert, PlainMonth, Seen
from benchmarks.plain_windows import Step
from benchmarks.rule_rate import Different
from gateway.history.recording import Recording
from rules.book import Book
from rules.rule import Transition
from rules.windows.basic import Average, Change, Deviation, Highest, Lowest, Rate, Rises, Stuck
from rules.windows.window import PACES, Window

SMALL = BacktestLoad(devices=6, days=1, sample=3, rounds=1)

pairs: list[tuple[Callable[[float, int], Window], Callable[[float], Step]]] = [
    (Average, plain_windows.average),
    (Deviation, plain_windows.deviation),
    (Highest, plain_windows.highest),
    (Lowest, plain_windows.lowest),
    (Rate, plain_windows.rate),
    (Change, plain_windows.delta),
    (Rises, plain_windows.rises),
    (Stuck, plain_windows.stuck),
]


@pytest.mark.parametrize(("product", "plain"), pairs)
@given(
    st.lists(
        st.tuples(st.sampled_from([1.0, 7.0, 60.0]), st.sampled_from([0.0, 0.0, 1.0, 2.5, math.nan])),
        min_size=1,
        max_size=80,
    )
)
def test_a_plain_window_is_the_window_of_the_product(
    product: Callable[[float, int], Window], plain: Callable[[float], Step], rows: list[tuple[float, float]]
) -> None:
    times = START + np.cumsum([step for step, _ in rows])
    values = np.array([value for _, value in rows])
    with np.errstate(all="ignore"):
        expected = product(300.0, 1).feed(times, values[:, None])[:, 0]
    step = plain(300.0)
    got = [step(time, value) for time, value in zip(times.tolist(), values.tolist(), strict=True)]
    cells = times // (300.0 / PACES)
    looks = np.diff(cells, prepend=np.nan) != 0.0  # in between the product's window stands
    np.testing.assert_allclose(np.array(got)[looks], expected[looks], rtol=1e-9, atol=1e-6)


def test_the_twins_agree_on_two_days_of_a_plant_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month_of_readings, "DAYS_PER_FAULT", 0.2)
    devices = 10
    month = Month(plant(devices), 2)
    book = Book([rule.written(i) for i, rule in enumerate(MONTH_RULES)], words(devices))
    plain = PlainMonth(MONTH_RULES, devices)
    ours: list[Transition] = []
    theirs: list[Seen] = []
    for block in in_blocks(month, month.fleet, month.end):
        ours += book.update(block.times, block.values, block.age, {})
        for time, row in zip(block.times.tolist(), block.values.tolist(), strict=True):
            theirs += plain.update(time, row)
    assert [seen(transition) for transition in ours] == theirs
    assert len(ours) > 100
    assert len({transition.rule for transition in ours}) > len(MONTH_RULES) / 2


def test_the_month_is_what_it_is_said_to_be() -> None:
    month = Month(plant(40), 3)
    first, again = (list(month.fresh(month.fleet, START, month.end)) for _ in range(2))
    assert [len(day.rows) for day in first] == [len(day.rows) for day in again]
    np.testing.assert_array_equal(first[2].values, again[2].values)
    values = np.concatenate([day.values for day in first])
    assert 0.0002 < np.isnan(values).mean() < 0.001
    assert len(values) < 40 * 3 * DAY_S / STEP_S, "some devices are silent for a while"
    running = values[:, POINTS.index("running")]
    assert set(running[~np.isnan(running)]) == {0.0, 1.0}


def test_the_rules_are_24_and_differ() -> None:
    assert len(MONTH_RULES) == 24
    assert len({rule.written(0).fingerprint for rule in MONTH_RULES}) == 24
    assert len({rule.kind for rule in MONTH_RULES}) == 9


def test_all_of_it_is_measured() -> None:
    told: list[str] = []
    result = backtest_rate(SMALL, told.append)
    figures = {figure.name: figure.middle for figure in result.figures}
    assert len({figure.name for figure in result.figures if "rule book" in figure.name}) == 2 + 9 + len(FURTHER_RULES)
    assert all(figure.low >= 0 for figure in result.figures)
    assert figures["peak memory of this process"] > 10
    assert len(result.goals) == 2
    assert told


def test_a_disagreement_is_an_error_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MonthAlert, "step", lambda *_: ("fired", "yellow"))
    with pytest.raises(Different, match="transitions against"):
        backtest_rate(SMALL, lambda _: None)


def test_the_whole_way_finds_what_the_book_finds(tmp_path: Path) -> None:
    month, path = Month(plant(30), 1), tmp_path / "history.db"
    write(month, path)
    rules = [rule.written(i) for i, rule in enumerate(MONTH_RULES)]
    way = journey(path, month, rules)
    book, fired = Book(rules, words(30)), set()
    for block in in_blocks(month, month.fleet, month.end):
        fired |= {(t.rule, t.row) for t in book.update(block.times, block.values, block.age, {}) if t.change == "fired"}
    assert way.tickets == len(fired) > 0
    assert way.readings == 1440 * 30 * len(POINTS)
    with Recording(path) as past:
        assert past.profiles() == month.profiles()
