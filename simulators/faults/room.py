"""What befalls a distribution room: the cooling stops, the walls get wet, the floor floods, the door stands open."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault
from simulators.plant import room
from simulators.plant.machine import Floats, Signals

_HEAT_TAU_S = 5400.0
_MOIST_TAU_S = 2400.0
_FLOOD_TAU_S = 1800.0
_AIRING_TAU_S = 1800.0


def cooling_failure(case: Case, times: Floats, signals: Signals) -> Signals:
    """Cooling and fans stop: the losses of the transformers heat the room to 43 to 54 °C, and the walls follow."""
    stopped = (times - case.onset < case.duration_s).astype(np.float64)
    grown = case.growth(times - case.onset, _HEAT_TAU_S)
    warmer = (43.0 + 11.0 * case.severity - signals["air_temp"]) * grown
    air = signals["air_temp"] + warmer
    dew = room.dew_point(signals["air_temp"], signals["humidity"])
    return {
        "air_temp": air,
        "wall_temp": signals["wall_temp"] + 0.8 * warmer,
        "humidity": room.humidity(air, dew),
        "ac_running": signals["ac_running"] * (1.0 - stopped),
    }


def condensation(case: Case, times: Floats, signals: Signals) -> Signals:
    """Moist air comes in while the walls are cold: the dew point rises to 1 K below (severity 0) or above (1) them."""
    before = room.dew_point(signals["air_temp"], signals["humidity"])
    wet = signals["wall_temp"] - 1.0 + 2.0 * case.severity
    grown = case.growth(times - case.onset, _MOIST_TAU_S)
    dew = before + np.maximum(wet - before, 0.0) * grown
    return {"humidity": room.humidity(signals["air_temp"], np.minimum(dew, signals["air_temp"]))}


def flooding(case: Case, times: Floats, signals: Signals) -> Signals:
    """Water stands on the floor beside live parts, and the air takes it up: 8 to 25 % more humidity in an hour."""
    standing = times - case.onset < case.duration_s
    taken_up = (8.0 + 17.0 * case.severity) * case.growth(times - case.onset, _FLOOD_TAU_S)
    return {
        "wet": np.where(standing, 1.0, signals["wet"]),
        "humidity": np.minimum(signals["humidity"] + taken_up, 96.0),
    }


def door_left_open(case: Case, times: Floats, signals: Signals) -> Signals:
    """Somebody leaves without closing it: the room takes on a tenth (severity 0) to a half (1) of the outdoor air."""
    open_ = times - case.onset < case.duration_s
    share = (0.1 + 0.4 * case.severity) * case.growth(times - case.onset, _AIRING_TAU_S)
    outdoor = case.machine.outdoor_c(times)
    return {
        "door_open": np.where(open_, 1.0, signals["door_open"]),
        "air_temp": signals["air_temp"] + share * (outdoor - signals["air_temp"]),
    }


def smoke(case: Case, times: Floats, signals: Signals) -> Signals:
    """Something smoulders in a cabinet: the detector answers, the air warms by up to 6 K."""
    warm = 6.0 * case.severity * case.growth(times - case.onset, _AIRING_TAU_S)
    return {
        "smoke": np.where(times - case.onset < case.duration_s, 1.0, signals["smoke"]),
        "air_temp": signals["air_temp"] + warm,
    }


def hot(now: Signals, _: Signals) -> Bools:
    """Hotter than switchgear is made for."""
    return now["air_temp"] > 40.0


def far_too_hot(now: Signals, _: Signals) -> Bools:
    """So hot that breakers trip below their rating, and clearly so."""
    return (now["air_temp"] > 50.0) & (np.max(now["air_temp"], initial=0.0) > 51.0)


def near_dew(now: Signals, _: Signals) -> Bools:
    """The coldest wall is within 2 K of the dew point."""
    return now["wall_temp"] < room.dew_point(now["air_temp"], now["humidity"]) + 2.0


def flooded(now: Signals, _: Signals) -> Bools:
    """Water on the floor."""
    return now["wet"] > 0.5


def smoky(now: Signals, _: Signals) -> Bools:
    """Smoke in the room."""
    return now["smoke"] > 0.5


def left_open(now: Signals, _: Signals) -> Bools:
    """The door is open."""
    return now["door_open"] > 0.5


_KIND = "distribution-room"
FAULTS: Mapping[str, Fault] = {
    "room-cooling-failure": Fault(
        _KIND,
        cooling_failure,
        {"yellow": hot, "red": far_too_hot},
        "room.thermal",
        tail_s=10 * 3600.0,
        lasts_s=8 * 3600.0,
    ),
    "room-condensation": Fault(
        _KIND, condensation, {"yellow": near_dew}, "room.moisture", tail_s=6 * 3600.0, lasts_s=8 * 3600.0
    ),
    "room-flooding": Fault(
        _KIND,
        flooding,
        {"red": flooded},
        "room.flood",
        tail_s=4 * 3600.0,
        family="safety",
        also=("room.moisture",),
        lasts_s=2 * 3600.0,
    ),
    "room-door-open": Fault(
        _KIND, door_left_open, {"yellow": left_open}, "room.door", tail_s=4 * 3600.0, lasts_s=3 * 3600.0
    ),
    "room-smoke": Fault(_KIND, smoke, {"red": smoky}, "room.smoke", tail_s=4 * 3600.0, family="safety"),
}
