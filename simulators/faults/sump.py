"""How drainage pits fail: the pumps trip, or more water comes than they can lift."""

from collections.abc import Callable, Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault
from simulators.plant import sump
from simulators.plant.machine import Floats, Signals
from simulators.plant.sump import FLOAT_GAP, HIGH, HIGH_HIGH, OFF, ON, RIM, collected_m3, pump_flow, rise_m_h

Course = Callable[[Floats], Floats]
"""Times [T] -> level [T] in m."""

_BOTH_FROM = 0.5
_REFILL_S = 300.0
_SLOWEST = 0.02  # no two flows are ever quite alike, m³/h per m³/h of a pump


def pump_failure(case: Case, times: Floats, signals: Signals) -> Signals:
    """The motor protection trips: of one pump, and the other does its work; from half severity on of both.

    Then nobody pumps, and the pit fills as fast as water comes: within a day in dry weather, within hours in rain.
    """
    during = (times < case.onset + case.duration_s).astype(np.float64)
    if case.severity < _BOTH_FROM:
        runs = np.maximum(signals["pump_1"], signals["pump_2"])
        return {
            "pump_fault": during,
            "pump_1": np.where(during > 0.0, 0.0, signals["pump_1"]),
            "pump_2": np.where(during > 0.0, runs, signals["pump_2"]),
        }
    begun = _level_at_onset(case)

    def filled(at: Floats) -> Floats:
        return np.minimum(begun + rise_m_h(collected_m3(case.machine, case.onset, at)), RIM)

    still = np.zeros_like(times)
    idle = _floating(filled(times)) | {"pump_1": still, "pump_2": still}
    return _then_emptied(case, times, signals, filled, idle) | {"pump_fault": during}


def inflow(case: Case, times: Floats, signals: Signals) -> Signals:
    """A pipe bursts into the pit, with 0.95 to 2.6 times what one pump lifts.

    Under one pump's worth it runs on and on; above, the second helps at the high float; above two the pit runs over.
    """
    age = times - case.onset
    level, falling, first, second = _fought(case, age)
    now = _floating(level, np.where(falling, FLOAT_GAP, 0.0)) | {
        "pump_1": first.astype(np.float64),
        "pump_2": second.astype(np.float64),
    }
    return _then_emptied(case, times, signals, lambda at: _fought(case, at - case.onset)[0], now)


def _fought(case: Case, age: Floats) -> tuple[Floats, Bools, Bools, Bools]:
    """Level [m], whether it falls, and which pumps run, [T], while water comes faster than it should."""
    lifts = pump_flow(case.machine)
    ratio = 0.95 + 1.65 * case.severity
    one, two = ratio - 1.0, ratio - 2.0

    def takes_s(height_m: float, flow: float) -> float:
        return 3600.0 * height_m / float(rise_m_h(max(abs(flow), _SLOWEST) * lifts))

    to_on = takes_s(max(ON - _level_at_onset(case), 0.0), ratio)
    if one <= 0.0:  # one pump is enough, just
        steps = [(takes_s(ON - OFF, one), OFF), (takes_s(ON - OFF, ratio), ON)]
    elif two <= 0.0:
        steps = [(takes_s(HIGH - ON, one), HIGH), (takes_s(HIGH - OFF, two), OFF), (takes_s(ON - OFF, ratio), ON)]
    else:
        steps = [(takes_s(HIGH - ON, one), HIGH), (takes_s(RIM - HIGH, two), RIM)]
    ends = np.cumsum([0.0, *(seconds for seconds, _ in steps)])
    since = age - to_on
    within = np.minimum(since, ends[-1]) if two > 0.0 else np.mod(since, ends[-1])
    level = np.interp(within, ends, [ON, *(height for _, height in steps)])
    step = np.clip(np.searchsorted(ends, within, side="right") - 1, 0, len(steps) - 1)
    level = np.where(since < 0.0, _level_at_onset(case) + rise_m_h(ratio * lifts * age / 3600.0), level)
    pumping = since >= 0.0
    first = pumping & (step < (1 if one <= 0.0 else 2))
    second = first & (one > 0.0) & (step == 1)
    return level, first & ((one <= 0.0) | (second & (two <= 0.0))), first, second


def _level_at_onset(case: Case) -> float:
    return float(sump.signal(case.machine, np.array([case.onset]))["level"][0])


def _floating(level: Floats, gap_m: Floats | float = 0.0) -> Signals:
    """The level and what the floats and the rope beside the pit make of it; floats let go `gap_m` lower."""
    return {
        "level": level,
        "high": (level >= HIGH - gap_m).astype(np.float64),
        "high_high": (level >= HIGH_HIGH - gap_m).astype(np.float64),
        "wet": (level >= RIM).astype(np.float64),
    }


def _then_emptied(case: Case, times: Floats, signals: Signals, level: Course, now: Signals) -> Signals:
    """While it lasts what is `now`; afterwards both pumps bring the pit from where it was back to where it would be.

    A pit that they have pumped lower than it would be fills again within some minutes.
    """
    end = case.onset + case.duration_s
    since = np.maximum(times - end, 0.0)
    at_end = level(np.array([end]))[0]
    left = at_end - rise_m_h(2.0 * pump_flow(case.machine) * since / 3600.0)
    works = np.ones_like(times)
    emptying = _floating(left, FLOAT_GAP) | {"pump_1": works, "pump_2": works}
    lower = np.minimum(at_end - signals["level"], 0.0) * np.exp(-since / _REFILL_S)
    resting = signals | {"level": signals["level"] + lower}
    above = left > signals["level"]
    return {name: np.where(times < end, now[name], np.where(above, emptying[name], resting[name])) for name in emptying}


def tripped(now: Signals, _: Signals) -> Bools:
    """The panel shows the fault."""
    return now["pump_fault"] > 0.5


def unattended(now: Signals, _: Signals) -> Bools:
    """The pit is high and no pump runs."""
    idle: Bools = np.maximum(now["pump_1"], now["pump_2"]) < 0.5
    return idle & (now["high"] > 0.5)


def labours(now: Signals, normal: Signals) -> Bools:
    """A pump runs at a moment at which the pit would rest."""
    resting: Bools = np.maximum(normal["pump_1"], normal["pump_2"]) < 0.5
    return resting & (np.maximum(now["pump_1"], now["pump_2"]) > 0.5)


def flooded(now: Signals, _: Signals) -> Bools:
    """The uppermost float is up."""
    return now["high_high"] > 0.5


FAULTS: Mapping[str, Fault] = {
    "sump-pump-failure": Fault(
        "sump",
        pump_failure,
        {"yellow": tripped, "red": unattended},
        "sump.drainage",
        tail_s=1800.0,
        lasts_s=24 * 3600.0,
    ),
    "sump-inflow": Fault(
        "sump", inflow, {"yellow": labours, "red": flooded}, "sump.drainage", tail_s=1800.0, lasts_s=2 * 3600.0
    ),
}
