from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import Fleet, Floats
from gateway.core.unfold import Held, IntArray, stale_limits, unfold

NAN = float("nan")


@dataclass(frozen=True)
class Past:
    """A random past of a small fleet."""

    times: Floats  # [T]
    rows: IntArray  # [N]
    devices: IntArray  # [N]
    event_times: Floats  # [N]
    values: Floats  # [N, P]
    stale_s: Floats  # [D]
    points: int

    def empty(self) -> Held:
        return Held.empty(len(self.stale_s), self.points)

    def part(self, first: int, end: int, last: Held) -> tuple[Floats, Floats, Held]:
        inside = (self.rows >= first) & (self.rows < end)
        return unfold(
            self.times[first:end],
            self.rows[inside] - first,
            self.devices[inside],
            self.event_times[inside],
            self.values[inside],
            last,
            self.stale_s,
        )


def twin(past: Past) -> tuple[Floats, Floats]:
    """The same, one cell after the other."""
    shape = (len(past.times), len(past.stale_s), past.points)
    shown, age = np.full(shape, NAN), np.full(shape, NAN)
    readings = {(int(past.rows[n]), int(past.devices[n])): n for n in range(len(past.rows))}
    for d in range(shape[1]):
        seen, value = -np.inf, [NAN] * past.points
        good = [-np.inf] * past.points
        for t, now in enumerate(past.times):
            n = readings.get((t, d))
            if n is not None:
                seen, value = past.event_times[n], list(past.values[n])
                good = [g if np.isnan(v) else seen for g, v in zip(good, value, strict=True)]
            for p in range(past.points):
                shown[t, d, p] = NAN if now - seen > past.stale_s[d] else value[p]
                age[t, d, p] = max(0.0, now - good[p])
    return shown, age


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    count, fleet, points = draw(st.integers(1, 12)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    steps = draw(st.lists(st.sampled_from([0.5, 1.0, 7.0]), min_size=count, max_size=count))
    times = np.cumsum(steps)
    cells = draw(st.permutations([(t, d) for t in range(count) for d in range(fleet)]))
    cells = cells[: draw(st.integers(0, len(cells)))]
    late = draw(st.lists(st.sampled_from([0.0, 0.25, 3.0, -0.5]), min_size=len(cells), max_size=len(cells)))
    value = st.sampled_from([NAN, 0.0, 1.0, -2.5])
    values = draw(st.lists(st.lists(value, min_size=points, max_size=points), min_size=len(cells), max_size=len(cells)))
    rows = np.array([t for t, _ in cells], np.intp)
    return Past(
        times,
        rows,
        np.array([d for _, d in cells], np.intp),
        times[rows] - np.array(late),
        np.array(values, dtype=float).reshape(len(cells), points),
        np.array(draw(st.lists(st.sampled_from([1.0, 5.0, np.inf]), min_size=fleet, max_size=fleet))),
        points,
    )


@settings(max_examples=300)
@given(pasts())
def test_agrees_with_the_plain_twin(past: Past) -> None:
    shown, age, _ = past.part(0, len(past.times), past.empty())
    expected_shown, expected_age = twin(past)
    np.testing.assert_array_equal(shown, expected_shown)
    np.testing.assert_array_equal(age, expected_age)


@settings(max_examples=300)
@given(pasts(), st.data())
def test_does_not_depend_on_how_rows_are_cut(past: Past, data: st.DataObject) -> None:
    count = len(past.times)
    cuts = sorted({0, count, *data.draw(st.lists(st.integers(0, count)))})
    last = past.empty()
    pieces = []
    for first, end in pairwise(cuts):
        shown, age, last = past.part(first, end, last)
        pieces.append((shown, age))
    whole_shown, whole_age, whole_last = past.part(0, count, past.empty())
    np.testing.assert_array_equal(np.concatenate([shown for shown, _ in pieces]), whole_shown)
    np.testing.assert_array_equal(np.concatenate([age for _, age in pieces]), whole_age)
    for name in ("values", "good_at", "seen_at"):
        np.testing.assert_array_equal(getattr(last, name), getattr(whole_last, name))


def test_a_reading_without_a_value_is_unknown_at_once_and_its_age_goes_on() -> None:
    shown, age, _ = unfold(
        np.array([10.0, 20.0, 30.0]),
        np.array([0, 1]),
        np.array([0, 0]),
        np.array([10.0, 20.0]),
        np.array([[1.0, 2.0], [NAN, 3.0]]),
        Held.empty(1, 2),
        np.array([60.0]),
    )
    np.testing.assert_array_equal(shown[:, 0], [[1, 2], [NAN, 3], [NAN, 3]])
    np.testing.assert_array_equal(age[:, 0], [[0, 0], [10, 0], [20, 10]])


def test_a_value_is_held_up_to_its_stale_limit_and_no_longer() -> None:
    times = np.array([0.0, 5.0, 5.1])
    reading = (np.array([0]), np.array([0]), np.array([0.0]), np.array([[1.0]]))
    shown, age, _ = unfold(times, *reading, Held.empty(1, 1), np.array([5.0]))
    np.testing.assert_array_equal(shown[:, 0, 0], [1, 1, NAN])
    np.testing.assert_array_equal(age[:, 0, 0], [0, 5, 5.1])


@pytest.mark.parametrize("count", [1, 2])
def test_what_was_held_is_left_untouched(count: int) -> None:
    last = Held(np.array([[1.0]]), np.array([[1.0]]), np.array([1.0]))
    times = np.arange(2.0, 2.0 + count)
    shown, _, held = unfold(
        times, np.array([0]), np.array([0]), np.array([2.0]), np.array([[7.0]]), last, np.array([9.0])
    )
    shown[:] = NAN
    assert (last.values[0, 0], last.good_at[0, 0], last.seen_at[0]) == (1.0, 1.0, 1.0)
    assert held.values[0, 0] == 7.0


def test_stale_limit_is_three_polls_but_not_less_than_five_seconds(fleet_of: Callable[..., Fleet]) -> None:
    assert stale_limits(fleet_of(1, every="10s")).tolist() == [30.0]
    assert stale_limits(fleet_of(1, every="1s")).tolist() == [5.0]
