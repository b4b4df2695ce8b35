"""Limits that are worth a try."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.workbench.tuning.candidates import Origin, candidates, thinned


def test_a_limit_above_gets_milder_as_it_rises() -> None:
    values = np.random.default_rng(1).normal(50.0, 2.0, 100_000)
    found = candidates(values, 55.0, upward=True)
    numbers = [each.number for each in found]
    assert numbers == sorted(numbers)
    by_origin = {origin: each.number for each in found for origin in each.origins}
    assert by_origin[Origin("now")] == 55.0
    assert by_origin[Origin("percentile", 99.0)] == pytest.approx(50 + 2.326 * 2, abs=0.2)
    assert by_origin[Origin("deviations", 3.0)] == pytest.approx(56.0, abs=0.2)
    assert by_origin[Origin("beyond")] >= values.max()


def test_a_limit_below_gets_milder_as_it_falls() -> None:
    values = np.random.default_rng(1).normal(50.0, 2.0, 100_000)
    found = candidates(values, 45.0, upward=False)
    numbers = [each.number for each in found]
    assert numbers == sorted(numbers, reverse=True)
    by_origin = {origin: each.number for each in found for origin in each.origins}
    assert by_origin[Origin("percentile", 99.0)] == pytest.approx(50 - 2.326 * 2, abs=0.2)
    assert by_origin[Origin("beyond")] <= values.min()


def test_what_cannot_be_is_no_candidate() -> None:
    found = candidates(np.array([0.2, 0.9, 0.999]), 0.5, upward=True, low=0.0, high=0.95)
    assert all(0.0 < each.number < 0.95 for each in found)


@pytest.mark.parametrize("values", [[], [3.0], [3.0] * 50])
def test_few_or_equal_values_give_what_they_can(values: list[float]) -> None:
    found = candidates(np.array(values), 2.5, upward=True)
    assert found[0].number == 2.5
    assert {each.number for each in found} <= {2.5, 3.0}


def test_a_constant_that_is_at_the_limit_is_not_beyond_it() -> None:
    (above,) = candidates(np.full(9, 0.3001), 0.1, upward=True)[1:]
    assert above.number >= 0.3001


@given(
    st.lists(st.floats(-1e9, 1e9).filter(lambda x: abs(x) > 1e-9), min_size=1, max_size=200),
    st.booleans(),
)
def test_beyond_the_most_extreme_candidate_there_is_nothing(values: list[float], upward: bool) -> None:  # noqa: FBT001
    found = candidates(np.array(values), 0.0, upward=upward)
    mildest = next(each.number for each in found if Origin("beyond") in each.origins)
    slack = 1e-5 * abs(mildest)
    assert all(value <= mildest + slack if upward else value >= mildest - slack for value in values)


@given(st.lists(st.lists(st.integers(0, 100), max_size=60), max_size=30), st.integers(1, 50))
def test_thinning_keeps_every_nth_value_wherever_the_parts_are_cut(parts: list[list[int]], most: int) -> None:
    whole = [float(i) for i, _ in enumerate(value for part in parts for value in part)]
    cut, at = [], 0
    for part in parts:
        cut.append(np.array(whole[at : at + len(part)]))
        at += len(part)
    kept = thinned(cut, most)
    assert len(kept) <= max(2 * most, 0)
    steps = np.diff(kept)
    assert not whole or kept[0] == whole[0]
    assert len(set(steps.tolist())) <= 1
    if len(whole) <= 2 * most:
        assert kept.tolist() == whole
