"""How a low-voltage feeder fails: a phase goes, the voltage sags, loads gather on one phase, capacitors die."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of, stands_out
from simulators.plant import meter as plant
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

_LOW_V, _LOWER_V, _HIGH_V, _HIGHER_V = 200.0, -20.0, 240.0, 12.0
_UNEVEN, _THD_MORE, _RESONANCE = 0.285, 3.3, 1.2
_LIMITS_V = (204.6, 235.4)


def phase_loss(case: Case, times: Floats, signals: Signals) -> Signals:
    """Phase C goes within a tenth of a second: 60 to 5 V are left on it, the other two rise by 5 to 15 %.

    Motors draw what they lack from the phases that are left.
    """
    s = case.severity
    gone = case.growth(times - case.onset, tau_s=0.03)
    changed = {f"u_{phase}": signals[f"u_{phase}"] * (1.0 + (0.05 + 0.10 * s) * gone) for phase in "ab"}
    changed["u_c"] = signals["u_c"] + (60.0 - 55.0 * s - signals["u_c"]) * gone
    changed |= {f"i_{phase}": signals[f"i_{phase}"] * (1.0 + (0.2 + 0.4 * s) * gone) for phase in "ab"}
    changed["i_c"] = signals["i_c"] * (1.0 - 0.97 * gone)
    changed["power_factor"] = signals["power_factor"] - 0.06 * gone
    both = signals | changed
    watts = sum((both[f"u_{phase}"] * both[f"i_{phase}"] for phase in plant.PHASES), np.zeros_like(times))
    power = watts * changed["power_factor"] / 1000.0
    reactive = power * np.tan(np.arccos(changed["power_factor"]))
    return changed | {
        "power": np.where(gone > 0.0, power, signals["power"]),
        "reactive_power": np.where(gone > 0.0, reactive, signals["reactive_power"]),
        "i_n": np.where(gone > 0.0, plant.neutral(both, signals["thd_u"]), signals["i_n"]),
    }


def voltage_low(case: Case, times: Floats, signals: Signals) -> Signals:
    """The supply sags to 200 to 180 V; what draws a constant power takes more current."""
    return _supplied(case, times, signals, _LOW_V + _LOWER_V * case.severity)


def voltage_high(case: Case, times: Floats, signals: Signals) -> Signals:
    """The supply rises to 240 to 252 V, as on a light night with the tap one step too high."""
    return _supplied(case, times, signals, _HIGH_V + _HIGHER_V * case.severity)


def unbalance_growth(case: Case, times: Floats, signals: Signals) -> Signals:
    """Ever more single-phase air conditioners on phase A: 35 % between the phases in the evening at the end.

    The neutral carries the difference, and phase A sags under it.
    """
    evening = 0.7 + 0.3 * plant.late(case.machine, times + 3600.0)  # strongest from 20 to 22 h
    more = _UNEVEN * case.severity * part_of(case, times) * evening
    changed = {"u_a": signals["u_a"] - 12.0 * more, "u_b": signals["u_b"] + 6.0 * more}
    changed["u_c"] = signals["u_c"] + 6.0 * more
    shares = (1.02 + more, 0.99 - more / 2.0, 0.99 - more / 2.0)
    return changed | plant.currents(signals | changed, shares)


def capacitor_failure(case: Case, times: Floats, signals: Signals) -> Signals:
    """One capacitor after the other blows its fuse: the power factor goes down in steps, all are dead at the end.

    The current rises by what is no longer compensated, and what is left of the bank resonates a little.
    """
    dead = np.floor(case.severity * plant.UNITS * part_of(case, times) + 1e-9) / plant.UNITS
    whole, left = (
        plant.compensated(case.machine, signals["power"], signals["power"], alive) for alive in (1.0, 1.0 - dead)
    )
    lost = left["reactive_power"] - whole["reactive_power"]
    reactive = signals["reactive_power"] + np.where(dead > 0.0, lost, 0.0)
    factor = signals["power"] / np.hypot(signals["power"], reactive)
    changed = {
        "reactive_power": reactive,
        "power_factor": np.where(dead > 0.0, factor, signals["power_factor"]),
        "thd_u": signals["thd_u"] + _RESONANCE * 4.0 * dead * (1.0 - dead),
    }
    return changed | plant.currents(signals | changed)


def harmonic_growth(case: Case, times: Floats, signals: Signals) -> Signals:
    """Chargers and inverters over the months: the voltage THD of a late evening goes from 2.2 to 5.5 %.

    Third harmonics do not cancel: in the end the neutral carries more than a phase.
    """
    evening = 0.6 + 0.4 * plant.late(case.machine, times)
    thd = signals["thd_u"] + _THD_MORE * case.severity * part_of(case, times) * evening
    return {"thd_u": thd, "i_n": plant.neutral(signals, thd)}


def _supplied(case: Case, times: Floats, signals: Signals, volts: float) -> Signals:
    """All three phases move to a voltage within some ten seconds."""
    moved = case.growth(times - case.onset, tau_s=10.0)
    mean = (signals["u_a"] + signals["u_b"] + signals["u_c"]) / 3.0
    changed = {f"u_{phase}": signals[f"u_{phase}"] + (volts - mean) * moved for phase in plant.PHASES}
    drawn = {f"i_{phase}": signals[f"i_{phase}"] * signals[f"u_{phase}"] / changed[f"u_{phase}"] for phase in "abc"}
    return changed | drawn | {"i_n": signals["i_n"] * mean / (mean + (volts - mean) * moved)}


def one_gone(now: Signals, _: Signals) -> Bools:
    """One phase has less than half its voltage while another stands."""
    volts = np.stack([now[f"u_{phase}"] for phase in plant.PHASES])
    gone: Bools = (volts.min(axis=0) < 100.0) & (volts.max(axis=0) > 180.0)
    return gone


def off_by_seven(now: Signals, _: Signals) -> Bools:
    """A phase is more than 7 % off its nominal voltage."""
    volts = np.stack([now[f"u_{phase}"] for phase in plant.PHASES])
    off: Bools = (volts.min(axis=0) < _LIMITS_V[0]) | (volts.max(axis=0) > _LIMITS_V[1])
    return off


def uneven(now: Signals, normal: Signals) -> Bools:
    """One phase carries visibly more than it would."""
    return stands_out("power-meter", "i_a", now, normal)


def uncompensated(now: Signals, normal: Signals) -> Bools:
    """The power factor is visibly lower than it would be."""
    return stands_out("power-meter", "power_factor", now, normal)


def distorted(now: Signals, normal: Signals) -> Bools:
    """The voltage is visibly more distorted than it would be."""
    return stands_out("power-meter", "thd_u", now, normal)


FAULTS: Mapping[str, Fault] = {
    "phase-loss": Fault("power-meter", phase_loss, {"red": one_gone}, "power.phase_loss", family="safety"),
    "voltage-low": Fault("power-meter", voltage_low, {"yellow": off_by_seven}, "power.voltage", tail_s=120.0),
    "voltage-high": Fault("power-meter", voltage_high, {"yellow": off_by_seven}, "power.voltage", tail_s=120.0),
    "unbalance-growth": Fault(
        "power-meter",
        unbalance_growth,
        {"yellow": uneven},
        "power.unbalance",
        family="slow",
        also=("power.neutral", "power.unusual"),
        lasts_s=35 * DAY_S,
    ),
    "capacitor-failure": Fault(
        "power-meter",
        capacitor_failure,
        {"yellow": uncompensated},
        "power.factor",
        family="slow",
        also=("power.unusual",),
        lasts_s=28 * DAY_S,
    ),
    "harmonic-growth": Fault(
        "power-meter",
        harmonic_growth,
        {"yellow": distorted},
        "power.harmonics",
        family="slow",
        also=("power.neutral", "power.unusual"),
        lasts_s=90 * DAY_S,
    ),
}
