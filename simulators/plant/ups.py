"""A double-conversion UPS: it carries its load from the mains and keeps its battery floating for the day they fail."""

import numpy as np

from simulators.plant import year
from simulators.plant.day import DAY_S, ELECTRICITY, WEEK_S, since_monday_s
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals
from simulators.plant.noise import normal

OUTPUT_V = 220.0
PASSED, FAILED = 1.0, 2.0
FAILS_BELOW = 65.0  # % of the design runtime: the UPS's own test is lenient
_FLOAT_V, _FLOAT_V_PER_K = 13.62, -0.018  # of a 12 V block at 25 °C; the charger compensates
_FULL_V, _EMPTY_V = 12.4, 10.8  # of a block that is being discharged
_PEUKERT = 1.2
_TESTED_S = 6 * DAY_S + 3 * 3600.0  # Sunday, 03:00


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise: the mains are there, the battery is full, the last weekly test was passed."""
    demand = machine.demand(ELECTRICITY, times, noise=0.02)
    load = (42.0 + 6.0 * machine.trait("load")) * (0.8 + 0.2 * demand)
    # Its room is cooled all year round, in summer with a little less success.
    air = machine.ambient(times, mean_c=22.5, swing_k=0.7) + 0.8 * year.season(machine.local_s(times))
    battery_temp = air + 1.5
    zero, full = np.zeros_like(times), np.full_like(times, 100.0)
    tested = np.minimum(98.0 + 1.5 * machine.trait("battery") + scatter(machine, times), 100.0)
    return {
        "on_battery": zero,
        "bypass": zero,
        "overload": zero,
        "replace_battery": zero,
        "input_voltage": 227.5 - 1.7 * demand + 0.8 * machine.trait("tap"),
        "output_voltage": np.full_like(times, OUTPUT_V),
        "load": load,
        "battery_charge": full,
        "battery_voltage": floating_v(machine, battery_temp),
        "battery_temp": battery_temp,
        "runtime": runtime_s(machine, load) * (0.98 + 0.015 * machine.trait("battery")),
        "block_spread": np.full_like(times, 0.09 + 0.03 * machine.trait("blocks")),
        "last_test": np.full_like(times, PASSED),
        "test_runtime": tested,
    }


def blocks(machine: Machine) -> float:
    """How many 12 V blocks its battery has in series."""
    return machine.ratings.get("blocks", 16.0)


def runtime_s(machine: Machine, load: Floats) -> Floats:
    """For how long a new and full battery carries a load [%]: longer than in proportion when there is little of it."""
    runtime: Floats = 60.0 * machine.ratings.get("design_runtime", 15.0) * (100.0 / np.maximum(load, 5.0)) ** _PEUKERT
    return runtime


def floating_v(machine: Machine, battery_temp: Floats) -> Floats:
    """The voltage of the floating battery: less where it is warm."""
    volts: Floats = blocks(machine) * (_FLOAT_V + _FLOAT_V_PER_K * (battery_temp - 25.0))
    return volts


def discharging_v(machine: Machine, charge: Floats) -> Floats:
    """The voltage of a battery under load, by its charge [%]."""
    volts: Floats = blocks(machine) * (_EMPTY_V + (_FULL_V - _EMPTY_V) * charge / 100.0)
    return volts


def last_test_at(machine: Machine, times: Floats) -> Floats:
    """When the last weekly self-test was, in the clock of `times`."""
    at: Floats = times - np.mod(since_monday_s(machine.local_s(times)) - _TESTED_S, WEEK_S)
    return at


def scatter(machine: Machine, times: Floats) -> Floats:
    """What the last test was off by, in percent of the design runtime: it extrapolates from a short discharge."""
    week = np.floor((machine.local_s(times) + 3 * DAY_S - _TESTED_S) / WEEK_S).astype(np.int64)
    off: Floats = 0.8 * normal(machine.key("test"), week)
    return off


UPS = Plant(
    signal,
    {
        "input_voltage": Noise(relative=0.004),
        "output_voltage": Noise(relative=0.0013),
        "load": Noise(relative=0.01),
        "battery_voltage": Noise(absolute=0.15),
        "battery_temp": Noise(absolute=0.15),
        "runtime": Noise(relative=0.01),
        "block_spread": Noise(absolute=0.01),
    },
)
