"""The search within a refused read, against a device that is a set of addresses and a longest read."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.plan import Limits, Place, Read, plan
from drivers.survey import Found, survey


def search(places: list[Place], readable: Callable[[Read], bool]) -> tuple[Found, int]:
    """What is found within the one read of the places, and in how many questions."""
    (read,) = plan(places, Limits(gap=124))
    steps, asked, answered = survey(read, places), 0, None
    while True:
        try:
            trial = next(steps) if answered is None else steps.send(answered)
        except StopIteration as end:
            return end.value, asked
        asked += 1
        answered = readable(trial)


def without(*holes: int, longest: int = 125) -> Callable[[Read], bool]:
    return lambda read: read.count <= longest and not set(holes) & set(range(read.address, read.address + read.count))


WORDS = [Place("holding", address, 1) for address in (0, 1, 2, 5, 6, 9)]


@pytest.mark.parametrize(
    ("readable", "cuts", "refused"),
    [
        pytest.param(without(4), {5}, set(), id="a hole between points"),
        pytest.param(without(3, 8), {5, 9}, set(), id="two holes"),
        pytest.param(without(5), {5, 6}, {5}, id="a point that is not there"),
        pytest.param(without(9), {9, 10}, {9}, id="the last point"),
        pytest.param(without(0), {0, 1}, {0}, id="the first point"),
        pytest.param(without(longest=4), {5, 9}, set(), id="reads that are too long"),
    ],
)
def test_what_is_found(readable: Callable[[Read], bool], cuts: set[int], refused: set[int]) -> None:
    found, _ = search(WORDS, readable)
    assert {address for _, address in found.cuts} == cuts
    assert {address for _, address in found.refused} == refused
    assert found.any_answered


def test_a_device_that_refuses_everything_has_taught_us_nothing() -> None:
    found, _ = search(WORDS, lambda _: False)
    assert not found.any_answered


def test_one_hole_among_sixty_points_costs_few_questions() -> None:
    places = [Place("holding", 2 * i, 1) for i in range(60)]
    found, asked = search(places, without(31))
    assert found.cuts == {("holding", 32)}
    assert asked <= 7


def test_points_that_share_registers_stay_together() -> None:
    places = [Place("holding", 0, 2), Place("holding", 1, 1), Place("holding", 4, 1)]
    found, _ = search(places, without(3))
    assert found == Found(frozenset({("holding", 4)}), frozenset(), any_answered=True)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1, 2, 4])), min_size=2, max_size=14),
    st.sets(st.integers(0, 90), max_size=6),
    st.integers(4, 125),
)
def test_afterwards_everything_that_can_be_read_is_read_and_nothing_is_asked_in_vain(
    gaps: list[tuple[int, int]], holes: set[int], longest: int
) -> None:
    address, places = 0, []
    for gap, width in gaps:
        places.append(Place("holding", address + gap, width))
        address += gap + width
    if address - places[0].address > 125:
        return
    readable = without(*holes, longest=longest)
    (whole,) = plan(places, Limits(gap=124))
    if readable(whole):
        return
    found, _ = search(places, readable)
    for read in plan(places, replace(Limits(gap=124), cuts=found.cuts)):
        alone = (read.table, read.address) in found.refused
        assert readable(read) != alone
        assert not alone or len({places[part.point] for part in read.slices}) == 1
