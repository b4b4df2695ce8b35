"""A distribution cabinet with its electrical-fire detector: residual current, contact temperatures, phase currents."""

import numpy as np

from simulators.plant import feeder
from simulators.plant.heat import seen
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals

RATED_A = 250.0  # unless it is rated otherwise
CONTACT_TAU_S = 1500.0
_CONTACT_RISE_K = 22.0  # of a sound contact over the cabinet's air, at its rating
_CABINET_K = 3.0  # its air over that of the room at the rating
_WET_TAU_S = 2.0 * 3600.0
_STANDING_MA, _WORKING_MA, _WET_MA = 30.0, 35.0, 8.0  # always, at the mean load, per mm/h of rain
_MOST_WET_MA = 60.0
ALARM_MA, ALARM_C = 500.0, 75.0
"""What the detector itself calls an alarm."""
_SHARES = {"a": 1.03, "b": 0.98, "c": 0.99}


def cabinet(machine: Machine, times: Floats) -> Signals:
    """Currents by the load, contacts by its square, and a residual current that capacitance and rain make."""
    load = feeder.load(machine, times) * feeder.flicker(machine, times, noise=0.03)
    rated = machine.ratings.get("rated_current", RATED_A)
    warmth = contact_warmth(machine, times)
    air = feeder.room_c(machine, times) + _CABINET_K * warmth
    working = _WORKING_MA * load / feeder.MEAN_LOAD
    standing = _STANDING_MA * (1.0 + 0.3 * machine.trait("cables"))
    signals = {"leak": standing + working + wet_ma(machine, times), "ambient_temp": air}
    for phase, share in _SHARES.items():
        signals[f"i_{phase}"] = rated * share * load / 100.0
        signals[f"temp_{phase}"] = air + contact_rise_k(machine, phase) * warmth
    signals["temp_n"] = air + 0.25 * contact_rise_k(machine, "n") * warmth
    return signals | {"alarm": np.zeros_like(times)}


def contact_warmth(machine: Machine, times: Floats) -> Floats:
    """What the square of the load has done to a contact, 1 after hours at the rating, [T]."""
    (past,) = seen(lambda at: feeder.load(machine, at), times, CONTACT_TAU_S)
    warmth: Floats = np.mean((past / 100.0) ** 2, axis=1)
    return warmth


def contact_rise_k(machine: Machine, phase: str) -> float:
    """How much warmer than the cabinet's air a sound contact is at the rating."""
    return _CONTACT_RISE_K * (1.0 + 0.08 * machine.trait(f"contact {phase}"))


def wet_ma(machine: Machine, times: Floats) -> Floats:
    """What rain adds to the residual current, some two hours later."""
    (past,) = seen(machine.rain_mm_h, times, _WET_TAU_S)
    rain = past.mean(axis=1)
    wet: Floats = -_MOST_WET_MA * np.expm1(-_WET_MA * rain / _MOST_WET_MA)
    return wet


def _shown(signals: Signals) -> Signals:
    """The detector's own alarm follows from what it measures."""
    hottest = np.maximum.reduce([signals[f"temp_{phase}"] for phase in "abcn"])
    return signals | {"alarm": ((signals["leak"] > ALARM_MA) | (hottest > ALARM_C)).astype(np.float64)}


RESIDUAL_CURRENT = Plant(
    cabinet,
    {
        "leak": Noise(absolute=2.0, step=1.0),
        "temp_a": Noise(absolute=0.3),
        "temp_b": Noise(absolute=0.3),
        "temp_c": Noise(absolute=0.3),
        "temp_n": Noise(absolute=0.3),
        "ambient_temp": Noise(absolute=0.2),
        "i_a": Noise(relative=0.01),
        "i_b": Noise(relative=0.01),
        "i_c": Noise(relative=0.01),
    },
    _shown,
)
