"""A room full of switchgear: the weather comes in late, the transformers heat it, cooling and drying hold it."""

import numpy as np

from simulators.plant.day import DAY_S, ELECTRICITY
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals, lagged
from simulators.plant.noise import uniform

_TAU_S = 3 * 3600.0
_COOLED_C, _UNCOOLED_SHARE = 28.0, 0.25  # the cooling comes in here and takes three quarters of what is above
_COIL_C, _PAST_COIL = 14.0, 0.35  # it dries the air as well
_DRIED, _PAST_DRYER = 62.0, 0.2  # % of humidity at which the dehumidifier comes in
_ROUND_S = 1800.0  # somebody may look in, once in half an hour


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    air = lagged(lambda past: _heated(machine, past), times, _TAU_S)
    above = air - _COOLED_C
    cooling = np.clip(above, 0.0, 1.0)
    # Half a day apart, the daily swing cancels out: what remains is the weather.
    outdoor = 0.5 * (machine.outdoor_c(times) + machine.outdoor_c(times - 0.5 * DAY_S))
    dew = outdoor - 4.5 + np.minimum(machine.rain_mm_h(times), 3.0) * 0.5
    dew -= (1.0 - _PAST_COIL) * cooling * np.maximum(dew - _COIL_C, 0.0)
    air = np.where(above > 0.0, _COOLED_C + _UNCOOLED_SHARE * above, air)
    moist = humidity(air, dew)
    return {
        "air_temp": air,
        "humidity": np.where(moist > _DRIED, _DRIED + _PAST_DRYER * (moist - _DRIED), moist),
        "wall_temp": air - 0.5 - 0.3 * np.maximum(air - outdoor, 0.0),
        "door_open": _visited(machine, times),
        "smoke": np.zeros_like(times),
        "wet": np.zeros_like(times),
        "ac_running": (above > 0.0).astype(np.float64),
    }


def humidity(air_c: Floats, dew_c: Floats) -> Floats:
    """Relative humidity in % of air with a dew point, at most 96."""
    relative: Floats = np.minimum(100.0 * _saturation(dew_c) / _saturation(air_c), 96.0)
    return relative


def dew_point(air_c: Floats, humidity: Floats) -> Floats:
    """The dew point in °C of air at a relative humidity [%]."""
    share = np.log(np.maximum(humidity, 0.1) / 100.0) + 17.62 * air_c / (243.12 + air_c)
    dew: Floats = 243.12 * share / (17.62 - share)
    return dew


def _saturation(celsius: Floats) -> Floats:
    """Saturation vapour pressure over water in hPa, by Magnus."""
    pressure: Floats = 6.112 * np.exp(17.62 * celsius / (243.12 + celsius))
    return pressure


def _heated(machine: Machine, times: Floats) -> Floats:
    """Where the air would go without cooling: half of the outdoor temperature, and losses with the square of load."""
    heat = (5.0 + machine.trait("heat")) * machine.level(ELECTRICITY, times) ** 2
    warmed: Floats = 11.5 + 0.5 * machine.outdoor_c(times) + heat
    return warmed


def _visited(machine: Machine, times: Floats) -> Floats:
    """Rounds and work: between 8 and 18 h somebody opens the door now and then, for three to eleven minutes."""
    local_s = machine.local_s(times)
    hour = np.mod(local_s, DAY_S) / 3600.0
    visit = np.floor(local_s / _ROUND_S).astype(np.int64)
    came = uniform(machine.key("visit"), visit) < 0.12
    stays_s = 180.0 + 480.0 * uniform(machine.key("stay"), visit)
    inside = came & (hour >= 8.0) & (hour < 18.0) & (np.mod(local_s, _ROUND_S) < stays_s)
    return inside.astype(np.float64)


DISTRIBUTION_ROOM = Plant(
    signal,
    {
        "air_temp": Noise(absolute=0.2),
        "humidity": Noise(absolute=0.6),
        "wall_temp": Noise(absolute=0.2),
    },
)
