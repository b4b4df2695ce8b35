"""A three-phase feeder with its meter, and a dry-type transformer whose windings follow the load."""

from collections.abc import Callable

import numpy as np

from simulators.plant_day import DAY_S, ELECTRICITY
from simulators.plant_machine import Floats, Machine, Noise, Plant, Signals, lagged

WINDING_TAU_S = 3600.0
_MEAN_SHARE = 0.42  # of the feeder's rating
_FIRST_DAY_S = 19_723 * DAY_S  # the energy register was reset on 2024-01-01
MEAN_LOAD = 44.0  # % of the transformer's rating, spring and autumn
_FANS_ON = (100.0, 115.0)  # °C over which the fans come in


def meter(machine: Machine, times: Floats) -> Signals:
    """A feeder: voltage sags a little with load, current follows from power, voltage and power factor."""
    rated = machine.ratings.get("rated_power", 80.0)
    share = _MEAN_SHARE * machine.demand(ELECTRICITY, times, noise=0.03)
    power = rated * share
    power_factor = 0.95 + 0.008 * machine.trait("power factor") - 0.01 * (share - _MEAN_SHARE)
    signals = {"power": power, "power_factor": power_factor}
    for phase, offset, part in (("a", 0.4, 1.02), ("b", -0.4, 0.99), ("c", 0.0, 0.99)):
        volts = 227.5 + offset - 4.0 * share + 0.8 * machine.trait("tap")
        signals[f"u_{phase}"] = volts
        signals[f"i_{phase}"] = power * 1000.0 / (3.0 * volts * power_factor) * part
    hours = (ELECTRICITY.total(machine.local_s(times)) - ELECTRICITY.total(np.array([_FIRST_DAY_S]))) / 3600.0
    signals["energy"] = np.maximum(rated * _MEAN_SHARE * hours, 0.0)
    signals["frequency"] = np.full_like(times, 50.0)
    signals["thd_u"] = 2.2 + 0.6 * (share / _MEAN_SHARE - 1.0)
    return signals


def transformer(machine: Machine, times: Floats) -> Signals:
    """Load and what it does to the windings."""
    load = MEAN_LOAD * machine.demand(ELECTRICITY, times, noise=0.02)
    return heated(machine, times, load, lambda past: MEAN_LOAD * machine.level(ELECTRICITY, past))


def heated(machine: Machine, times: Floats, load: Floats, load_at: Callable[[Floats], Floats]) -> Signals:
    """The transformer under a given load [%]; `load_at` tells it for any time, the windings remember the last hours."""
    ambient = machine.ambient(times, mean_c=24.0, swing_k=2.5)
    rise = lagged(lambda past: 45.0 * (load_at(past) / 60.0) ** 1.6, times, WINDING_TAU_S)
    without_fans = ambient + rise
    fans = np.clip((without_fans - _FANS_ON[0]) / (_FANS_ON[1] - _FANS_ON[0]), 0.0, 1.0)
    rise -= 12.0 * fans
    return {
        "load": load,
        "winding_temp_a": ambient + 0.99 * rise,
        "winding_temp_b": ambient + 1.04 * rise,  # the middle limb is the warmest
        "winding_temp_c": ambient + 0.97 * rise,
        "ambient_temp": ambient,
        "fan": (fans > 0.0).astype(np.float64),
    }


POWER_METER = Plant(
    meter,
    {
        "u_a": Noise(absolute=0.9),
        "u_b": Noise(absolute=0.9),
        "u_c": Noise(absolute=0.9),
        "i_a": Noise(relative=0.01),
        "i_b": Noise(relative=0.01),
        "i_c": Noise(relative=0.01),
        "power": Noise(relative=0.008),
        "power_factor": Noise(absolute=0.003),
        "frequency": Noise(absolute=0.015),
        "thd_u": Noise(absolute=0.2),
    },
)

TRANSFORMER = Plant(
    transformer,
    {
        "load": Noise(absolute=0.4),
        "winding_temp_a": Noise(absolute=0.4),
        "winding_temp_b": Noise(absolute=0.4),
        "winding_temp_c": Noise(absolute=0.4),
        "ambient_temp": Noise(absolute=0.2),
    },
)
