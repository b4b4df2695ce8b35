"""How UPS fail: the battery wears, one block falls out of line, its room gets hot, the mains go, the load grows."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of
from simulators.plant import ups
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

_LEAST_LOSS, _MORE_LOSS = 0.25, 0.25
"""Share of the capacity that is gone when the battery no longer carries the load through."""
_LEAST_SPREAD_V, _MORE_SPREAD_V = 0.35, 0.45
_HEAT_TAU_S = 4500.0
_RECHARGE_TAU_S = 4700.0  # nine tenths in three hours
_BYPASS_AFTER_S = 300.0
_BYPASS_OVER = 110.0  # % of load that the inverter does not stand for long
_SHORT_S, _LOW_V = 300.0, 50.0


def battery_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """Capacity goes steadily; half a year to a year in life (3 % a month), here as fast as the duration says.

    The runtime that the UPS tells goes with it; the weekly test finds what there was at that moment.
    """
    tested_at = ups.last_test_at(case.machine, times)
    left, left_at_test = 1.0 - _lost(case, times), 1.0 - _lost(case, tested_at)
    found = signals["test_runtime"] * left_at_test
    failed = found < ups.FAILS_BELOW
    return {
        "runtime": signals["runtime"] * left,
        "test_runtime": found,
        "last_test": np.where(failed, ups.FAILED, signals["last_test"]),
        "replace_battery": np.where(failed, 1.0, signals["replace_battery"]),
    }


def block_outlier(case: Case, times: Floats, signals: Signals) -> Signals:
    """One block dries out: on float it takes ever more of the voltage, and the string loses some of its runtime."""
    part = part_of(case, times) * _finished(case)
    apart = (_LEAST_SPREAD_V + _MORE_SPREAD_V * case.severity) * part
    return {"block_spread": signals["block_spread"] + apart, "runtime": signals["runtime"] * (1.0 - 0.1 * part)}


def cooling(case: Case, times: Floats, signals: Signals) -> Signals:
    """The cooling of its room stops: tons of lead warm by 9 to 22 K within hours, and the charger lowers the float."""
    warm = (9.0 + 13.0 * case.severity) * case.growth(times - case.onset, _HEAT_TAU_S)
    battery_temp = signals["battery_temp"] + warm
    lower = ups.floating_v(case.machine, battery_temp) - ups.floating_v(case.machine, signals["battery_temp"])
    return {"battery_temp": battery_temp, "battery_voltage": signals["battery_voltage"] + lower}


def mains_loss(case: Case, times: Floats, signals: Signals) -> Signals:
    """The input sags to half its voltage (severity 0) or is gone (1): the battery carries the load until it is empty.

    It empties in the runtime that the UPS has just now: a worn battery of half its capacity twice as fast. Afterwards
    it is charged again.
    """
    age = times - case.onset
    out = age < case.duration_s
    drawn = np.minimum(np.minimum(age, case.duration_s) / np.maximum(signals["runtime"], 1.0), 1.0)
    charge = 100.0 * (1.0 - drawn * np.exp(-np.maximum(age - case.duration_s, 0.0) / _RECHARGE_TAU_S))
    dead = out & (drawn >= 1.0)
    return {
        "on_battery": (out & ~dead).astype(np.float64),
        "input_voltage": np.where(
            out, signals["input_voltage"] * 0.5 * (1.0 - case.severity), signals["input_voltage"]
        ),
        "output_voltage": np.where(dead, 0.0, signals["output_voltage"]),
        "load": np.where(dead, 0.0, signals["load"]),
        "battery_charge": charge,
        "battery_voltage": np.where(out, ups.discharging_v(case.machine, charge), signals["battery_voltage"]),
        "runtime": signals["runtime"] * charge / 100.0,
    }


def overload(case: Case, times: Floats, signals: Signals) -> Signals:
    """Somebody plugs in more: 86 to 126 % of the rating, and beyond 110 % the UPS gives up and goes to bypass."""
    age = times - case.onset
    during = age < case.duration_s
    load = np.where(during, np.maximum(signals["load"], _loaded(case.severity)), signals["load"])
    bypass = during & (load > _BYPASS_OVER) & (age > _BYPASS_AFTER_S)
    return {
        "load": load,
        "overload": (load > 100.0).astype(np.float64),
        "bypass": bypass.astype(np.float64),
        "output_voltage": np.where(bypass, signals["input_voltage"], signals["output_voltage"]),
        "runtime": signals["runtime"]
        * ups.runtime_s(case.machine, load)
        / ups.runtime_s(case.machine, signals["load"]),
    }


def _finished(case: Case) -> float:
    """A mild wear is not over when its time is; from a quarter of the severity on it is."""
    return min(1.0, 4.0 * case.severity)


def _lost(case: Case, times: Floats) -> Floats:
    """The share of the capacity that is gone, [T]."""
    lost: Floats = (_LEAST_LOSS + _MORE_LOSS * case.severity) * _finished(case) * part_of(case, times)
    return lost


def _loaded(severity: float) -> float:
    """Load in % at a severity."""
    return 86.0 + 40.0 * severity


def worn(now: Signals, _: Signals) -> Bools:
    """A test found less than 80 % of the design."""
    return now["test_runtime"] < 80.0


def apart(now: Signals, _: Signals) -> Bools:
    """A block is 0.3 V off the mean of its string."""
    return now["block_spread"] > 0.3


def hot(now: Signals, _: Signals) -> Bools:
    """The battery is over 30 °C."""
    return now["battery_temp"] > 30.0


def overheated(now: Signals, _: Signals) -> Bools:
    """The battery is over 40 °C, and clearly so."""
    return (now["battery_temp"] > 40.0) & (np.max(now["battery_temp"], initial=0.0) > 41.0)


def discharging(now: Signals, _: Signals) -> Bools:
    """The battery carries the load."""
    return now["on_battery"] > 0.5


def running_out(now: Signals, _: Signals) -> Bools:
    """It will not for much longer, or no more."""
    return (discharging(now, now) & (now["runtime"] < _SHORT_S)) | (now["output_voltage"] < _LOW_V)


def loaded_high(now: Signals, _: Signals) -> Bools:
    """More than 80 % of its rating."""
    return now["load"] > 80.0


def overloaded(now: Signals, _: Signals) -> Bools:
    """More than its rating, and clearly so."""
    return (now["load"] > 100.0) & (np.max(now["load"], initial=0.0) > 102.0)


FAULTS: Mapping[str, Fault] = {
    "ups-battery-wear": Fault(
        "ups",
        battery_wear,
        {"yellow": worn},
        "ups.battery",
        family="slow",
        lasts_s=60 * DAY_S,
    ),
    "ups-block-outlier": Fault(
        "ups",
        block_outlier,
        {"yellow": apart},
        "ups.battery",
        family="slow",
        lasts_s=30 * DAY_S,
    ),
    "ups-cooling": Fault(
        "ups",
        cooling,
        {"yellow": hot, "red": overheated},
        "ups.battery_temp",
        tail_s=10 * 3600.0,
        lasts_s=8 * 3600.0,
    ),
    "ups-mains-loss": Fault(
        "ups",
        mains_loss,
        {"yellow": discharging, "red": running_out},
        "ups.supply",
        tail_s=10 * 3600.0,
        lasts_s=3600.0,
    ),
    "ups-overload": Fault("ups", overload, {"yellow": loaded_high, "red": overloaded}, "ups.load", lasts_s=2 * 3600.0),
}
