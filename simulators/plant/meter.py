"""A three-phase feeder with its meter and its capacitor bank."""

import numpy as np

from simulators.plant import feeder
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals

PHASES = ("a", "b", "c")
RATED_KW = 80.0  # unless it is rated otherwise
_OF_LOAD = 0.42 / feeder.MEAN_LOAD  # of the feeder's rating, per % of load
_SHARES = (1.02, 0.99, 0.99)  # of the load on each phase
_OFFSETS_V = (0.4, -0.4, 0.0)
_WANTED_TAN = 0.28  # the power factor of 0.963 that the bank is set to
UNIT_SHARE = 0.04
"""One capacitor of the bank, in kvar per kW of the rating."""
UNITS = 8
THIRD = 0.04
"""Third harmonic of the current, of the current, at a usual voltage THD; the three of them meet in the neutral."""
USUAL_THD = 2.2


def meter(machine: Machine, times: Floats) -> Signals:
    """A feeder: voltage sags a little with load, current follows from power, voltage and power factor."""
    rated = rated_kw(machine)
    steady = _OF_LOAD * feeder.load(machine, times)
    share = steady * feeder.flicker(machine, times, noise=0.03)
    signals = compensated(machine, rated * share, rated * steady)
    for phase, offset in zip(PHASES, _OFFSETS_V, strict=True):
        signals[f"u_{phase}"] = 227.5 + offset - 4.0 * share + 0.8 * machine.trait("tap")
    signals["frequency"] = np.full_like(times, 50.0)
    signals["thd_u"] = USUAL_THD + 0.5 * (share / 0.42 - 1.0) + 0.3 * late(machine, times)
    signals["energy"] = rated * _OF_LOAD * 100.0 * feeder.used_h(machine, times)
    return signals | currents(signals)


def rated_kw(machine: Machine) -> float:
    """The feeder's rating."""
    return machine.ratings.get("rated_power", RATED_KW)


def compensated(machine: Machine, power: Floats, steady: Floats, alive: Floats | float = 1.0) -> Signals:
    """Active power [kW], what is left of the reactive power [kvar] and the power factor, each [T].

    The controller switches capacitors by the steady load [kW]; only the share `alive` of them does anything.
    """
    inductive = 0.62 + 0.03 * machine.trait("power factor")
    unit = UNIT_SHARE * rated_kw(machine)
    wanted = np.round(steady * (inductive - _WANTED_TAN) / unit)
    reactive = power * inductive - np.clip(wanted, 0.0, UNITS) * unit * alive
    return {"power": power, "reactive_power": reactive, "power_factor": power / np.hypot(power, reactive)}


def currents(signals: Signals, shares: tuple[Floats | float, ...] = _SHARES) -> Signals:
    """The currents of the phases [A] that follow from power, power factor and voltage, and that of the neutral."""
    watts = signals["power"] / signals["power_factor"] * 1000.0 / 3.0
    amps = {
        f"i_{phase}": watts / np.maximum(signals[f"u_{phase}"], 1.0) * share
        for phase, share in zip(PHASES, shares, strict=True)
    }
    return amps | {"i_n": neutral(amps, signals["thd_u"])}


def neutral(amps: Signals, thd_u: Floats) -> Floats:
    """The neutral's current: what the phases do not cancel, and the third harmonics of all of them, [T]."""
    a, b, c = (amps[f"i_{phase}"] for phase in PHASES)
    uneven = np.sqrt(np.maximum(a * a + b * b + c * c - a * b - b * c - c * a, 0.0))
    return np.hypot(uneven, THIRD * (thd_u / USUAL_THD) ** 2.5 * (a + b + c))


def late(machine: Machine, times: Floats) -> Floats:
    """How much of the chargers, screens and lamps of a late evening are on, 0 to 1: mostly from 21 to 23 h."""
    hour = np.mod(machine.local_s(times), DAY_S) / 3600.0
    away = np.minimum(np.abs(hour - 22.0), 24.0 - np.abs(hour - 22.0))
    evening: Floats = np.exp(-((away / 1.3) ** 2))
    return evening


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
        "reactive_power": Noise(absolute=0.1, relative=0.02),
        "i_n": Noise(absolute=0.05, relative=0.03),
    },
)
