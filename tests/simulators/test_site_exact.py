"""What makes long stretches fast changes no value, not in the last bit: however a time is asked for, it is the same."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.plant.machine import lagged
from simulators.plant.noise import drifting, normal, stream
from simulators.plant.year import presence
from simulators.site import SimulatedDevice, SimulatedSite

FESTIVAL = 1_771_257_600.0  # 2026-02-17 00:00 in Shanghai
DAY_S = 86_400.0


@pytest.mark.parametrize("kind", ["elevator", "pump-set", "power-meter", "transformer"])
def test_a_long_stretch_is_what_its_parts_are(device: Callable[..., SimulatedDevice], kind: str) -> None:
    site = SimulatedSite([device("D-1", kind)], seed=3)
    times = np.arange(FESTIVAL - 6 * DAY_S, FESTIVAL - 2 * DAY_S, 97.0)
    whole = site.read("D-1", times)
    parts = [site.read("D-1", part) for part in np.array_split(times, 41)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    scattered = np.random.default_rng(1).permutation(len(times))[:50]
    np.testing.assert_array_equal(whole[scattered], site.read("D-1", times[scattered]))
    np.testing.assert_array_equal(whole[17], site.read("D-1", times[17:18])[0])


@pytest.mark.parametrize("step_s", [1.0, 40.0, 900.0, 86_400.0])
def test_a_drift_goes_from_one_lattice_point_to_the_next(step_s: float) -> None:
    key, times = stream(1, "drift"), np.arange(FESTIVAL, FESTIVAL + 500.0 * step_s, step_s)
    count = np.floor(times / 300.0).astype(np.int64)
    part = times / 300.0 - count
    left, right = normal(key, count), normal(key, count + 1)
    expected = (left * (1.0 - part) + right * part) / np.hypot(1.0 - part, part)
    np.testing.assert_array_equal(drifting(key, times, 300.0), expected)
    assert drifting(key, times[:0], 300.0).shape == (0,)


def test_a_lag_over_many_instants_is_the_lag_of_each() -> None:
    times = np.arange(FESTIVAL, FESTIVAL + 15_000.0, 5.0)
    lags = lagged(np.sin, times, 600.0)
    for i in (0, 1023, 1024, 2999):
        assert lags[i] == lagged(np.sin, times[i : i + 1], 600.0)[0]


def test_people_are_there_but_around_spring_festival() -> None:
    days = np.array([-30.0, -4.0, -2.0, 0.0, 6.0, 9.5, 13.0, 150.0])
    local_s = np.array([FESTIVAL + 8 * 3600.0 + day * DAY_S for day in days])
    found = presence(local_s)
    np.testing.assert_array_equal(found, [presence(local_s[i : i + 1])[0] for i in range(len(days))])
    np.testing.assert_allclose(found, [1.0, 1.0, 0.775, 0.55, 0.55, 0.775, 1.0, 1.0])
