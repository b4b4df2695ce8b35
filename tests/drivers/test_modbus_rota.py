from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.rota import Rota


def test_first_polls_are_spread_and_the_same_after_every_start() -> None:
    ids = [f"pump-{i}" for i in range(40)]
    rota = Rota(ids, [1.0] * 40)
    starts = []
    for _ in range(2):
        rota.start(100.0)
        order, now = [], 100.0
        for _ in ids:
            now += max(0.0, rota.wait_s(now))
            order.append((rota.row(), round(now, 6)))
            rota.done(now)
        starts.append(order)
    assert starts[0] == starts[1]
    assert sorted(row for row, _ in starts[0]) == list(range(40))
    times = [now for _, now in starts[0]]
    assert times[0] >= 100.0
    assert times[-1] < 101.0
    assert max(b - a for a, b in pairwise(times)) < 0.2


def test_a_slow_device_is_first_polled_soon_all_the_same() -> None:
    rota = Rota(["meter"], [3600.0])
    rota.start(0.0)
    assert rota.wait_s(0.0) <= 2.0


def test_missed_polls_are_skipped_and_counted_and_the_grid_stays() -> None:
    rota = Rota(["a"], [1.0])
    rota.start(0.0)
    first = rota.wait_s(0.0)
    assert rota.done(first + 0.1) == 0
    assert rota.wait_s(first + 0.1) == pytest.approx(0.9)
    assert rota.done(first + 4.5) == 3
    assert rota.wait_s(first + 4.5) == pytest.approx(0.5)


def test_a_pause_replaces_the_grid_and_skips_nothing() -> None:
    rota = Rota(["a"], [1.0])
    rota.start(0.0)
    assert rota.done(10.0, pause_s=30.0) == 0
    assert rota.wait_s(10.0) == pytest.approx(30.0)


def test_a_clock_set_back_takes_the_plan_with_it() -> None:
    rota = Rota(["a"], [5.0])
    rota.start(10_000.0)
    rota.done(10_001.5)
    ahead = rota.wait_s(10_002.0)
    assert rota.wait_s(10_002.0 - 7200.0) == pytest.approx(ahead)


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=2, max_size=12), st.floats(0.3, 3.0))
def test_under_overload_everybody_gets_a_turn(periods_s: list[float], poll_s: float) -> None:
    rota = Rota([f"d{i}" for i in range(len(periods_s))], periods_s)
    now, turns = 0.0, [0] * len(periods_s)
    rota.start(now)
    rounds = 20
    for _ in range(rounds * len(periods_s)):
        now += max(0.0, rota.wait_s(now))
        turns[rota.row()] += 1
        now += poll_s
        rota.done(now)
    if poll_s * len(periods_s) > 2 * max(periods_s):
        assert min(turns) >= rounds // 2
    assert min(turns) >= 1
