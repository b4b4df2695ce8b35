"""How a distribution cabinet comes to burn: a contact heats, water creeps into cables, insulation gives way."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of, seriously_hot, stands_out
from simulators.plant import residual as plant
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

_EXTRA, _EXTRA_WORST = 0.1, 12.0
"""Added resistance of a heating contact in those of a sound one: at onset, and at failure."""
_PEAK_MA = (340.0, 470.0)
_OFFSET_MA = (290.0, 700.0)
_SOAKED = 0.45  # of the duration, until it dries
_LIMIT_MA, _SEVERE_MA = 300.0, 500.0


def contact_heating(case: Case, times: Floats, signals: Signals) -> Signals:
    """The contact of phase C: its resistance grows exponentially from a sound one's, its heat follows the current².

    At failure it lets go: for an hour, until somebody comes, the phase carries nothing and the contact cools.
    """
    sound_k = plant.contact_rise_k(case.machine, "c")
    worst = _EXTRA + case.severity * (_EXTRA_WORST - _EXTRA)
    extra = _EXTRA * np.expm1(np.log(worst / _EXTRA) * part_of(case, times)) * min(1.0, 2.0 * case.severity)
    hot = signals["temp_c"] + extra * sound_k * plant.contact_warmth(case.machine, times)
    after_s = np.maximum(times - case.onset - case.duration_s, 0.0)
    open_ = (after_s > 0.0) & (case.severity > 0.0)
    cooled = signals["ambient_temp"] + (hot - signals["ambient_temp"]) * np.exp(-after_s / plant.CONTACT_TAU_S)
    return {"temp_c": np.where(open_, cooled, hot), "i_c": np.where(open_, 0.0, signals["i_c"])}


def residual_rise(case: Case, times: Floats, signals: Signals) -> Signals:
    """Water in a junction box: the residual current climbs to 340 to 470 mA for half the time, and dries up again."""
    least, most = _PEAK_MA
    tau_s = case.duration_s / 10.0
    wet_s = _SOAKED * case.duration_s
    age = times - case.onset
    soaked = -np.expm1(-np.clip(age, 0.0, wet_s) / tau_s) * np.exp(-np.maximum(age - wet_s, 0.0) / tau_s)
    peak = least + case.severity * (most - least)
    return {"leak": signals["leak"] + np.maximum(peak - signals["leak"], 0.0) * soaked}


def insulation_fault(case: Case, times: Floats, signals: Signals) -> Signals:
    """The insulation of a cable gives way: from one minute to the next 290 to 700 mA more, rain or not."""
    least, most = _OFFSET_MA
    offset = least + case.severity * (most - least)
    return {"leak": signals["leak"] + offset * case.growth(times - case.onset, tau_s=20.0)}


def hot_contact(now: Signals, normal: Signals) -> Bools:
    """One contact is visibly warmer than it would be."""
    return stands_out("residual-current", "temp_c", now, normal)


def burning(now: Signals, _: Signals) -> Bools:
    """Seriously hot, or it has let go."""
    amps = np.stack([now[f"i_{phase}"] for phase in "abc"])
    burnt: Bools = seriously_hot(now, "temp") | (amps.min(axis=0) < 0.02 * amps.max(axis=0))
    return burnt


def leaks(now: Signals, _: Signals) -> Bools:
    """More than an electrical-fire detector lets pass."""
    return now["leak"] > _LIMIT_MA


def leaks_much(now: Signals, _: Signals) -> Bools:
    """Much more than that, beyond the noise."""
    clearly = np.full_like(now["leak"], np.max(now["leak"], initial=0.0)) > _SEVERE_MA + 30.0
    return clearly & (now["leak"] > _SEVERE_MA)


FAULTS: Mapping[str, Fault] = {
    "contact-heating": Fault(
        "residual-current",
        contact_heating,
        {"yellow": hot_contact, "red": burning},
        "residual.contact",
        tail_s=3600.0,
        family="slow",
        also=("residual.phase_loss",),
        lasts_s=30 * DAY_S,
    ),
    "residual-rise": Fault(
        "residual-current", residual_rise, {"yellow": leaks}, "residual.leak", tail_s=0.0, lasts_s=18 * 3600.0
    ),
    "insulation-fault": Fault(
        "residual-current",
        insulation_fault,
        {"yellow": leaks, "red": leaks_much},
        "residual.leak",
        tail_s=300.0,
        lasts_s=12 * 3600.0,
    ),
}
