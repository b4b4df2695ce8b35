"""An envelope keeps every peak and every gap, however the rows are cut into blocks."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.almanac import UTC_ALMANAC
from gateway.core.envelope import Envelope, polyline, stretches
from gateway.core.ticks import time_ticks
from gateway.workbench.page.scales import spread

NAN = float("nan")
VALUES = st.lists(st.floats(-1e3, 1e3) | st.just(NAN), min_size=1, max_size=300)


def envelope(values: list[float], columns: int, cuts: list[int]) -> Envelope:
    drawn = Envelope(1, columns, 100.0, 400.0)
    times = 100.0 + np.arange(len(values), dtype=np.float64) * (300.0 / len(values))
    edges = sorted({0, len(values), *(cut % len(values) for cut in cuts)})
    for begin, end in pairwise(edges):
        drawn.feed(times[begin:end], np.array(values)[begin:end, None])
    drawn.finish()
    return drawn


@given(VALUES, st.integers(1, 80), st.lists(st.integers(0, 300), max_size=4))
def test_no_peak_is_lost(values: list[float], columns: int, cuts: list[int]) -> None:
    low, high = envelope(values, columns, cuts).range()
    known = np.array(values)[~np.isnan(values)]
    np.testing.assert_array_equal([low[0], high[0]], [known.min(), known.max()] if len(known) else [NAN, NAN])


@given(VALUES, st.integers(1, 80), st.lists(st.integers(0, 300), max_size=4))
def test_blocks_do_not_matter(values: list[float], columns: int, cuts: list[int]) -> None:
    whole, cut = envelope(values, columns, []), envelope(values, columns, cuts)
    for a, b in ((whole.low, cut.low), (whole.high, cut.high), (whole.last, cut.last)):
        np.testing.assert_array_equal(a, b)


def test_what_is_unknown_is_a_gap_and_what_is_held_is_none() -> None:
    drawn = Envelope(1, 10, 0.0, 10.0)
    drawn.feed(np.array([-1.0, 3.0]), np.array([[7.0], [8.0]]))
    drawn.feed(np.array([6.0, 8.5, 11.0]), np.array([[NAN], [9.0], [1e9]]))
    drawn.finish()
    np.testing.assert_array_equal(drawn.low[:, 0], [7, 7, 7, 8, 8, 8, NAN, NAN, 9, 9])
    assert list(stretches(~np.isnan(drawn.low[:, 0]))) == [(0, 6), (8, 10)]


def points(path: str) -> list[tuple[int, int]]:
    """What a path visits."""
    x = y = 0
    visited = []
    for command, numbers in re.findall(r"([MlhvH])([-\d ]+)", path):
        given_numbers = [int(number) for number in re.findall(r"-?\d+", numbers)]
        match command, given_numbers:
            case "M", [x, y]:
                pass
            case "l", [dx, dy]:
                x, y = x + dx, y + dy
            case "h", [dx]:
                x += dx
            case "v", [dy]:
                y += dy
        visited.append((x, y))
    return visited


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.booleans()), min_size=1, max_size=50))
def test_a_path_visits_both_ends_of_every_column(columns: list[tuple[int, int, bool]]) -> None:
    low, high = (np.array([pick(a, b) for a, b, _ in columns], np.intp) for pick in (max, min))  # y grows downwards
    last = np.where([up for _, _, up in columns], high, low)
    visited = points(polyline(2, 4, low, high, last))
    for i, (below, above) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        heights = [y for x, y in visited if x == 2 + 4 * i]
        if heights:  # a column inside a level stretch has no corner
            assert min(heights) <= above
            assert max(heights) >= below
        else:
            assert below == above


@given(st.lists(st.floats(0, 100), max_size=6))
def test_labels_keep_their_distance(wanted: list[float]) -> None:
    places = sorted(spread(wanted, 11.0, 0.0, 100.0))
    assert all(b - a > 10.999 for a, b in pairwise(places))
    assert all(0.0 <= place <= 100.0 for place in places)


@pytest.mark.parametrize(
    ("span_s", "step_s", "first"), [(60.0, 10.0, 0.0), (3600.0, 600.0, 200.0), (86400.0 * 3, 43200.0, 35000.0)]
)
def test_ticks_are_round_moments(span_s: float, step_s: float, first: float) -> None:
    start = 86400.0 * 20_000 + 8200.0
    ticks, step = time_ticks(start, start + span_s, 7, UTC_ALMANAC)
    assert step == step_s
    assert ticks[0] == start + first
    assert len(ticks) <= 7
