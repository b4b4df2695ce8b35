"""How the parts of a lift wear: its ropes, its brake, its guide rails, the bearings of its machine."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Effect, Fault, Level, Sight, part_of, stands_out
from simulators.plant import elevator as lift
from simulators.plant.day import DAY_S
from simulators.plant.elevator_trip import CURRENT_SIGMA, SIGMA, last_journey
from simulators.plant.machine import Floats, Signals
from simulators.plant.noise import uniform
from simulators.plant.trips import Journey

_ROPE_LOST = 8.6  # % of the diameter from as good as new to what must be discarded
_ROPE_MILD = 1.0 / 3.0  # exponent: at severity 0.3 two thirds of it, for no rope fails before that
_ROPE_STEADY = 0.66  # of this; the rest goes in the end
_WIRES_FROM, _WIRES_PER_LOSS = 6.0, 3.0
_ROPE_SAG_MM, _ROPE_SHAKE = 10.0, 0.18
_OVERSHOOT_MM, _OVERSHOOT_MORE_MM = 2.0, 6.0
_RAIL_PEAK, _RAIL_NOISE_DB = 0.25, 8.0
_GRAVITY = 9.81
_BEARING_GROWS, _BEARING_K, _BEARING_NOISE_DB = 5.0, 22.0, 5.0
_BEARING_HEAT_FROM = 0.1  # part of the way; the heat comes some days after the vibration
_DRAG_TAU_S = 2.0 * 3600.0


def rope_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """The ropes lose diameter, evenly for a long time and faster in the end, until they must be discarded.

    That is at 10 % by the rules of inspection, at 6 to 7 % with a careful owner, which is a mild case. Wires break once
    6 % are gone. The car hangs ever lower, a full one twice as much, and shakes more.
    """
    part = part_of(case, times)
    worst = case.severity**_ROPE_MILD
    loss = signals["rope_loss"] + _ROPE_LOST * worst * (_ROPE_STEADY * part + (1.0 - _ROPE_STEADY) * part**6)
    sags = _ROPE_SAG_MM * worst * part * (1.0 + _gone(case, times).load)
    return {
        "rope_loss": loss,
        "broken_wires": np.floor(np.maximum(loss - _WIRES_FROM, 0.0) * _WIRES_PER_LOSS),
        "level_error": signals["level_error"] - sags,
        "a95_z": signals["a95_z"] + _ROPE_SHAKE * worst * part,
    }


def brake_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """Worn linings: the car stops ever later and less evenly, by 8 mm at failure, a full one on its way down by 16."""
    part, gone = part_of(case, times), _gone(case, times)
    worn = case.severity * part
    overshoot = (_OVERSHOOT_MM + _OVERSHOOT_MORE_MM * case.severity) * min(1.0, 2.0 * case.severity)
    late = overshoot * part * (1.0 + np.where(gone.direction < 0.0, gone.load, 0.0))
    uneven = (signals["level_error"] - 2.0) * (1.0 + worn)
    return {"level_error": 2.0 + uneven + gone.direction * late}


def brake_drag(case: Case, times: Floats, signals: Signals) -> Signals:
    """The brake does not open fully: 10 to 20 % more current, and 15 to 35 K more heat within some hours of traffic.

    The car stops sooner and harder, and closer to the floor.
    """
    on = times < case.onset + case.duration_s
    heat = case.growth(times - case.onset, _DRAG_TAU_S) * np.minimum(lift.traffic(case.machine, times), 1.2)
    return {
        "brake_temp": signals["brake_temp"] + (15.0 + 20.0 * case.severity) * heat,
        "motor_temp": signals["motor_temp"] + (3.0 + 5.0 * case.severity) * heat,
        "trip_current": np.where(on, signals["trip_current"] * (1.10 + 0.10 * case.severity), signals["trip_current"]),
        "trip_accel": np.where(on, signals["trip_accel"] + 0.25, signals["trip_accel"]),
        "level_error": np.where(on, 0.5 * signals["level_error"], signals["level_error"]),
    }


def guide_rail(case: Case, times: Floats, signals: Signals) -> Signals:
    """A step in a rail or a worn shoe: at one floor every passing car is pushed aside and rumbles, ever more."""
    worn = case.severity * part_of(case, times)
    floor = 3.0 + np.floor(4.0 * float(uniform(case.machine.key("rail"), np.zeros(1, dtype=np.int64))[0]))
    floor = min(floor, lift.floors_of(case.machine) - 1.0)
    there = (signals["car"] > 0.5) & np.equal(signals["floor"], floor)
    passed = _gone(case, times).passes(floor)
    pace = signals["speed"] / lift.rated_speed_of(case.machine)
    return {
        "a95_x": signals["a95_x"] + np.where(passed, _RAIL_PEAK * worn, 0.0),
        "vib_x": signals["vib_x"] + np.where(there, _RAIL_PEAK / _GRAVITY * worn * pace, 0.0),
        "trip_noise": signals["trip_noise"] + np.where(passed, _RAIL_NOISE_DB * worn, 0.0),
        "noise": signals["noise"] + np.where(there, _RAIL_NOISE_DB * worn, 0.0),
    }


def machine_bearing(case: Case, times: Floats, signals: Signals) -> Signals:
    """A bearing of the machine: vibration grows to up to five times, some days later it warms, and it can be heard."""
    part = part_of(case, times)
    warm = np.maximum(part - _BEARING_HEAT_FROM, 0.0) / (1.0 - _BEARING_HEAT_FROM)
    return {
        "machine_vib": signals["machine_vib"] * (1.0 + case.severity * (_BEARING_GROWS - 1.0)) ** part,
        "motor_temp": signals["motor_temp"] + _BEARING_K * case.severity * warm,
        "machine_noise": signals["machine_noise"] + _BEARING_NOISE_DB * case.severity * part,
    }


def _gone(case: Case, times: Floats) -> Journey:
    """The journey whose arrival was the last."""
    return last_journey(case.machine, lift.trip_of(case.machine, times), lift.floors_of(case.machine))


def strays(channel: str) -> Sight:
    """It is elsewhere by as much as it strays from trip to trip, so that the mean of sixteen trips gives it away."""

    def sight(now: Signals, normal: Signals) -> Bools:
        elsewhere: Bools = np.abs(now[channel] - normal[channel]) > SIGMA[channel]
        return elsewhere

    return sight


def thin_rope(now: Signals, normal: Signals) -> Bools:
    """It is visibly thinner than it was."""
    return stands_out("elevator", "rope_loss", now, normal)


def unsafe_rope(now: Signals, _: Signals) -> Bools:
    """Close to the diameter at which a rope must be discarded."""
    return now["rope_loss"] > 8.0


def labours(now: Signals, normal: Signals) -> Bools:
    """The same trip with the same load needs visibly more current."""
    more: Bools = now["trip_current"] > normal["trip_current"] * (1.0 + 4.0 * CURRENT_SIGMA)
    return more


def bangs(now: Signals, _: Signals) -> Bools:
    """A whole trip was loud and shook."""
    return (now["trip_noise"] > 60.0) & ((now["a95_z"] > 0.20) | (now["a95_x"] > 0.15))


def _wear(effect: Effect, sights: Mapping[Level, Sight], also: tuple[str, ...], lasts_d: float) -> Fault:
    return Fault("elevator", effect, sights, "elevator.unusual", family="slow", also=also, lasts_s=lasts_d * DAY_S)


FAULTS: Mapping[str, Fault] = {
    "rope-wear": Fault(
        "elevator",
        rope_wear,
        {"yellow": thin_rope, "red": unsafe_rope},
        "elevator.rope",
        family="slow",
        also=("elevator.unusual", "elevator.vibration", "elevator.levelling"),
        lasts_s=182 * DAY_S,
    ),
    "brake-drag": Fault(
        "elevator",
        brake_drag,
        {"yellow": labours},
        "elevator.brake",
        tail_s=6 * 3600.0,
        also=("elevator.unusual",),
        lasts_s=2 * DAY_S,
    ),
    "brake-wear": _wear(brake_wear, {"yellow": strays("level_error")}, ("elevator.levelling", "elevator.brake"), 28.0),
    "guide-rail": _wear(
        guide_rail, {"yellow": strays("a95_x"), "red": bangs}, ("elevator.vibration", "elevator.noise"), 28.0
    ),
    "machine-bearing": _wear(machine_bearing, {"yellow": strays("machine_vib")}, ("elevator.machine",), 30.0),
}
