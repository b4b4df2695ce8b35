"""An envelope says of each column what a loop in plain Python says of it."""

from itertools import pairwise
from math import isnan

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.envelope import Envelope

NAN = float("nan")
VALUES = st.lists(st.integers(-9, 9).map(float) | st.just(NAN), min_size=1, max_size=60)


def plainly(times: list[float], values: list[float], columns: int, start: float, end: float) -> list[list[float]]:
    """Low, high and last of each column; a column without a row shows what stood before it."""
    found, before = [], NAN
    edges = np.linspace(start, end, columns + 1).tolist()
    for time, value in zip(times, values, strict=True):
        before = value if time < start else before
    for left, right in pairwise(edges):
        seen = [value for time, value in zip(times, values, strict=True) if left <= time < right]
        known = [value for value in seen or [before] if not isnan(value)]
        before = seen[-1] if seen else before
        low, high = min(known, default=NAN), max(known, default=NAN)
        found.append([low, high, high if isnan(before) else before])
    return found


@given(VALUES, st.integers(1, 20), st.floats(-5.0, 30.0), st.floats(1.0, 60.0), st.integers(0, 60))
def test_as_a_loop_would(values: list[float], columns: int, start: float, length: float, cut: int) -> None:
    times = np.arange(len(values), dtype=np.float64)
    drawn = Envelope(1, columns, start, start + length)
    for part in (slice(None, cut), slice(cut, None)):
        drawn.feed(times[part], np.array(values)[part, None])
    drawn.finish()
    expected = np.array(plainly(times.tolist(), values, columns, start, start + length))
    np.testing.assert_array_equal(np.hstack([drawn.low, drawn.high, drawn.last]), expected)
