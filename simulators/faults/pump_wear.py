"""How booster sets wear within weeks: bearings, impellers, the pipes behind them and the air in the pressure tank."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of, stands_out
from simulators.plant import pump
from simulators.plant.day import DAY_S
from simulators.plant.duty import PUMPS, leader
from simulators.plant.machine import Floats, Signals
from simulators.plant.sleep import CYCLE_S, CYCLES, FILLING_S, NIGHT_S, filling_since, night_of

_CLOG_SPEED_HZ, _CLOG_VIBRATION, _CLOG_LOSS = 3.0, 0.8, 0.15
_SHAKES_S = 15 * DAY_S  # a bearing that is felt as vibration lasts so much longer
_HEAT_LAG_S = 2 * DAY_S
_NIGHT_SHARE = 0.2  # of the mean flow, in the small hours
_SHORTEST_S = 30.0  # a pump that starts runs at least this long


def bearing_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """A bearing of the pump that leads at onset: it is heard at once, felt in the last two weeks, and warm at the end.

    High-frequency vibration grows evenly to six times; velocity exponentially to up to five times its value at failure
    (`duration_s`), and two days behind it the heat, by up to 30 K.
    """
    shaking_s = min(_SHAKES_S, case.duration_s)
    felt = np.clip((times - case.onset - case.duration_s) / shaking_s + 1.0, 0.0, 1.0)
    lag = min(_HEAT_LAG_S / shaking_s, 0.2)
    warm = np.clip((felt - lag) / (1.0 - lag), 0.0, 1.0)
    heat = 30.0 * case.severity * np.expm1(3.0 * warm) / np.expm1(3.0)
    number = int(leader(case.machine, np.array([case.onset]))[0])
    on, own, bearing = (signals[f"{name}_{number}"] for name in ("running", "vibration", "bearing_temp"))
    turns = on > 0.5
    own = np.where(turns, own * (1.0 + 4.0 * case.severity) ** felt, own)
    bearing = bearing + heat * np.clip((bearing - signals["ambient_temp"]) / 15.0, 0.0, 1.0)
    heard = 1.0 + 5.0 * case.severity * part_of(case, times)
    return {
        "hf_vibration": np.where(turns, signals["hf_vibration"] * heard, signals["hf_vibration"]),
        "vibration": np.maximum(signals["vibration"], own),
        f"vibration_{number}": own,
        "bearing_temp": np.maximum(signals["bearing_temp"], bearing),
        f"bearing_temp_{number}": bearing,
    }


def impeller_clog(case: Case, times: Floats, signals: Signals) -> Signals:
    """Fibres in the impeller: the same flow needs ever more speed (3 Hz at failure), 15 % more power, and it shakes.

    Over ten days of a full clog: 0.3 Hz a day and +0.8 mm/s. The controller holds the pressure until full speed.
    """
    clogged = case.severity * part_of(case, times)
    speed = np.minimum(signals["speed_hz"] + _CLOG_SPEED_HZ * clogged, 50.0)
    hydraulic = pump.power(case.machine, signals["flow"], signals["pressure"], speed)
    changed = {
        "speed_hz": speed,
        "power": hydraulic / (1.0 - _CLOG_LOSS * clogged),
        "current": pump.current(case.machine, speed) * (1.0 + 0.5 * _CLOG_LOSS * clogged),
    }
    return _awake(changed, signals) | _shaken(signals, _CLOG_VIBRATION * clogged)


def impeller_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """Sand has widened the gaps: the same flow needs up to 3 Hz more, yet at that speed the motor has less to do."""
    worn = case.severity * part_of(case, times)
    speed = np.minimum(signals["speed_hz"] + _CLOG_SPEED_HZ * worn, 50.0)
    changed = {
        "speed_hz": speed,
        "power": pump.power(case.machine, signals["flow"], signals["pressure"], speed) * (1.0 + 0.03 * worn),
        "current": pump.current(case.machine, speed) * (1.0 - 0.12 * worn),
    }
    return _awake(changed, signals) | _shaken(signals, 0.3 * worn)


def slow_leak(case: Case, times: Floats, signals: Signals) -> Signals:
    """A buried pipe seeps: at failure the zone draws up to three times its usual in the small hours."""
    wept = 2.0 * case.severity * part_of(case, times) * _NIGHT_SHARE * pump.mean_flow(case.machine)
    on = signals["running"] > 0.5
    _, since_s = night_of(case.machine, times)
    asleep = since_s < NIGHT_S
    flow = np.where(on, signals["flow"] + wept * np.where(asleep, CYCLE_S / FILLING_S, 1.0), signals["flow"])
    return pump.turning(case.machine, times, on, flow, signals["pressure"])


def precharge_loss(case: Case, times: Floats, signals: Signals) -> Signals:
    """The pressure tank loses its air: at night ever shorter fillings, up to 67 an hour, and a pressure like a saw."""
    night, since_s = night_of(case.machine, times)
    first, begun_s = (values[0] for values in night_of(case.machine, np.array([case.onset])))
    ordinal = (night - first).astype(np.int64)
    nights = np.arange(ordinal.max(initial=0) + 1)
    lost = case.severity * np.clip((nights * DAY_S - begun_s) / case.duration_s, 0.0, 1.0)
    cycles = np.floor(CYCLES * (1.0 + 8.0 * lost))
    before = np.concatenate(([0.0], np.cumsum(cycles - CYCLES)))[ordinal]
    cycle_s = (NIGHT_S / cycles)[ordinal]
    tonight = np.minimum(np.floor(since_s / cycle_s) + 1.0, cycles[ordinal])
    usually = np.minimum(np.floor(since_s / CYCLE_S) + 1.0, CYCLES)
    filling = filling_since(since_s, cycle_s)
    filling_s = np.maximum(cycle_s * (FILLING_S / CYCLE_S), _SHORTEST_S)
    on = filling < filling_s
    drawn = pump.demand(case.machine, times)
    emptied = (filling - filling_s) / (cycle_s - filling_s)
    saw = np.where(on, 2.0 * filling / filling_s - 1.0, 1.0 - 2.0 * emptied) * 0.06 * lost[ordinal]
    pressure = pump.set_pressure(case.machine) * (1.0 - 0.03 * np.where(on, 0.0, emptied)) + saw
    asleep = filling >= 0.0
    night_long = pump.turning(case.machine, times, on, drawn * (cycle_s / filling_s) * on, pressure)
    changed = {name: np.where(asleep, values, signals[name]) for name, values in night_long.items()}
    return changed | {"starts": signals["starts"] + before + tonight - usually}


def _shaken(signals: Signals, more: Floats) -> Signals:
    """All pumps that run vibrate so much more: they all move the same water."""
    pairs = {"vibration": "running"} | {f"vibration_{pump}": f"running_{pump}" for pump in PUMPS}
    return {name: signals[name] + more * (signals[running] > 0.5) for name, running in pairs.items()}


def _awake(changed: Signals, signals: Signals) -> Signals:
    on = signals["running"] > 0.5
    return {name: np.where(on, values, signals[name]) for name, values in changed.items()}


def shakes(now: Signals, normal: Signals) -> Bools:
    """It vibrates visibly more than it would, to the hand or to an instrument."""
    return stands_out("pump-set", "vibration", now, normal) | stands_out("pump-set", "hf_vibration", now, normal)


def strains(now: Signals, normal: Signals) -> Bools:
    """It turns visibly faster than this much water would need."""
    return stands_out("pump-set", "speed_hz", now, normal)


def seeps(now: Signals, normal: Signals) -> Bools:
    """Half as much again flows as would."""
    return (now["flow"] > 1.5 * normal["flow"]) & (normal["flow"] > 0.0)


def starts_more(now: Signals, normal: Signals) -> Bools:
    """More starts than those of an hour have come together."""
    return now["starts"] > normal["starts"] + 10.0


FAULTS: Mapping[str, Fault] = {
    "bearing-wear": Fault(
        "pump-set",
        bearing_wear,
        {"yellow": shakes},
        "pump.unusual",
        family="slow",
        also=("pump.bearing",),
        lasts_s=36 * DAY_S,
    ),
    "impeller-clog": Fault(
        "pump-set", impeller_clog, {"yellow": strains}, "pump.unusual", family="slow", lasts_s=10 * DAY_S
    ),
    "impeller-wear": Fault(
        "pump-set", impeller_wear, {"yellow": strains}, "pump.unusual", family="slow", lasts_s=30 * DAY_S
    ),
    "slow-leak": Fault(
        "pump-set",
        slow_leak,
        {"yellow": seeps},
        "pump.leak",
        family="slow",
        also=("pump.unusual", "pump.pipe_burst"),
        lasts_s=21 * DAY_S,
    ),
    "precharge-loss": Fault(
        "pump-set",
        precharge_loss,
        {"yellow": starts_more},
        "pump.cycling",
        family="slow",
        also=("pump.unusual",),
        lasts_s=28 * DAY_S,
    ),
}
