"""The faults that can be simulated, by name: one line each."""

from collections.abc import Mapping

import numpy as np

from simulators import faults_lift as lift
from simulators import faults_power as power
from simulators import faults_pump as pump
from simulators.fault import Bools, Case, Fault, Level
from simulators.plant_machine import Floats, Signals

__all__ = ["FAULTS", "SLOW", "Case", "Fault", "Level"]


def silent(_: Case, times: Floats, signals: Signals) -> Signals:
    """The device stops answering."""
    return {name: np.full_like(times, np.nan) for name in signals}


def _gone(now: Signals, _: Signals) -> Bools:
    gone: Bools = np.logical_and.reduce([np.isnan(values) for values in now.values()])
    return gone


FAULTS: Mapping[str, Fault] = {
    "entrapment": Fault("elevator", lift.entrapment, {"red": lift.trapped}, "elevator.entrapment"),
    "dry-run": Fault("pump-set", pump.dry_run, {"red": pump.dry}, "pump.dry_run", tail_s=3600.0),
    "pipe-burst": Fault("pump-set", pump.pipe_burst, {"red": pump.burst}, "pump.pipe_burst"),
    "bearing-wear": Fault("pump-set", pump.bearing_wear, {"yellow": pump.shakes}, "pump.unusual"),
    "transformer-overload": Fault(
        "transformer",
        power.transformer_overload,
        {"yellow": power.loaded_high, "red": power.overloaded},
        "transformer.thermal",
        tail_s=6 * 3600.0,
    ),
    "door-degradation": Fault("elevator", lift.door_degradation, {"yellow": lift.slow_door}, "elevator.unusual"),
    "loose-joint": Fault("transformer", power.loose_joint, {"yellow": power.hot_joint}, "transformer.unusual"),
    "impeller-clog": Fault("pump-set", pump.impeller_clog, {"yellow": pump.strains}, "pump.unusual"),
    "silent-meter": Fault("*", silent, {"yellow": _gone}, "device.offline"),
}

SLOW = ("bearing-wear", "door-degradation", "loose-joint", "impeller-clog")
"""Those that take days or weeks, for detectors to be judged by."""
