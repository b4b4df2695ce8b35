"""What a building asks of its electricity: people by the hour, air conditioners by the weather, heaters in winter."""

from functools import lru_cache

import numpy as np

from simulators.plant import year
from simulators.plant.day import DAY_S, ELECTRICITY, Week
from simulators.plant.machine import Floats, Machine
from simulators.plant.noise import drifting

PEOPLE, HEATING, MEAN_LOAD = 38.0, 6.0, 44.0
"""% of the rating on a mean working day: what people use, what heaters add, and both together in winter and March."""
_MILD_C, _COLD_C = 16.0, 10.0  # heaters start, and all are on
_HOT_C, _PER_K = 26.0, 3.5  # air conditioners start, and what each kelvin adds in % of the rating
_FULL = 85.0  # % of the rating, where all air conditioners run: for a feeder that was planned well
_FIRST_DAY_S = 19_723 * DAY_S  # the energy register was reset on 2024-01-01
_WEATHER_K = (
    2.2 * np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])
)  # what the weather adds to the season, in three equal parts


def load(machine: Machine, times: Floats) -> Floats:
    """The load in % of the rating without the noise of minutes, which nothing that is warm feels, [T]."""
    return _burdened(machine.level(ELECTRICITY, times), machine.outdoor_c(times))


def flicker(machine: Machine, times: Floats, noise: float) -> Floats:
    """The noise of five minutes, by which the load is multiplied: lognormal, [T]."""
    many: Floats = np.exp(noise * drifting(machine.key("demand"), times, 300.0))
    return many


def used_h(machine: Machine, times: Floats) -> Floats:
    """Hours at the full rating since 2024-01-01, as a counter has them: years like any other, never backwards, [T]."""
    local_s = machine.local_s(times)
    week = machine.week(ELECTRICITY)
    people = (week.total(local_s) - _people_before_s(week)) / 3600.0 * PEOPLE
    return np.maximum((people + _weather_h(local_s)) / 100.0, 0.0)


def room_c(machine: Machine, times: Floats) -> Floats:
    """Air of a distribution room in °C: 24 with its ventilation, more after the hot hours of summer, [T]."""
    heat = np.maximum(machine.outdoor_c(times - 3.0 * 3600.0) - 22.0, 0.0)
    return machine.ambient(times, mean_c=24.0, swing_k=2.5) + 0.5 * heat


def _burdened(people: Floats, outdoor_c: Floats) -> Floats:
    """What people, heaters and air conditioners ask together, in %."""
    base = people * (PEOPLE + HEATING * _share_heating(outdoor_c))
    room = np.maximum(_FULL - base, 1.0)
    asked = _PER_K * people * np.maximum(outdoor_c - _HOT_C, 0.0)
    burdened: Floats = base + room * -np.expm1(-asked / room)
    return burdened


def _share_heating(outdoor_c: Floats) -> Floats:
    share: Floats = np.clip((_MILD_C - outdoor_c) / (_MILD_C - _COLD_C), 0.0, 1.0)
    return share


@lru_cache
def _people_before_s(week: Week) -> float:
    return float(week.total(np.array([_FIRST_DAY_S]))[0])


def _weather_h(local_s: Floats) -> Floats:
    """What heaters and air conditioners used since 2024-01-01, in percent of the rating times hours."""
    seconds, total = _weather_year()
    years, within = np.divmod(local_s - _FIRST_DAY_S, year.YEAR_S)
    used: Floats = years * total[-1] + np.interp(within, seconds, total)
    return used


@lru_cache
def _weather_year() -> tuple[Floats, Floats]:
    """Seconds of a year and what the weather cost until then, with its mean over warm and cool years."""
    seconds = np.linspace(0.0, year.YEAR_S, 2 * 366 * 24 + 1)
    hour = np.cos((seconds / DAY_S - 15.0 / 24.0) * 2.0 * np.pi)
    outdoor_c = 16.8 + 12.2 * year.season(seconds)[:, None] + 3.6 * hour[:, None] + _WEATHER_K
    added = (_burdened(np.ones_like(outdoor_c), outdoor_c) - PEOPLE).mean(axis=1)
    step_h = (seconds[1] - seconds[0]) / 3600.0
    return seconds, np.concatenate(([0.0], np.cumsum((added[1:] + added[:-1]) * 0.5 * step_h)))
