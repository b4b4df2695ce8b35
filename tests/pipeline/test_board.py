"""The board cuts time into ticks, keeps every reading, and gives the same rows however often it is asked."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Batch, Device, Point, Profile
from gateway.core.types import Block, Fleet
from gateway.core.unfold import stale_limits
from gateway.pipeline.board import MAX_ROWS, Board

PROFILE = Profile(profile="meter", driver="none", points=(Point(name="a"), Point(name="b")))


def fleet(count: int, every_s: float = 1.0) -> Fleet:
    devices = tuple(
        Device.model_validate({"id": f"D-{i}", "profile": "meter", "on": "x", "every": f"{every_s}s"})
        for i in range(count)
    )
    return Fleet(PROFILE, devices)


def batch(device: int, time: float, a: float, b: float = 0.0) -> Batch:
    return Batch(f"D-{device}", time, np.array([a, b]))


def taken(board: Board, now: float) -> Block:
    ((block, _),) = board.take(now)
    return block


def test_a_quiet_tick_is_one_row_of_unknown() -> None:
    block = taken(Board([fleet(2)], 1.0), 100.3)
    assert block.times.tolist() == [100.0]
    assert np.isnan(block.values).all()
    assert np.isinf(block.age).all()


def test_nothing_is_handed_over_before_the_next_tick() -> None:
    board = Board([fleet(1)], 1.0)
    board.take(100.3)
    assert board.take(100.9) == []


def test_a_reading_is_shown_at_the_end_of_its_cell_and_held() -> None:
    board = Board([fleet(1)], 1.0)
    board.take(100.0)
    board.put(batch(0, 100.4, 7.0))
    block = taken(board, 103.2)
    assert block.times.tolist() == [101.0, 102.0, 103.0]
    assert block.values[:, 0, 0].tolist() == [7.0, 7.0, 7.0]
    assert block.age[:, 0, 0] == pytest.approx([0.6, 1.6, 2.6])


def test_no_reading_is_skipped_when_a_device_delivers_twice_in_a_cell() -> None:
    board = Board([fleet(2)], 1.0)
    board.take(100.0)
    for entry in (batch(0, 100.2, 1.0), batch(1, 100.3, 5.0), batch(0, 100.4, 2.0), batch(0, 100.9, 3.0)):
        board.put(entry)
    block = taken(board, 101.0)
    assert block.values[:, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert block.times[-1] == 101.0
    assert (np.diff(block.times) > 0).all()
    assert block.values[-1, 1, 0] == 5.0


def test_a_late_reading_never_moves_time_backwards() -> None:
    board = Board([fleet(1)], 1.0)
    board.take(100.0)
    board.put(batch(0, 42.0, 1.0))
    assert taken(board, 101.0).times.tolist() == [101.0]


def test_a_reading_of_the_running_cell_waits_for_its_tick() -> None:
    board = Board([fleet(1)], 1.0)
    board.put(batch(0, 100.7, 9.0))
    assert math.isnan(taken(board, 100.9).values[-1, 0, 0])
    assert taken(board, 101.0).values[-1, 0, 0] == 9.0


def test_a_silent_device_becomes_unknown() -> None:
    board = Board([fleet(1, every_s=2.0)], 1.0)
    board.take(100.0)
    board.put(batch(0, 101.0, 9.0))
    block = taken(board, 110.0)
    limit_s = stale_limits(fleet(1, every_s=2.0))[0]
    known = ~np.isnan(block.values[:, 0, 0])
    assert block.times[known].tolist() == [t for t in block.times.tolist() if t - 101.0 <= limit_s and t >= 101.0]


def test_an_unknown_device_is_counted_not_kept() -> None:
    board = Board([fleet(1)], 1.0)
    board.put(batch(9, 100.0, 1.0))
    assert board.unknown_devices == 1


def test_a_leap_of_the_clock_is_bounded() -> None:
    board = Board([fleet(1)], 1.0)
    board.take(100.0)
    assert len(taken(board, 1e9).times) == MAX_ROWS


@given(
    events=st.lists(st.tuples(st.integers(0, 2), st.floats(0.0, 30.0), st.floats(-5, 5)), max_size=60),
    cuts=st.lists(st.integers(1, 40), max_size=12, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_how_often_the_board_is_asked_changes_nothing(events: list[tuple[int, float, float]], cuts: list[int]) -> None:
    """Taking at every cut, or once at the end, shows each device the same values in the same order."""
    ordered = sorted(events, key=lambda event: event[1])
    whole, pieces = Board([fleet(3)], 1.0), Board([fleet(3)], 1.0)
    for board in (whole, pieces):
        board.take(0.0)
    for device, time, value in ordered:
        whole.put(batch(device, 1000.0 + time, value))
    parts: list[Block] = []
    waiting = list(ordered)
    for cut in [*sorted(cuts), 41]:
        while waiting and waiting[0][1] <= cut:
            device, time, value = waiting.pop(0)
            pieces.put(batch(device, 1000.0 + time, value))
        parts += [block for block, _ in pieces.take(1000.0 + cut)]
    once = taken(whole, 1041.0)
    times = np.concatenate([block.times for block in parts])
    values = np.concatenate([block.values for block in parts])
    shared = np.isin(once.times, times)
    assert np.isin(times[times > 1000.0 - 1e-9], once.times).all()
    np.testing.assert_array_equal(values[np.isin(times, once.times)], once.values[shared])
