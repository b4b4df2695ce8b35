"""An ultrasonic meter at the head of a zone or a building: flow, pressure, and a total that is the flow summed."""

from functools import lru_cache

import numpy as np

from simulators.plant import year
from simulators.plant.day import DAY_S, WATER, Use
from simulators.plant.machine import DAY_TO_DAY, Floats, Machine, Noise, Plant, Signals
from simulators.plant.noise import Counts, drifting, normal, stream

_STEP_S = 300.0
_LATTICE = np.arange(0.0, DAY_S + 1.0, _STEP_S)
_BEGINS_S = 3.0 * 3600.0  # a day of water begins at 03:00, when hardly any flows
_FIRST_DAY, _LAST_DAY = 19_723, 29_585  # the total was reset on 2024-01-01 and is known until the end of 2050
_TIGHT = 0.02  # what always seeps from joints, as a share of the mean
_ASLEEP = 1.7  # a night without leaking valves is emptier than the table of a whole district
_DEMAND_NOISE = 0.08


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise: the pressure sags with the square of the flow."""
    flow, total = _drawn(machine, times)
    share = flow / mean_flow(machine)
    local_s = machine.local_s(times)
    return {
        "flow": flow,
        "pressure": set_pressure(machine) * (1.0 - 0.01 * np.minimum(share, 4.0) ** 2),
        "total": total,
        "signal_quality": 86.0 + 4.0 * machine.trait("coupling") + drifting(machine.key("quality"), local_s, DAY_S),
    }


def mean_flow(machine: Machine) -> float:
    """Mean flow of a working day, m³/h."""
    return machine.ratings.get("mean_flow", 6.0)


def set_pressure(machine: Machine) -> float:
    """The pressure of the zone without flow, MPa."""
    return machine.ratings.get("set_pressure", 0.35)


def _drawn(machine: Machine, times: Floats) -> tuple[Floats, Floats]:
    """Flow in m³/h and the total in m³, each [T]: straight lines of five minutes, and exactly what is under them."""
    since_s = machine.local_s(times) - _BEGINS_S
    days = np.floor(since_s / DAY_S).astype(np.int64)
    flow, total = np.empty_like(times), np.empty_like(times)
    for day in np.unique(days):
        mine = days == day
        second = since_s[mine] - day * DAY_S
        curve, volume = _day(machine.seed, machine.id, machine.use, int(day))
        flow[mine] = np.interp(second, _LATTICE, curve)
        step = np.minimum((second / _STEP_S).astype(np.int64), len(curve) - 2)
        total[mine] = volume[step] + (curve[step] + flow[mine]) / 2.0 * (second - _LATTICE[step])
    before = _before(machine.seed, machine.id, machine.use)[np.clip(days - _FIRST_DAY, 0, _LAST_DAY - _FIRST_DAY)]
    known = (days >= _FIRST_DAY) & (days < _LAST_DAY)
    mean = mean_flow(machine)
    return flow * mean, (before + np.where(known, total, 0.0)) * mean / 3600.0


@lru_cache(maxsize=1024)
def _day(seed: int, device: str, use: Use, day: int) -> tuple[Floats, Floats]:
    """Flow over one day relative to the mean, and its sum in seconds, on the lattice."""
    local_s = day * DAY_S + _BEGINS_S + _LATTICE
    lively = np.exp(_DEMAND_NOISE * drifting(stream(seed, device, "demand"), local_s, _STEP_S))
    curve = WATER[use].at(local_s) ** _ASLEEP * lively
    mean = _totals(seed, device, use, np.array([day]))[0] / DAY_S
    curve = _TIGHT + curve * ((mean - _TIGHT) / ((curve[1:] + curve[:-1]) / 2.0).mean())
    volume = np.concatenate(([0.0], np.cumsum((curve[1:] + curve[:-1]) * (_STEP_S / 2.0))))
    return curve, volume


def _totals(seed: int, device: str, use: Use, days: Counts) -> Floats:
    """The water of whole days in mean working-day seconds: of the week, of the season of travel, and of chance."""
    begin_s = days.astype(np.float64) * DAY_S + _BEGINS_S
    week = WATER[use]
    usual = week.total(begin_s + DAY_S) - week.total(begin_s)
    chance = np.exp(DAY_TO_DAY * normal(stream(seed, device, "day"), days))
    totals: Floats = usual * year.presence(begin_s + DAY_S / 2.0) * chance
    return totals


@lru_cache(maxsize=256)
def _before(seed: int, device: str, use: Use) -> Floats:
    """What had run through by the beginning of each day since the total was reset."""
    days = np.arange(_FIRST_DAY, _LAST_DAY)
    return np.concatenate(([0.0], np.cumsum(_totals(seed, device, use, days))))


WATER_METER = Plant(
    signal,
    {
        "flow": Noise(relative=0.01),
        "pressure": Noise(absolute=0.003, step=0.0001),
        "total": Noise(step=0.001),
        "signal_quality": Noise(absolute=1.0, step=1.0),
    },
)
