"""The kinds of machine that can be simulated: pure functions of time, seed and device."""

from collections.abc import Mapping

from simulators.plant_elevator import ELEVATOR
from simulators.plant_machine import Machine, Plant, Signals
from simulators.plant_power import POWER_METER, TRANSFORMER
from simulators.plant_pump import PUMP_SET

PLANTS: Mapping[str, Plant] = {
    "elevator": ELEVATOR,
    "pump-set": PUMP_SET,
    "power-meter": POWER_METER,
    "transformer": TRANSFORMER,
}

__all__ = ["PLANTS", "Machine", "Plant", "Signals"]
