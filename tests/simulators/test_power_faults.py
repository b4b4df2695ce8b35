"""Faults of feeders, transformers and cabinets follow their physics."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.plant.machine import Floats
from simulators.site import Injection, SimulatedDevice, SimulatedSite

MORNING = 1_773_446_400.0  # 2026-03-14 08:00 in Shanghai
HOUR, DAY = 3600.0, 86_400.0
Devices = Callable[..., SimulatedDevice]


def read(device: Devices, kind: str, fault: str, duration_s: float, times: Floats, severity: float = 1.0) -> Floats:
    injection = Injection(fault, "X-1", MORNING, severity, duration_s)
    return SimulatedSite([device("X-1", kind)], seed=7, faults=[injection]).read("X-1", times)


def column(device: Devices, kind: str, name: str) -> int:
    return device("X-1", kind).profile.names.index(name)


def test_motors_draw_from_the_phases_that_are_left(device: Devices) -> None:
    values = read(device, "power-meter", "phase-loss", HOUR, MORNING + np.array([-60.0, 60.0]))
    u_a, u_c, i_a, i_c, power = (column(device, "power-meter", name) for name in ("u_a", "u_c", "i_a", "i_c", "power"))
    assert values[1, u_c] < 15.0
    assert values[1, u_a] > 1.1 * values[0, u_a]
    assert values[1, i_a] > 1.4 * values[0, i_a]
    assert values[1, i_c] < 0.1 * values[0, i_c]
    assert values[1, power] > 0.0


def test_dead_capacitors_cost_power_factor_step_by_step_and_current(device: Devices) -> None:
    noon = MORNING + 4 * HOUR + np.arange(0, 28, 1.0) * DAY
    values = read(device, "power-meter", "capacitor-failure", 28 * DAY, noon)
    factor = values[:, column(device, "power-meter", "power_factor")]
    assert factor[0] > 0.94
    assert 0.82 < factor[-1] < 0.89
    assert np.abs(np.diff(factor)).max() < 0.05


@pytest.mark.parametrize(("fault", "days", "name"), [("unbalance-growth", 35, "i_n"), ("harmonic-growth", 90, "i_n")])
def test_the_neutral_carries_what_does_not_cancel(device: Devices, fault: str, days: int, name: str) -> None:
    evenings = MORNING + 13.5 * HOUR + np.array([0.0, days - 1.0]) * DAY
    values = read(device, "power-meter", fault, days * DAY, evenings)
    neutral = values[:, column(device, "power-meter", name)] / values[:, column(device, "power-meter", "i_b")]
    assert neutral[0] < 0.3
    assert neutral[1] > 0.4


def test_without_fans_the_room_and_then_the_windings_go_beyond_what_fans_would_allow(device: Devices) -> None:
    hours = MORNING + np.array([0.0, 2.0, 7.5]) * HOUR
    values = read(device, "transformer", "fan-failure", 8 * HOUR, hours)
    room, winding, fan = (column(device, "transformer", name) for name in ("ambient_temp", "winding_temp_b", "fan"))
    assert values[1, room] > 40.0
    assert values[2, winding] > 115.0
    assert values[:, fan].max() == 0.0


def test_a_heated_contact_lets_go_in_the_end(device: Devices) -> None:
    times = MORNING + np.array([0.0, 29.5 * DAY, 30 * DAY + 60.0])
    values = read(device, "residual-current", "contact-heating", 30 * DAY, times)
    hot, neighbour, current = (column(device, "residual-current", name) for name in ("temp_c", "temp_a", "i_c"))
    assert abs(values[0, hot] - values[0, neighbour]) < 3.0
    assert values[1, hot] > values[1, neighbour] + 25.0
    assert values[1, current] > 10.0
    assert values[2, current] == 0.0


@pytest.mark.parametrize(("severity", "red_days"), [(0.3, (29.9, 30.1)), (1.0, (20.0, 29.9))])
def test_a_heated_contact_deserves_red_once_it_is_serious_or_has_let_go(
    device: Devices, severity: float, red_days: tuple[float, float]
) -> None:
    heating = Injection("contact-heating", "X-1", MORNING, severity, 30 * DAY)
    (truth,) = SimulatedSite([device("X-1", "residual-current")], seed=7, faults=[heating]).truths()
    yellow, red = ((truth.shown[level] - truth.onset) / DAY for level in ("yellow", "red"))
    assert 3.0 < yellow < 20.0
    assert red_days[0] < red < red_days[1]


def test_water_dries_and_bad_insulation_does_not(device: Devices) -> None:
    times = MORNING + np.array([-60.0, 7.0 * HOUR, 17.9 * HOUR])
    leak = column(device, "residual-current", "leak")
    wet = read(device, "residual-current", "residual-rise", 18 * HOUR, times, 0.5)[:, leak]
    bad = read(device, "residual-current", "insulation-fault", 18 * HOUR, times, 0.5)[:, leak]
    assert wet[1] > 300.0
    assert wet[2] < wet[0] + 30.0
    assert bad[1] > 300.0
    assert bad[2] > 300.0
