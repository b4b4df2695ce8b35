"""What the weather and the calendar do to a whole property: all of its machines live under the same sky.

A subtropical Chinese city (Hangzhou, Shanghai): hot wet summers, cool winters without district heating.
"""

import numpy as np

from simulators.plant.day import DAY_S, Floats
from simulators.plant.noise import drifting, stream, uniform

YEAR_S = 365.2425 * DAY_S
_HOTTEST_S = 204.0 * DAY_S  # 24 July, from 1 January
_WET_SLOT_S = 6 * 3600.0
# Spring Festival (first day of the lunar year), in days since 1970; the building empties and fills over two weeks.
_FESTIVALS = np.array([19_763.0, 20_117.0, 20_501.0, 20_855.0, 21_209.0, 21_593.0, 21_948.0])  # 2024 to 2030
_FESTIVAL_DAYS = (-4.0, 0.0, 6.0, 13.0)
_AWAY = 0.45  # share of the usual demand that is missing in between


def season(local_s: Floats) -> Floats:
    """-1 in the coldest days of January, +1 in the hottest of July."""
    wave: Floats = np.cos((local_s - _HOTTEST_S) / YEAR_S * 2.0 * np.pi)
    return wave


def outdoor_c(seed: int, local_s: Floats) -> Floats:
    """Outdoor air in °C: 4.5 in January to 29 in July on average, warmest at 15:00, with weather of some days."""
    hour = np.cos((local_s / DAY_S - 15.0 / 24.0) * 2.0 * np.pi)
    weather = 2.2 * drifting(stream(seed, "weather"), local_s, 3.0 * DAY_S)
    air: Floats = 16.8 + 12.2 * season(local_s) + 3.6 * hour + weather
    return air


def rain_mm_h(seed: int, local_s: Floats) -> Floats:
    """Rain in mm/h: spells of six hours, every seventh in winter and every fourth in summer, up to 25 mm/h."""
    slot = np.floor(local_s / _WET_SLOT_S).astype(np.int64)
    wet = uniform(stream(seed, "wet"), slot) < 0.20 + 0.06 * season(local_s)
    strength = (1.6 + 0.9 * season(local_s)) * -np.log(uniform(stream(seed, "rain"), slot))
    shape = np.sin(np.pi * np.mod(local_s / _WET_SLOT_S, 1.0)) ** 2
    rain: Floats = np.where(wet, np.minimum(strength * shape, 25.0), 0.0)
    return rain


def presence(local_s: Floats) -> Floats:
    """Share of the usual demand: 1, and around Spring Festival down to 0.55 as people travel home."""
    days = local_s / DAY_S
    first, last = days.min(initial=np.inf), days.max(initial=-np.inf)
    near = _FESTIVALS[(_FESTIVALS + _FESTIVAL_DAYS[-1] > first) & (_FESTIVALS + _FESTIVAL_DAYS[0] < last)]
    if not near.size:
        return np.ones_like(days)  # most of the year, and the dearest part of a demand
    since = days[..., None] - near
    away = np.interp(since, _FESTIVAL_DAYS, (0.0, 1.0, 1.0, 0.0)).max(axis=-1)
    present: Floats = 1.0 - _AWAY * away
    return present
